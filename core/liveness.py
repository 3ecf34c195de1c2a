"""Liveness of a process: each of its loops beats. One loop without a beat for too long makes the process unhealthy."""

import time
from collections.abc import Mapping


class Liveness:
    """Remembers the last beat of each named loop. `limits` is its greatest age in seconds for a living loop."""

    def __init__(self, limits: Mapping[str, float]) -> None:
        self._limits = dict(limits)
        self._last = dict.fromkeys(limits, time.monotonic())

    def beat(self, loop: str) -> None:
        """Record a sign of life from the loop."""
        self._last[loop] = time.monotonic()

    def find_overdue(self) -> dict[str, float]:
        """Return the dead loops, with the seconds since their last beat."""
        now = time.monotonic()
        ages = {loop: now - last for loop, last in self._last.items()}
        return {loop: age for loop, age in ages.items() if age > self._limits[loop]}
