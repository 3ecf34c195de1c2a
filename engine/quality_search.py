"""Search the best quality whose result is small enough."""

import time
from collections.abc import Callable
from typing import Protocol

from core.failures import SearchFailed
from engine.errors import ConversionError

HIGHEST = 100

ENOUGH = 0.9
"""The part of the limit from which a result is not worth another try."""

Encode = Callable[[float], bytes]


class Clock(Protocol):
    """The time limit of a conversion."""

    def check(self) -> None:
        """Raise ConversionError (timeout) when the time is up."""

    def seconds_left(self) -> float:
        """Return the seconds until the deadline."""


def search_quality(encode: Encode, limit: int, given: float | None, clock: Clock, *, parts: int = 0) -> bytes:
    """Return the result of the best quality, `given` at most, that has at most `limit` bytes.

    It halves the range, so it encodes eight times at most. A given quality is tried first. While the best whole quality
    is far below the limit, the step to the next is halved up to `parts` times. When there is a result and no time for
    two more, that is the one. Raise ConversionError (result_too_large) when there is none.
    """
    search = _Search(encode, limit, clock)
    lowest, highest = 1, int(given or HIGHEST)
    quality = int(given or (lowest + highest) // 2)
    while lowest <= highest and not search.is_late:
        if search.try_quality(quality):
            lowest = quality + 1
        else:
            highest = quality - 1
        quality = (lowest + highest) // 2
    if search.best is None:
        raise ConversionError(SearchFailed(limit=limit, smallest=min(search.sizes)))
    if lowest <= int(given or HIGHEST):
        search.refine(highest, parts)
    return search.best


class _Search:
    """The tries so far."""

    def __init__(self, encode: Encode, limit: int, clock: Clock) -> None:
        self._encode, self._limit, self._clock = encode, limit, clock
        self._longest = 0.0
        self.best: bytes | None = None
        self.sizes: list[int] = []

    @property
    def is_late(self) -> bool:
        """Return whether there is a result, and no time for two more."""
        return self.best is not None and self._clock.seconds_left() < 2 * self._longest

    def try_quality(self, quality: float) -> bool:
        """Encode, and keep the result if it is small enough. Return whether it is."""
        self._clock.check()
        began = time.process_time()
        data = self._encode(quality)
        self._longest = max(self._longest, time.process_time() - began)
        self.sizes.append(len(data))
        if len(data) > self._limit:
            return False
        self.best = data
        return True

    def refine(self, quality: float, parts: int) -> None:
        """Go on from a quality that fits towards the next, which does not, in ever smaller steps."""
        for part in range(1, parts + 1):
            if self.is_late or self.best is None or len(self.best) >= ENOUGH * self._limit:
                return
            if self.try_quality(quality + 0.5**part):
                quality += 0.5**part
