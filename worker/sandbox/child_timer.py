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
        self._last_cpu: float | None = None
        self._still_end = 0.0
        """When a child that uses no processor from now on counts as standing still."""
        self._cause: Timeout | None = None
        self.wait(limits.seconds + GRACE_SECONDS)

    def wait(self, seconds: float | None) -> None:
        """Give so many seconds of the clock, or any number."""
        self._cpu_end = None
        self._wall_end = None if seconds is None else time.monotonic() + seconds

    def start_work(self, pid: int) -> None:
        """Give a child the whole time of a job, from now."""
        self._pid, now = pid, time.monotonic()
        used = self._read_cpu(pid)
        self._cpu_end = None if used is None else used + self._limits.seconds + GRACE_SECONDS
        self._wall_end = now + self._limits.longest + GRACE_SECONDS
        self._last_cpu, self._still_end = used, now + self._limits.seconds + GRACE_SECONDS

    @property
    def milliseconds(self) -> float | None:
        """Return the time until the next look; None when nothing is over ever."""
        now = time.monotonic()
        looks = [] if self._wall_end is None else [self._wall_end - now]
        if (left := self._find_cpu_left()) is not None:
            # Threads may use as many processors as there are.
            looks += [max(SHORTEST_LOOK, left / count_processors()), max(SHORTEST_LOOK, self._still_end - now)]
        return 1000 * max(0.0, min(looks)) if looks else None

    def look(self) -> bool:
        """Look at the child and return whether its time is up."""
        self._cause = self._find_cause()
        return self._cause is not None

    def make_timeout(self) -> Failure:
        """Return the failure of a child whose time is up."""
        return (self._cause or Timeout(limit=self._limits.seconds)).failure

    def _find_cause(self) -> Timeout | None:
        now, left = time.monotonic(), self._find_cpu_left()
        if left is not None and left <= 0:
            return Timeout(limit=self._limits.seconds)
        if left is not None and self._stands_still(now):
            return StoodStill(limit=self._limits.seconds)
        if self._wall_end is None or now < self._wall_end:
            return None
        return Timeout(limit=self._limits.seconds) if self._cpu_end is None else StoodStill(limit=self._limits.longest)

    def _stands_still(self, now: float) -> bool:
        """Return whether the child has used no processor for as long as a job may use it.

        In the largest crowd every child that can run gets its turn within seconds.
        """
        used = self._read_cpu(self._pid)
        if used != self._last_cpu:
            self._last_cpu, self._still_end = used, now + self._limits.seconds + GRACE_SECONDS
        return now >= self._still_end

    def _find_cpu_left(self) -> float | None:
        """Return the time of the processor that is left; None where it does not count.

        A child that is gone cannot be late: its end is on its way.
        """
        used = None if self._cpu_end is None else self._read_cpu(self._pid)
        return None if used is None or self._cpu_end is None else self._cpu_end - used
