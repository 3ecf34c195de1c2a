"""A handle to kill a running conversion."""

import os
import select
import signal
import threading

LOST_SECONDS = 15.0
"""A killed child ends at once. When it has not ended by then, its zygote counts as lost."""


class Killed(Exception):
    """`Handle.kill` was called: there is no outcome."""


class Handle:
    """Kills one conversion, from any thread, at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._killed = False
        self._pidfd: int | None = None

    @property
    def killed(self) -> bool:
        """Whether `kill` was called."""
        return self._killed

    def kill(self) -> None:
        """Kill the conversion; one that has not begun never does. Calling it again, or too late, does nothing."""
        with self._lock:
            self._killed = True
            self._signal()

    def bind(self, pidfd: int) -> None:
        """Bind the child. The handle owns the pidfd from now on."""
        with self._lock:
            self._pidfd = pidfd
            if self._killed:
                self._signal()

    def stop(self) -> None:
        """Kill the child for a reason of the sandbox's own."""
        with self._lock:
            self._signal()

    @property
    def bound(self) -> bool:
        """Whether there is a child."""
        return self._pidfd is not None

    def release(self) -> None:
        """Kill the child, wait for its end so that nothing writes to the result any more, and close the pidfd."""
        with self._lock:
            if self._pidfd is None:
                return
            self._signal()
            ended = select.poll()
            ended.register(self._pidfd, select.POLLIN)
            ended.poll(LOST_SECONDS * 1000)
            os.close(self._pidfd)
            self._pidfd = None

    def _signal(self) -> None:
        if self._pidfd is not None:
            try:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            except ProcessLookupError:
                return
