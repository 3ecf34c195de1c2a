"""Erase names that no other step erases: those of refused files, and those in a message that was being sent.

A file that was refused has no bytes and no expiry, so its name goes when a result of that day would. A message that the
sender holds while its job is erased is left out by core.outbox.forget_names, and is found here.
"""

from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, func, literal_column, select, text

from core.batches import forget_refused_names
from core.names import ERASED_NAME
from core.outbox import forget_names
from core.record import ERASED, job_columns, jobs_of
from core.tables import batches, jobs
from janitor.locks import Sweep, lock_sweep

log = structlog.get_logger(__name__)

MOST = 100

_HAS_NAME: ColumnElement[bool] = literal_column(f"""refused @? '$[*] ? (@.filename != "{ERASED_NAME}")'""")

# What was sent long ago has been looked at before. A batch's message tells of many jobs.
_STILL_NAMED = text("""
    SELECT DISTINCT (entry->>'id')::uuid FROM webhooks
    CROSS JOIN LATERAL jsonb_array_elements(coalesce(body->'data'->'jobs', jsonb_build_array(body->'data'))) entry
    JOIN jobs ON jobs.id = (entry->>'id')::uuid
    WHERE (webhooks.state = 'pending' OR webhooks.ended_at > now() - interval '1 hour')
      AND jobs.status = ANY(:erased) AND entry->>'filename' <> :name
    LIMIT :most
""")


def forget_left_names(engine: Engine, retention_hours: float) -> int:
    """Erase these names, at most so many at a time, and return of how many batches and jobs."""
    with lock_sweep(engine, Sweep.NAMES) as connection:
        if connection is None:
            return 0
        count = _forget_refused(connection, retention_hours) + _forget_in_messages(connection)
    if count:
        log.info("erased names", count=count)
    return count


def _forget_refused(connection: Connection, retention_hours: float) -> int:
    is_old = batches.c.changed_at < func.now() - timedelta(hours=retention_hours)
    ids = connection.scalars(select(batches.c.id).where(is_old, _HAS_NAME).limit(MOST)).all()
    for batch_id in ids:
        forget_refused_names(connection, batch_id)
    return len(ids)


def _forget_in_messages(connection: Connection) -> int:
    ids = connection.scalars(_STILL_NAMED, {"erased": sorted(ERASED), "name": ERASED_NAME, "most": MOST}).all()
    erased = jobs_of(connection.execute(select(*job_columns()).where(jobs.c.id.in_(ids)))) if ids else []
    forget_names(connection, erased)
    return len(erased)
