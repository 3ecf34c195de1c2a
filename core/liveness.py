"""Liveness of a process: each of its loops beats, and a loop that stops beating makes the process unhealthy."""

import time
from collections.abc import Mapping


class Liveness:
    """Remembers the last beat of each named loop. `limits` has the age in seconds at which a loop counts as dead."""

    def __init__(self, limits: Mapping[str, float]) -> None:
        self._limits = dict(limits)
        self._last = dict.fromkeys(limits, time.monotonic())

    def beat(self, loop: str) -> None:
        """Record that the loop is alive."""
        self._last[loop] = time.monotonic()

    def find_overdue(self) -> dict[str, float]:
        """Return the loops that count as dead, with the seconds since their last beat."""
        now = time.monotonic()
        ages = {loop: now - last for loop, last in self._last.items()}
        return {loop: age for loop, age in ages.items() if age > self._limits[loop]}
