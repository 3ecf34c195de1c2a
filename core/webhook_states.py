"""How a job shows what became of its webhook's message."""

from typing import Literal
from uuid import UUID

from sqlalchemy import Connection, func, or_, select, update

from core.jobs import Job
from core.record import job_columns, jobs_of
from core.tables import batches, jobs, webhooks

State = Literal["pending", "delivered", "dead"]

_AS_NEW = {
    "state": "pending", "attempts": 0, "error": None, "created_at": func.now(), "due_at": func.now(), "ended_at": None,
}  # fmt: skip


def mark_job(connection: Connection, job_id: UUID, state: State, error: str | None) -> Job | None:
    """Show the state in the job, as a new revision; None when nothing changed or the job is gone.

    `changed_at` stays: it is the time of the last transition, after which the record is deleted.
    """
    differs = or_(jobs.c.webhook_state.is_distinct_from(state), jobs.c.webhook_error.is_distinct_from(error))
    statement = (
        update(jobs)
        .where(jobs.c.id == job_id, differs)
        .values(webhook_state=state, webhook_error=error, rev=jobs.c.rev + 1)
        .returning(*job_columns())
    )
    changed = jobs_of(connection.execute(statement))
    return changed[0] if changed else None


def renew_message(connection: Connection, job_id: UUID) -> bool:
    """Make the message of a job due at once, with a new day of attempts; False when there is none."""
    statement = update(webhooks).where(webhooks.c.job_id == job_id).values(_AS_NEW).returning(webhooks.c.id)
    return connection.execute(statement).first() is not None


def renew_batch_message(connection: Connection, batch_id: UUID) -> bool:
    """Make the newest message of a batch due at once, and show that; False when there is none yet."""
    newest = (
        select(webhooks.c.id).where(webhooks.c.batch_id == batch_id).order_by(webhooks.c.created_at.desc()).limit(1)
    )
    statement = (
        update(webhooks).where(webhooks.c.id == newest.scalar_subquery()).values(_AS_NEW).returning(webhooks.c.id)
    )
    if connection.execute(statement).first() is None:
        return False
    shown = {"webhook_state": "pending", "webhook_error": None}
    connection.execute(update(batches).where(batches.c.id == batch_id).values(shown))
    return True
