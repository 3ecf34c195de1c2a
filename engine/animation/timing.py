"""Frame times in the steps of a format."""

import math
from fractions import Fraction


class Clock:
    """Rounds frame times so that their sum stays true.

    `step` is in milliseconds. A frame gets at least `least` steps (0 for one without a time) and at most `most`. A
    frame with a time is never rounded to none.
    """

    def __init__(self, step: int, *, least: int = 0, most: int = 1 << 23) -> None:
        self.step = step
        self.rounded = False
        self._least, self._most = least, most
        self._exact = Fraction(0)
        self._told = 0

    def count_ticks(self, duration: Fraction) -> int:
        """Return the steps of a frame of that many milliseconds."""
        exact = duration / self.step
        self._exact += exact
        wanted = math.floor(self._exact + Fraction(1, 2)) - self._told
        ticks = min(max(wanted, 1 if duration else self._least), self._most)
        self._told += ticks
        self.rounded |= ticks != exact
        return ticks
