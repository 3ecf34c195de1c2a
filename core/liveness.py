"""Signs of life: each loop of a process beats, and a loop that stopped makes the process unhealthy."""

import time
from collections.abc import Mapping


class Pulse:
    """Remembers when each named loop beat last; `limits` gives the age in seconds at which a loop counts as dead."""

    def __init__(self, limits: Mapping[str, float]) -> None:
        self._limits = dict(limits)
        self._last = dict.fromkeys(limits, time.monotonic())

    def beat(self, loop: str) -> None:
        """The loop is alive."""
        self._last[loop] = time.monotonic()

    def overdue(self) -> dict[str, float]:
        """The loops that are too old, with their age in seconds."""
        now = time.monotonic()
        ages = {loop: now - last for loop, last in self._last.items()}
        return {loop: age for loop, age in ages.items() if age > self._limits[loop]}
