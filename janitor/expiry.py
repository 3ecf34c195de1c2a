"""Expire results, and delete the records of old jobs and of owners not seen for days."""

from datetime import timedelta

from sqlalchemy import Connection, Engine, delete, func, select, update

from core.publisher import Publisher
from core.record import changes, job_columns, jobs_of, may
from core.tables import jobs, owners
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
        due = select(jobs.c.id).where(may(EXPIRE), jobs.c.expires_at < func.now()).limit(BATCH)
        statement = (
            update(jobs)
            .where(jobs.c.id.in_(due.with_for_update(skip_locked=True).scalar_subquery()))
            .values(changes(EXPIRE))
            .returning(*job_columns())
        )
        expired = jobs_of(connection.execute(statement))
        old = func.now() - timedelta(days=settings.record_days)
        gone = select(jobs.c.id).where(jobs.c.status.in_(GONE), jobs.c.changed_at < old).limit(BATCH)
        connection.execute(delete(jobs).where(jobs.c.id.in_(gone.scalar_subquery())))
        forget_owners(connection)
    publisher.publish_all(expired)
    return len(expired)


def forget_owners(connection: Connection) -> None:
    """Delete at most BATCH owners that sent nothing for days. Their next jobs begin at the clock, as a new owner's do."""
    old = func.now() - timedelta(days=OWNER_DAYS)
    unseen = select(owners.c.owner).where(owners.c.changed_at < old).limit(BATCH).with_for_update(skip_locked=True)
    connection.execute(delete(owners).where(owners.c.owner.in_(unseen.scalar_subquery())))
