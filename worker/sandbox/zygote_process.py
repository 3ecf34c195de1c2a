"""Start, reach and replace the zygote.

The parent-death signal follows the thread that forked, not the process. So one thread, which lives as long as the
sandbox, starts every zygote.
"""

import json
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

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
    """One zygote at a time, of the module `program`. `submit_job` is safe from any thread."""

    def __init__(self, program: str = ZYGOTE) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._keeper = ThreadPoolExecutor(1, "zygote-keeper")
        self._keep: int | None = None
        self._process, self._control = self._start_zygote()

    def submit_job(self, request: bytes, upload: int, result: int) -> socket.socket:
        """Send a job and return the supervisor's end of its socket. Raises OSError when no zygote takes it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._send_job(request, [upload, result, theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def keep_children(self, count: int) -> None:
        """Keep so many children, busy and waiting ones together."""
        with self._lock:
            self._keep = count
            self._say_keep(self._control)

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

    def kill_zygote(self) -> None:
        """Kill the zygote and its children. The next `submit_job` starts another."""
        with self._lock:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Close the zygote's socket and wait for its end."""
        with self._lock:
            self._control.close()
            try:
                self._process.wait(CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._keeper.shutdown()

    def _send_job(self, request: bytes, fds: list[int]) -> None:
        """Send to a new zygote when the present one has died: it has not started the job."""
        with self._lock:
            if self._process.poll() is not None:
                self._replace_zygote()
            try:
                socket.send_fds(self._control, [request], fds)
            except (BrokenPipeError, ConnectionResetError):
                self._process.wait()
                self._replace_zygote()
                socket.send_fds(self._control, [request], fds)

    def _replace_zygote(self) -> None:
        self._control.close()
        self._process, self._control = self._start_zygote()

    def _start_zygote(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = self._keeper.submit(_spawn_zygote, self._program, theirs.fileno()).result()
        ours.settimeout(SEND_SECONDS)
        self._say_keep(ours)
        return process, ours

    def _say_keep(self, control: socket.socket) -> None:
        """Send the number to keep. A dead zygote misses it, and the next one gets it at its start."""
        if self._keep is not None:
            with suppress(OSError):
                control.send(json.dumps({"keep": self._keep}).encode())


def _spawn_zygote(program: str, control: int) -> subprocess.Popen[bytes]:
    """Start a zygote in a group of its own, so that signals to the worker's group do not reach it."""
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", program, str(control), str(os.getpid())],
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
