"""Expire results, and delete what is old: records of jobs, batches whose jobs are gone, idempotency keys, and owners."""

import time
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, func, select

from core.batches import delete_old_batches
from core.database import blob_transaction
from core.idempotency import forget_old_keys
from core.publisher import Publisher
from core.record import advance_all
from core.tables import jobs, owners, webhooks
from core.transitions import EXPIRE, Status
from janitor.locks import Sweep, lock_sweep, take_lock
from janitor.settings import JanitorSettings

BATCH = 1000
BATCH_BYTES = 250_000_000
"""Deleting so many takes a second or two: far from the time limit of a statement."""
LONGEST_SECONDS = 10.0
"""The other sweeps wait meanwhile."""
OWNER_DAYS = 3
"""Far beyond the day by which `owners.changed_at` may be late."""

FINISHED = sorted(EXPIRE.sources)
GONE = (Status.CANCELED, Status.EXPIRED)


def expire_jobs(engine: Engine, publisher: Publisher, settings: JanitorSettings) -> int:
    """Expire the jobs whose time is over, with their bytes, and return how many. What is left over waits for the next sweep."""
    expired = 0
    until = time.monotonic() + LONGEST_SECONDS
    while batch := _expire_some(engine, publisher):
        expired += batch
        if time.monotonic() >= until:
            break
    _forget_old_records(engine, settings)
    return expired


def _expire_some(engine: Engine, publisher: Publisher) -> int:
    """Expire the oldest jobs, in a transaction that erases about BATCH_BYTES, and return how many."""
    with blob_transaction(engine) as connection:
        if not take_lock(connection, Sweep.EXPIRY):
            return 0
        ids = _choose_expired(connection)
        is_due = jobs.c.id.in_(ids) & (jobs.c.expires_at < func.now())
        expired = advance_all(connection, EXPIRE, most=len(ids), only_if=is_due) if ids else []
    publisher.publish_all(expired)
    return len(expired)


def _choose_expired(connection: Connection) -> list[UUID]:
    """Return the jobs that expired first, at most BATCH, and no more than have BATCH_BYTES; at least one if there is any."""
    due = select(jobs.c.id, jobs.c.stored).where(jobs.c.status.in_(FINISHED), jobs.c.expires_at < func.now())
    chosen: list[UUID] = []
    room = BATCH_BYTES
    for row in connection.execute(due.order_by(jobs.c.expires_at).limit(BATCH)):
        if chosen and row.stored > room:
            break
        room -= row.stored
        chosen.append(row.id)
    return chosen


def _forget_old_records(engine: Engine, settings: JanitorSettings) -> None:
    with lock_sweep(engine, Sweep.EXPIRY) as connection:
        if connection is None:
            return
        old = func.now() - timedelta(days=settings.record_days)
        gone = select(jobs.c.id).where(jobs.c.status.in_(GONE), jobs.c.changed_at < old).limit(BATCH)
        # A job's message stays as long as the job, so that it can be sent again.
        sent = select(webhooks.c.id).where(
            webhooks.c.state != "pending", webhooks.c.ended_at < old - timedelta(hours=settings.retention_hours)
        )
        connection.execute(delete(webhooks).where(webhooks.c.id.in_(sent.limit(BATCH).scalar_subquery())))
        connection.execute(delete(jobs).where(jobs.c.id.in_(gone.scalar_subquery())))
        delete_old_batches(connection, settings.record_days, BATCH)
        forget_old_keys(connection, BATCH)
        forget_owners(connection)


def forget_owners(connection: Connection) -> None:
    """Delete at most BATCH owners that sent nothing for days. Their next jobs begin at the clock, as a new owner's do."""
    old = func.now() - timedelta(days=OWNER_DAYS)
    unseen = select(owners.c.owner).where(owners.c.changed_at < old).limit(BATCH).with_for_update(skip_locked=True)
    connection.execute(delete(owners).where(owners.c.owner.in_(unseen.scalar_subquery())))
