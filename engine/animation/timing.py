"""Frame times in the steps that a format counts in."""

import math
from fractions import Fraction


class Clock:
    """Rounds each time so that the sum stays true; a frame that was seen stays seen.

    `step` is in milliseconds; a frame gets at least `least` steps (0 for one without a time) and at most `most`.
    """

    def __init__(self, step: int, *, least: int = 0, most: int = 1 << 23) -> None:
        self.step = step
        self.rounded = False
        self._least, self._most = least, most
        self._exact = Fraction(0)
        self._told = 0

    def count_ticks(self, duration: Fraction) -> int:
        """The steps for a frame of that many milliseconds."""
        exact = duration / self.step
        self._exact += exact
        wanted = math.floor(self._exact + Fraction(1, 2)) - self._told
        ticks = min(max(wanted, 1 if duration else self._least), self._most)
        self._told += ticks
        self.rounded |= ticks != exact
        return ticks
