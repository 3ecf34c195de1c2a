"""Expire results, and delete what is old: records of jobs, batches whose jobs are gone, idempotency keys, and owners."""

from datetime import timedelta

from sqlalchemy import Connection, Engine, delete, func, select

from core.batches import delete_old_batches
from core.idempotency import forget_old_keys
from core.publisher import Publisher
from core.record import advance_all
from core.tables import jobs, owners, webhooks
from core.transitions import EXPIRE, Status
from janitor.locks import Sweep, lock_sweep
from janitor.settings import JanitorSettings

BATCH = 1000
OWNER_DAYS = 3
"""Far beyond the day by which `owners.changed_at` may be late."""

GONE = (Status.CANCELED, Status.EXPIRED)


def expire_jobs(engine: Engine, publisher: Publisher, settings: JanitorSettings) -> int:
    """Expire at most BATCH jobs and return how many. Their bytes go with their partition."""
    with lock_sweep(engine, Sweep.EXPIRY) as connection:
        if connection is None:
            return 0
        expired = advance_all(connection, EXPIRE, most=BATCH, only_if=jobs.c.expires_at < func.now())
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
    publisher.publish_all(expired)
    return len(expired)


def forget_owners(connection: Connection) -> None:
    """Delete at most BATCH owners that sent nothing for days. Their next jobs begin at the clock, as a new owner's do."""
    old = func.now() - timedelta(days=OWNER_DAYS)
    unseen = select(owners.c.owner).where(owners.c.changed_at < old).limit(BATCH).with_for_update(skip_locked=True)
    connection.execute(delete(owners).where(owners.c.owner.in_(unseen.scalar_subquery())))
