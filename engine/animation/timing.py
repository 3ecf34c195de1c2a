"""Frame times: as browsers play them, and in the steps of a format."""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeVar

SHORTEST, PLAYED = Fraction(10), Fraction(100)
"""Milliseconds. Browsers take a time up to the first as a mistake, and play the second instead.

They do so in every format (`FrameTimeout` of Firefox, `kMinDuration` of WebKit and Chromium).
"""

Shot = TypeVar("Shot")


def play_as_browsers(duration: Fraction) -> Fraction:
    """Return the milliseconds that browsers show a frame of that many."""
    return duration if duration > SHORTEST else PLAYED


class Clock:
    """Rounds frame times so that their sum stays true.

    `step` is in milliseconds. A frame gets at least `least` steps (0 for one without a time) and at most `most`. A
    frame with a time is never rounded to none, but where the clock `merges`: there it gets none as soon as the frames
    before it have taken its time.
    """

    def __init__(self, step: int, *, least: int = 0, most: int = 1 << 23, merges: bool = False) -> None:
        self.step = step
        self.rounded = False
        self._merges = merges
        self._least, self._most = least, most
        self._exact = Fraction(0)
        self._told = 0

    def count_ticks(self, duration: Fraction) -> int:
        """Return the steps of a frame of that many milliseconds."""
        exact = duration / self.step
        self._exact += exact
        wanted = math.floor(self._exact + Fraction(1, 2)) - self._told
        least = max(self._least, 1 if duration else 0)
        ticks = 0 if self._merges and self._told and wanted <= 0 else min(max(wanted, least), self._most)
        self._told += ticks
        self.rounded |= ticks != exact
        return ticks


def merge_frames(frames: Iterator[tuple[Shot, Fraction]], clock: Clock) -> Iterator[tuple[Shot, int]]:
    """Yield frames with their steps, without those that get none by a clock that merges.

    The last frame is always seen. It stays when the film stands still.
    """
    held, duration = next(frames)
    ticks, last = clock.count_ticks(duration), None
    for shot, duration in frames:
        following = clock.count_ticks(duration)
        if following:
            yield held, ticks
            held, ticks, last = shot, following, None
        else:
            last = shot
    yield (held if last is None else last), ticks
