"""Batches in PostgreSQL: jobs that were sent together, and the files among them that were refused.

A batch has no status of its own. It is over when all its jobs are, so nothing has to be kept true beside the jobs.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from core import outbox
from core.jobs import Job
from core.json_types import Json
from core.names import ERASED_NAME
from core.problems import Problem
from core.record import job_columns, jobs_of
from core.tables import batches, jobs

MOST_ENTRIES = 1000
"""How many jobs and refused files one batch may have."""

_COLUMNS = (
    batches.c.id, batches.c.owner, batches.c.refused, batches.c.webhook_url, batches.c.webhook_state,
    batches.c.webhook_error, batches.c.created_at,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that became no job: its place in the upload, its name, and the problem as the API shows it."""

    position: int
    filename: str
    problem: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch with all its jobs, in the order of their places."""

    id: UUID
    owner: str
    created_at: datetime
    refused: tuple[Refused, ...] = ()
    jobs: tuple[Job, ...] = ()
    webhook_url: str | None = None
    webhook_state: str | None = None
    webhook_error: str | None = None

    @property
    def is_over(self) -> bool:
        """Return whether nothing further will happen. A batch that has nothing yet waits for its first job."""
        return bool(self.jobs or self.refused) and all(job.is_over for job in self.jobs)

    @property
    def retry_after(self) -> int | None:
        """Return the seconds after which every refused file that may be taken later can be; None without such a file."""
        seconds = [Problem.model_validate(file.problem).retry_after for file in self.refused]
        return max((number for number in seconds if number is not None), default=None)

    @property
    def rev(self) -> int:
        """Return a number that goes up with every change: one, and the revisions of all jobs."""
        return 1 + sum(job.rev for job in self.jobs)

    @property
    def entries(self) -> tuple[Job | Refused, ...]:
        """Return jobs and refused files in the order of the upload."""
        refused = {file.position: file for file in self.refused}
        rest = iter(self.jobs)
        places = range(len(self.jobs) + len(self.refused))
        in_order = [refused.pop(place, None) or next(rest, None) for place in places]
        # Where old jobs were deleted, the places of refused files lie behind the end.
        return (*(entry for entry in in_order if entry is not None), *refused.values(), *rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """What a submission knows. Its first `jobs` places beside the refused ones are for its jobs."""

    id: UUID
    owner: str
    refused: tuple[Refused, ...] = ()
    jobs: int = 0
    webhook_url: str | None = None
    traceparent: str | None = None


def insert_batch(connection: Connection, new: NewBatch) -> Batch:
    """Insert a batch, without its jobs."""
    values = {
        "id": new.id,
        "owner": new.owner,
        "refused": [
            {"position": file.position, "filename": file.filename, "problem": file.problem} for file in new.refused
        ],
        "entries": new.jobs + len(new.refused),
        "webhook_url": new.webhook_url,
        "traceparent": new.traceparent,
        "created_at": func.now(),
        "changed_at": func.now(),
    }
    created: datetime = connection.execute(insert(batches).values(values).returning(batches.c.created_at)).scalar_one()
    return Batch(id=new.id, owner=new.owner, refused=new.refused, webhook_url=new.webhook_url, created_at=created)


def find_batch(connection: Connection, batch_id: UUID) -> Batch | None:
    """Return the batch with all its jobs, None when there is none."""
    row = connection.execute(select(*_COLUMNS).where(batches.c.id == batch_id)).mappings().one_or_none()
    if row is None:
        return None
    refused = tuple(Refused(**file) for file in row["refused"])
    return Batch(**{**row, "refused": refused, "jobs": tuple(find_jobs_of_batch(connection, batch_id))})


def find_jobs_of_batch(connection: Connection, batch_id: UUID) -> list[Job]:
    """Return the jobs of the batch, in the order of their places."""
    statement = select(*job_columns()).where(jobs.c.batch_id == batch_id).order_by(jobs.c.batch_position)
    return jobs_of(connection.execute(statement))


def forget_refused_names(connection: Connection, batch_id: UUID) -> None:
    """Take the names of the refused files out of the batch, and out of the messages about it."""
    row = connection.execute(select(batches.c.refused).where(batches.c.id == batch_id).with_for_update()).one_or_none()
    if row is not None and row.refused:
        nameless = [{**file, "filename": ERASED_NAME} for file in row.refused]
        connection.execute(update(batches).where(batches.c.id == batch_id).values(refused=nameless))
        outbox.forget_refused_names(connection, batch_id)


def find_batch_owner(connection: Connection, batch_id: UUID) -> str | None:
    """Return whose the batch is, None when there is none."""
    return connection.execute(select(batches.c.owner).where(batches.c.id == batch_id)).scalar_one_or_none()


def take_place(connection: Connection, batch_id: UUID) -> int | None:
    """Take the next place of the batch for a job. Return None when the batch is full, or there is none.

    The row stays locked until the end of the transaction, so two jobs never get the same place.
    """
    statement = (
        update(batches)
        .where(batches.c.id == batch_id, batches.c.entries < MOST_ENTRIES)
        .values(entries=batches.c.entries + 1, changed_at=func.now())
        .returning(batches.c.entries)
    )
    taken: int | None = connection.execute(statement).scalar_one_or_none()
    return None if taken is None else taken - 1


def delete_old_batches(connection: Connection, days: float, most: int) -> int:
    """Delete at most so many batches that no job refers to any more, unchanged for so many days. Return how many.

    A job that is added meanwhile changes `changed_at`, so the row no longer fits once its lock is free.
    """
    old = batches.c.changed_at < func.now() - timedelta(days=days)
    empty = ~exists().where(jobs.c.batch_id == batches.c.id)
    some = select(batches.c.id).where(old, empty).limit(most).with_for_update(skip_locked=True)
    return connection.execute(delete(batches).where(batches.c.id.in_(some.scalar_subquery()), old)).rowcount


def replace_job(batch: Batch, job: Job) -> Batch | None:
    """Return the batch with a newer state of one of its jobs, or with one job more; None for what is not newer."""
    known = {held.id: held for held in batch.jobs}
    before = known.get(job.id)
    if before is not None and before.rev >= job.rev:
        return None
    known[job.id] = job
    return replace(batch, jobs=tuple(known.values()))
