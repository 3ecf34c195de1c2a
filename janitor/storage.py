"""Day partitions: made ahead, and dropped once no job needs their bytes."""

from datetime import date

import structlog
from sqlalchemy import Connection, Engine, exists, func, select, text

from core.partitions import ensure_partitions, partition_days, partition_name
from core.tables import BLOBS, jobs, partial_uploads, upload_pieces, uploads
from core.transitions import OPEN, Status
from janitor.locks import Sweep, lock_sweep

log = structlog.get_logger(__name__)

LOCK_TIMEOUT_MS = 2000
_NAMES = tuple(table.name for table in BLOBS)

# A transaction that began before midnight may still write into the partition of the day before.
_OLDEST_IN_USE = text("SELECT ((now() - interval '1 hour') AT TIME ZONE 'UTC')::date")

_DETACHED = text("""
    SELECT relname, inhdetachpending FROM pg_class LEFT JOIN pg_inherits ON inhrelid = pg_class.oid
    WHERE relname ~ :pattern AND relkind = 'r' AND pg_table_is_visible(pg_class.oid)
      AND (inhdetachpending IS NULL OR inhdetachpending)
""")


def keep_partitions(engine: Engine) -> None:
    """Make the partitions of the coming days and drop the unneeded old ones."""
    with lock_sweep(engine, Sweep.PARTITIONS) as connection:
        if connection is None:
            return
        made = ensure_partitions(connection)
        if made:
            log.info("made partitions", count=made)
    with lock_sweep(engine, Sweep.PARTITIONS) as connection:
        if connection is not None:
            # DETACH CONCURRENTLY must not be in a transaction, so this one only holds the lock.
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as autocommit:
                drop_partitions(autocommit)


def drop_partitions(connection: Connection) -> list[str]:
    """Drop the partitions of past days that nobody needs, on an autocommit connection, and return their names."""
    connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}"))
    first = connection.execute(_OLDEST_IN_USE).scalar_one()
    for table in _NAMES:
        for day in partition_days(connection, table):
            if day < first and not is_needed(connection, table, day):
                connection.execute(
                    text(f"ALTER TABLE {table} DETACH PARTITION {partition_name(table, day)} CONCURRENTLY")
                )
    dropped = [name for table in _NAMES for name in _drop_detached(connection, table)]
    connection.execute(text("RESET lock_timeout"))
    return dropped


def is_needed(connection: Connection, table: str, day: date) -> bool:
    """Return whether bytes of that day are needed: an upload until its job is over, a result or a piece until it expires."""
    if table == uploads.name:
        needing = exists().where(jobs.c.status.in_(sorted(OPEN)), jobs.c.upload_day == day)
    elif table == upload_pieces.name:
        needing = exists().where(partial_uploads.c.day == day, partial_uploads.c.expires_at > func.now())
    else:
        needing = exists().where(jobs.c.status == Status.SUCCEEDED, jobs.c.result_day == day)
    return bool(connection.execute(select(needing)).scalar_one())


def _drop_detached(connection: Connection, table: str) -> list[str]:
    """Drop the detached partitions, including leftovers of an earlier janitor."""
    names = []
    for name, pending in connection.execute(_DETACHED, {"pattern": f"^{table}_[0-9]{{8}}$"}).all():
        if pending:
            connection.execute(text(f"ALTER TABLE {table} DETACH PARTITION {name} FINALIZE"))
        connection.execute(text(f"DROP TABLE {name}"))
        log.info("dropped partition", partition=name)
        names.append(name)
    return names
