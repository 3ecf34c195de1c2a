"""Start, reach and renew the zygote.

All children of one zygote have its address layout. So after a crash, from which bytes could learn it, and after a number
of jobs a new zygote takes over. It is warm before the old one gets its last job. The old one ends when its running
conversions have ended. Only then may the next renewal begin, so there are at most two.
"""

import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import structlog

from worker.metrics import ZYGOTES
from worker.sandbox.zygote_process import ZYGOTE, ZygoteProcess

log = structlog.get_logger(__name__)

JOBS = 500
"""Jobs of one zygote, until a setting says how many."""

CRASHES = frozenset({
    signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGSYS,
})  # fmt: skip
"""Signals that mean a memory error, or a system call of another architecture."""

PAUSE_SECONDS = 10.0
"""Pause after a renewal that failed."""


class ZygoteKeeper:
    """The zygote that takes jobs, and one that retires. Safe from any thread."""

    def __init__(self, program: str = ZYGOTE) -> None:
        self._program = program
        self._lock = threading.Lock()
        # The parent-death signal follows the thread that forked, not the process. This one lives as long as the sandbox.
        self._spawner = ThreadPoolExecutor(1, "zygote-keeper")
        self._keep: int | None = None
        self._required, self._jobs = True, JOBS
        self._taken = 0
        self._wanted: str | None = None
        """Why a renewal is due."""
        self._next_renewal = 0.0
        self._renewal: threading.Thread | None = None
        self._coming: ZygoteProcess | None = None
        self._retired: ZygoteProcess | None = None
        self._is_closed = False
        # Settings, which may not require the filter, are read later. `read_layers` tells.
        self._zygote = self._start_zygote(required=False)

    def configure(self, *, children: int, jobs: int, required: bool) -> None:
        """Keep so many children. Renew the zygote after so many jobs. Require the filter of every new one."""
        with self._lock:
            self._keep, self._jobs, self._required = children, jobs, required
            self._zygote.keep_children(children)

    def read_layers(self) -> dict[str, str]:
        """Wait for the first zygote. Return for each layer why the kernel lacks it, or nothing. Raises OSError."""
        return self._zygote.read_layers()

    def submit_job(self, request: bytes, upload: int, result: int) -> tuple[socket.socket, ZygoteProcess]:
        """Send a job. Return the supervisor's end of its socket, and its zygote. Raises OSError when none takes it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                return ours, self._send_job(request, [upload, result, theirs.fileno()])
            except OSError:
                ours.close()
                raise

    def note_death(self, zygote: ZygoteProcess, signal_number: int) -> None:
        """Renew the zygote of a child that crashed, unless that has happened."""
        with self._lock:
            if signal_number in CRASHES and zygote is self._zygote:
                self._want_renewal("crash")

    def kill_zygote(self, zygote: ZygoteProcess) -> None:
        """Kill a zygote and its children. The next `submit_job` starts another."""
        with self._lock:
            zygote.kill()

    def close(self) -> None:
        """End all zygotes."""
        with self._lock:
            self._is_closed = True
            renewal, coming, retired = self._renewal, self._coming, self._retired
        if coming is not None:
            coming.kill()
        self._zygote.close()
        if retired is not None:
            retired.close()
        if renewal is not None:
            renewal.join()
        self._spawner.shutdown()

    def _send_job(self, request: bytes, fds: list[int]) -> ZygoteProcess:
        """Send to a new zygote when the present one has died: it has not started the job."""
        with self._lock:
            if self._zygote.has_ended:
                self._replace_zygote()
            try:
                self._zygote.send_job(request, fds)
            except (BrokenPipeError, ConnectionResetError):
                self._replace_zygote()
                self._zygote.send_job(request, fds)
            self._taken += 1
            if self._taken >= self._jobs:
                self._want_renewal("jobs")
            elif self._wanted is not None:
                self._want_renewal(self._wanted)
            return self._zygote

    def _replace_zygote(self) -> None:
        """Replace a dead zygote at once, without waiting for the warm-up of the next."""
        self._zygote.close()
        self._take_over(self._start_zygote(required=self._required), "died")

    def _take_over(self, zygote: ZygoteProcess, reason: str) -> None:
        self._zygote, self._taken = zygote, 0
        ZYGOTES.labels(reason).inc()
        log.info("zygote made anew", reason=reason)

    def _want_renewal(self, reason: str) -> None:
        """Begin a renewal. While another one lasts, leave that to a later job."""
        self._wanted = reason
        is_free = self._renewal is None and not self._is_closed
        if is_free and time.monotonic() >= self._next_renewal:
            self._renewal = threading.Thread(
                target=self._renew_zygote, args=(reason,), name="zygote-renewal", daemon=True
            )
            self._renewal.start()

    def _renew_zygote(self, reason: str) -> None:
        """Start a zygote, wait until it is warm, let it take over, and wait for the end of the old one."""
        try:
            self._warm_up_next()
        except OSError as error:
            log.warning("zygote not made anew", reason=str(error))
        retired = self._exchange_zygotes(reason)
        if retired is not None:
            retired.wait()
            retired.close()
        with self._lock:
            self._renewal = self._retired = None

    def _warm_up_next(self) -> None:
        """Start the next zygote and wait until it is warm. Raises OSError when it does not start."""
        coming = self._start_zygote(required=self._required)
        with self._lock:
            self._coming = coming
            if self._is_closed:
                coming.kill()
        try:
            coming.read_layers()
        except OSError:
            with self._lock:
                self._coming = None
            coming.close()
            raise

    def _exchange_zygotes(self, reason: str) -> ZygoteProcess | None:
        """Let the warm zygote take over and return the old one. Without a warm one go on with the present one."""
        with self._lock:
            coming, self._coming = self._coming, None
            if coming is None:
                self._next_renewal = time.monotonic() + PAUSE_SECONDS
                return None
            if self._is_closed:
                return coming
            self._wanted, self._retired = None, self._zygote
            self._zygote.retire()
            self._take_over(coming, reason)
            return self._retired

    def _start_zygote(self, *, required: bool) -> ZygoteProcess:
        zygote = self._spawner.submit(ZygoteProcess, self._program, required=required).result()
        if self._keep is not None:
            zygote.keep_children(self._keep)
        return zygote
