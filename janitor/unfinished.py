"""Erase unfinished uploads that nobody went on with."""

import structlog
from sqlalchemy import Engine

from core.database import blob_transaction
from core.partial_uploads import erase_expired_uploads
from janitor.locks import Sweep, take_lock

log = structlog.get_logger(__name__)

MOST = 100
"""So many at a time: each may have as many bytes as the largest file."""


def erase_unfinished(engine: Engine) -> int:
    """Erase the bytes of at most MOST uploads that expired, and return how many."""
    with blob_transaction(engine) as connection:
        erased = erase_expired_uploads(connection, MOST) if take_lock(connection, Sweep.UPLOADS) else 0
    if erased:
        log.info("erased unfinished uploads", count=erased)
    return erased
