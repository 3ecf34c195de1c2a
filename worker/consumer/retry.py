"""Wait out a database that is away: the job is in our hands, and only its fence can say that it is not wanted."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from core.database import ERRORS, is_away, is_too_slow

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
MOST_TIMEOUTS = 3
"""A statement that runs into its limit again and again is too slow; waiting does not help."""

T = TypeVar("T")


def outlast(what: str, call: Callable[[], T]) -> T:
    """The answer of `call`, a transaction that may be repeated. Raises what is no outage."""
    timeouts = 0
    while True:
        try:
            return call()
        except ERRORS as error:
            timeouts += is_too_slow(error)
            if not is_away(error) or timeouts >= MOST_TIMEOUTS:
                raise
            log.warning("waiting for the database", to=what, error=str(error))
        time.sleep(RETRY_SECONDS)
