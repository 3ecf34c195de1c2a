"""Starting, reaching and replacing the zygote.

The kernel's parent-death signal follows the thread that forked, not the process; so one thread that lives as long as
the sandbox starts every zygote, also those that a short-lived slot's thread asks for.
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

import worker

SEND_SECONDS = 30.0
"""How long a request may wait for a zygote that is warming up or busy forking."""

WARM_UP_SECONDS = 180.0
"""How long a worker waits at its start until all codecs are warm: half a second of CPU, of which a pod may get little."""

CLOSE_SECONDS = 10.0

ZYGOTE = "worker.sandbox.zygote"
"""The module that a zygote runs."""

LARGEST_LAYERS = 4096

ALLOCATOR = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1"
"""Large pages for pixels, which saves a fork's child most of its page faults; no address space set aside by thread."""

LOADER = ("LD_LIBRARY_PATH",)
"""The only variables that are handed on: some Pythons do not start without them."""

SINGLE = {"OPENBLAS_NUM_THREADS": "1"}
"""A zygote has one thread, and numpy would start others when it is imported."""


class ZygoteProcess:
    """One zygote at a time, of the module `program`. `submit` is safe from any thread."""

    def __init__(self, program: str = ZYGOTE) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._keeper = ThreadPoolExecutor(1, "zygote-keeper")
        self._keep: int | None = None
        self._process, self._control = self._start()

    def submit(self, request: bytes, upload: int, result: int) -> socket.socket:
        """Hand over a job; returns the supervisor's end of its socket. Raises OSError when no zygote takes it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._send(request, [upload, result, theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def keep(self, count: int) -> None:
        """Have so many children there, busy or ready for a job."""
        with self._lock:
            self._keep = count
            self._say_keep(self._control)

    def layers(self) -> dict[str, str]:
        """For each layer of the sandbox why the kernel has it not, empty where it has; waits until the zygote is warm.

        To be called once. Raises OSError when the zygote did not come up.
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

    def discard(self) -> None:
        """Kill the zygote, which takes its children with it; the next `submit` starts another."""
        with self._lock:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End the zygote and wait for it."""
        with self._lock:
            self._control.close()
            try:
                self._process.wait(CLOSE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._keeper.shutdown()

    def _send(self, request: bytes, fds: list[int]) -> None:
        """A zygote that died before it took the job has started nothing, so another one gets it."""
        with self._lock:
            if self._process.poll() is not None:
                self._replace()
            try:
                socket.send_fds(self._control, [request], fds)
            except (BrokenPipeError, ConnectionResetError):
                self._process.wait()
                self._replace()
                socket.send_fds(self._control, [request], fds)

    def _replace(self) -> None:
        self._control.close()
        self._process, self._control = self._start()

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = self._keeper.submit(_spawn, self._program, theirs.fileno()).result()
        ours.settimeout(SEND_SECONDS)
        self._say_keep(ours)
        return process, ours

    def _say_keep(self, control: socket.socket) -> None:
        """A zygote that is gone does not hear it; the next one will."""
        if self._keep is not None:
            with suppress(OSError):
                control.send(json.dumps({"keep": self._keep}).encode())


def _spawn(program: str, control: int) -> subprocess.Popen[bytes]:
    """Its group is its own, so that a signal to the worker's does not reach it; its stderr is ours."""
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", program, str(control), str(os.getpid())],
        env=environment(),
        pass_fds=[control],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def environment() -> dict[str, str]:
    """What Python needs to find this package, and nothing else."""
    handed_on = {name: os.environ[name] for name in LOADER if name in os.environ}
    package = {"PYTHONPATH": str(Path(worker.__file__).parents[1]), "PYTHONSAFEPATH": "1"}
    return package | {"GLIBC_TUNABLES": ALLOCATOR} | SINGLE | handed_on
