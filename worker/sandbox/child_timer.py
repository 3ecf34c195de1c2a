"""The time of one child: of the processor against the job's limit, of the clock as a wide bound for what stands still."""

import time
from collections.abc import Callable

from core.failures import Failure, StoodStill, Timeout
from engine.request import Limits
from worker.sandbox.processors import count_processors

GRACE_SECONDS = 2.0
"""The child checks its deadline between steps. It is killed so much later."""

SHORTEST_LOOK = 0.1
"""The shortest wait until the next look at a child's processor time, in seconds."""

CPUCLOCK_SCHED = 2
"""From the kernel's posix-timers.h: the time of a process, summed over its threads."""


def read_cpu_seconds(pid: int) -> float | None:
    """Return the processor time of a process so far, summed over its threads; None when it is gone."""
    try:
        return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)
    except OSError:
        return None


class ChildTimer:
    """Says when to look at a child again, and when its time is up."""

    def __init__(self, limits: Limits, read_cpu: Callable[[int], float | None] = read_cpu_seconds) -> None:
        self._limits, self._read_cpu = limits, read_cpu
        self._pid = 0
        self._cpu_end: float | None = None
        self._wall_end: float | None = None
        self.wait(limits.seconds + GRACE_SECONDS)

    def wait(self, seconds: float | None) -> None:
        """Give so many seconds of the clock, or any number."""
        self._cpu_end = None
        self._wall_end = None if seconds is None else time.monotonic() + seconds

    def start_work(self, pid: int) -> None:
        """Give a child the whole time of a job, from now."""
        self._pid = pid
        used = self._read_cpu(pid)
        self._cpu_end = None if used is None else used + self._limits.seconds + GRACE_SECONDS
        self._wall_end = time.monotonic() + self._limits.longest + GRACE_SECONDS

    @property
    def milliseconds(self) -> float | None:
        """Return the time until the next look; None when nothing is over ever."""
        looks = [left for left in (self._find_wall_left(), self._find_next_look()) if left is not None]
        return 1000 * max(0.0, min(looks)) if looks else None

    @property
    def is_over(self) -> bool:
        """Return whether one of the limits is reached."""
        return self._is_cpu_over() or self._is_wall_over()

    def make_timeout(self) -> Failure:
        """Return the failure of a child whose time is up."""
        if self._is_wall_over() and self._cpu_end is not None and not self._is_cpu_over():
            return StoodStill(limit=self._limits.longest).failure
        return Timeout(limit=self._limits.seconds).failure

    def _is_wall_over(self) -> bool:
        return self._wall_end is not None and time.monotonic() >= self._wall_end

    def _is_cpu_over(self) -> bool:
        left = self._find_cpu_left()
        return left is not None and left <= 0

    def _find_wall_left(self) -> float | None:
        return None if self._wall_end is None else self._wall_end - time.monotonic()

    def _find_cpu_left(self) -> float | None:
        if self._cpu_end is None:
            return None
        used = self._read_cpu(self._pid)
        # A child that is gone cannot be late; its end is on its way.
        return None if used is None else self._cpu_end - used

    def _find_next_look(self) -> float | None:
        left = self._find_cpu_left()
        # Threads may use as many processors as there are.
        return None if left is None else max(SHORTEST_LOOK, left / count_processors())
