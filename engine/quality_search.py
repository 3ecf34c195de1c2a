"""Search the best quality whose result is small enough."""

import time
from collections.abc import Callable
from typing import Protocol

from core.failures import SearchFailed
from engine.errors import ConversionError

HIGHEST = 100


class Clock(Protocol):
    """The time limit of a conversion."""

    def check(self) -> None:
        """Raise ConversionError (timeout) when the time is up."""

    def seconds_left(self) -> float:
        """Return the seconds until the deadline."""


def search_quality(encode: Callable[[int], bytes], limit: int, given: int | None, clock: Clock) -> bytes:
    """Return the result of the best quality, `given` at most, that has at most `limit` bytes.

    It halves the range, so it encodes eight times at most. A given quality is tried first. When there is a result and
    no time for two more, that is the one. Raise ConversionError (result_too_large) when there is none.
    """
    lowest, highest = 1, given or HIGHEST
    quality = given or (lowest + highest) // 2
    best, sizes, longest = None, [], 0.0
    while lowest <= highest:
        clock.check()
        began = time.monotonic()
        data = encode(quality)
        longest = max(longest, time.monotonic() - began)
        sizes.append(len(data))
        if len(data) <= limit:
            best, lowest = data, quality + 1
        else:
            highest = quality - 1
        if best is not None and clock.seconds_left() < 2 * longest:
            break
        quality = (lowest + highest) // 2
    if best is None:
        raise ConversionError(SearchFailed(limit=limit, smallest=min(sizes)))
    return best
