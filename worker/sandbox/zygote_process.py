"""One zygote: its process and its control socket."""

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from worker.sandbox.protocol import REQUIRED

ROOT = Path(__file__).parents[2]
"""The folder of the rooms."""

SEND_SECONDS = 30.0
"""How long a request waits for a zygote that is warming up or forking."""

WARM_UP_SECONDS = 180.0
"""How long a worker waits for the warm-up at its start: half a second of CPU, of which a pod may get little."""

CLOSE_SECONDS = 10.0

ZYGOTE = "worker.sandbox.zygote"
"""The module of a zygote."""

LARGEST_LAYERS = 4096

ALLOCATOR = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1"
"""Large pages for pixels save a forked child most of its page faults. One arena: no address space per thread."""

LOADER = ("LD_LIBRARY_PATH",)
"""The only variables that are passed on: some Pythons do not start without them."""

SINGLE = {"OPENBLAS_NUM_THREADS": "1"}
"""Keeps numpy from starting threads when it is imported: a zygote has one thread."""


class ZygoteProcess:
    """A zygote of the module `program`. Only one thread at a time may send to it."""

    def __init__(self, program: str, *, required: bool) -> None:
        """Start it. The parent-death signal follows the calling thread, so that must outlive the zygote."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _spawn_zygote(program, theirs.fileno(), required=required)
        self._control.settimeout(SEND_SECONDS)

    @property
    def has_ended(self) -> bool:
        """Return True when the process is gone. It is reaped then."""
        return self._process.poll() is not None

    def send_job(self, request: bytes, fds: list[int]) -> None:
        """Send a job. Raises OSError."""
        try:
            socket.send_fds(self._control, [request], fds)
        except (BrokenPipeError, ConnectionResetError):
            self._process.wait()
            raise

    def keep_children(self, count: int) -> None:
        """Keep so many children, busy and waiting ones together."""
        self._send_order({"keep": count})

    def retire(self) -> None:
        """Take no more jobs. The zygote ends with the last of its running children."""
        self._send_order({"retire": 1})

    def read_layers(self) -> dict[str, str]:
        """Wait for the warm-up. Return for each layer of the sandbox why the kernel lacks it, or nothing.

        Call it once. Raises OSError when the zygote did not start.
        """
        self._control.settimeout(WARM_UP_SECONDS)
        try:
            text = self._control.recv(LARGEST_LAYERS)
        except ConnectionResetError:
            text = b""
        finally:
            self._control.settimeout(SEND_SECONDS)
        if not text:
            raise OSError("the process that converts images did not start; its reason stands above")
        found: dict[str, str] = json.loads(text)["layers"]
        return found

    def kill(self) -> None:
        """Kill the zygote and its children."""
        self._process.kill()
        self._process.wait()

    def wait(self) -> None:
        """Wait for its end."""
        self._process.wait()

    def close(self) -> None:
        """Close the control socket, and wait for the end of the zygote and its children."""
        self._control.close()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def _send_order(self, order: dict[str, int]) -> None:
        """Send an order. A dead zygote misses it."""
        with suppress(OSError):
            self._control.send(json.dumps(order).encode())


def _spawn_zygote(program: str, control: int, *, required: bool) -> subprocess.Popen[bytes]:
    """Start a zygote in a group of its own, so that signals to the worker's group do not reach it."""
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", program, str(control), str(os.getpid()), *([REQUIRED] if required else [])],
        env=make_environment(),
        pass_fds=[control],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def make_environment() -> dict[str, str]:
    """Return the environment of a zygote: only how to find Python's libraries and this package."""
    handed_on = {name: os.environ[name] for name in LOADER if name in os.environ}
    package = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
    return package | {"GLIBC_TUNABLES": ALLOCATOR} | SINGLE | handed_on
