"""A handle to kill a running conversion, and to learn what it used."""

import os
import select
import signal
import threading

from worker.sandbox.usage import Usage

LOST_SECONDS = 15.0
"""A killed child ends at once. When it has not ended by then, its zygote counts as lost."""


class Killed(Exception):
    """`Handle.kill` was called: there is no outcome."""


class Handle:
    """Kills one conversion, from any thread, at any time. `usage` is that of its children that have ended."""

    def __init__(self) -> None:
        self.usage = Usage()
        self._lock = threading.Lock()
        self._killed = False
        self._pidfd: int | None = None

    @property
    def is_killed(self) -> bool:
        """Return True after the first `kill`."""
        return self._killed

    def kill(self) -> None:
        """Kill the conversion, or prevent its start. A second or late call does nothing."""
        with self._lock:
            self._killed = True
            self._send_kill()

    def bind_child(self, pidfd: int) -> None:
        """Bind the child. The handle owns the pidfd from now on."""
        with self._lock:
            self._pidfd = pidfd
            if self._killed:
                self._send_kill()

    def kill_child(self) -> None:
        """Kill the child without marking the handle: the sandbox itself wants it."""
        with self._lock:
            self._send_kill()

    @property
    def is_bound(self) -> bool:
        """Return True while there is a child."""
        return self._pidfd is not None

    def release_child(self) -> None:
        """Kill the child, wait for its end, and close the pidfd. Nothing writes to the result after that."""
        with self._lock:
            if self._pidfd is None:
                return
            self._send_kill()
            ended = select.poll()
            ended.register(self._pidfd, select.POLLIN)
            ended.poll(LOST_SECONDS * 1000)
            os.close(self._pidfd)
            self._pidfd = None

    def _send_kill(self) -> None:
        if self._pidfd is not None:
            try:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            except ProcessLookupError:
                return
