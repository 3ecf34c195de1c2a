"""Retry while PostgreSQL is unreachable; only the fenced UPDATE can reject the result."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from core.database import ERRORS, is_away, is_too_slow
from core.storage import NoRoom

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
MOST_TIMEOUTS = 10
"""A statement that times out so often would hold its slot for ever. The job is left to its lease then."""

T = TypeVar("T")


def retry_while_away(what: str, transaction: Callable[[], T]) -> T:
    """Run a repeatable transaction until PostgreSQL answers, and has room. Raises every other error."""
    timeouts = 0
    while True:
        try:
            return transaction()
        except ERRORS as error:
            timeouts += is_too_slow(error)
            if not is_away(error) or timeouts >= MOST_TIMEOUTS:
                raise
            log.warning("PostgreSQL is away, retrying", to=what, error=str(error))
        except NoRoom as full:
            log.warning("no room, retrying", to=what, error=str(full))
        time.sleep(RETRY_SECONDS)
