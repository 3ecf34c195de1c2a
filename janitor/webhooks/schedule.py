"""When a message that failed is sent again."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST_SECONDS = 5.0
LONGEST_SECONDS = 3600.0
GIVE_UP_SECONDS = 86_400.0
"""A message that was not taken for so long is dead."""


def choose_delay(attempts: int, asked: float | None = None) -> float:
    """Return the seconds until the next attempt: 5 s, doubling up to an hour, less up to a half by chance.

    The chance spreads the messages of a receiver that was away. `asked` is its Retry-After, taken within the hour.
    """
    longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(attempts - 1, 20))
    delay: float = longest * random.uniform(0.5, 1)  # noqa: S311 - nothing secret
    return max(delay, min(asked or 0.0, LONGEST_SECONDS))


def read_retry_after(text: str, now: datetime | None = None) -> float | None:
    """Return the seconds of a Retry-After header, in seconds or as a date; None when it is neither."""
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        return None
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
