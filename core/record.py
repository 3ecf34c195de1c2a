"""The job record in PostgreSQL, the truth about every job: inserts, look-ups and transitions.

Every change of a job's status is a conditional UPDATE made of a row of core.transitions: `may` is its WHERE, `changes`
its SET. `advance` makes it for one job. All times are the database's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    CursorResult,
    RowMapping,
    and_,
    case,
    exists,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from core.blobs import erase_blobs
from core.jobs import Job, SourceFacts
from core.names import ERASED_NAME
from core.option_kinds import OptionValue
from core.outbox import JOB_EVENTS, forget_names, record_ends
from core.tables import jobs
from core.transitions import CLAIM, OPEN, Lease, Status, Transition

ERASED = frozenset({Status.CANCELED, Status.EXPIRED})
"""Where a job has no bytes any more."""

_NAMES = [f.name for f in fields(Job)]
_SEEN_AT = func.clock_timestamp().label("seen_at")
_COLUMNS: list[ColumnElement[Any]] = [_SEEN_AT if name == "seen_at" else jobs.c[name] for name in _NAMES]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What a submission knows."""

    id: UUID
    filename: str
    target_format: str
    options: Mapping[str, OptionValue]
    source: SourceFacts
    owner: str
    turn: int
    batch_id: UUID | None = None
    batch_position: int | None = None
    webhook_url: str | None = None
    traceparent: str | None = None


def insert_job(connection: Connection, new: NewJob, day: date) -> Job:
    """Insert a queued job with its upload in the partition of `day`."""
    values = {
        "id": new.id,
        "filename": new.filename,
        "target_format": new.target_format,
        "options": new.options,
        "source": new.source,
        "status": Status.QUEUED,
        "rev": 1,
        "claim": 0,
        "attempts": 0,
        "warnings": [],
        "upload_day": day,
        "stored": new.source["bytes"],
        "owner": new.owner,
        "turn": new.turn,
        "batch_id": new.batch_id,
        "batch_position": new.batch_position,
        "webhook_url": new.webhook_url,
        "traceparent": new.traceparent,
        "created_at": func.now(),
        "changed_at": func.now(),
    }
    return _job(connection.execute(insert(jobs).values(values).returning(*_COLUMNS)).mappings().one())


def find_job(connection: Connection, job_id: UUID) -> Job | None:
    """Return the job of that id, None when there is none."""
    row = connection.execute(select(*_COLUMNS).where(jobs.c.id == job_id)).mappings().one_or_none()
    return None if row is None else _job(row)


def advance(
    connection: Connection,
    step: Transition,
    job_id: UUID,
    *,
    claim: int | None = None,
    only_if: ColumnElement[bool] | None = None,
    **values: object,
) -> Job | None:
    """Make one transition of one job. Return None, with nothing changed, when its guards (or `only_if`) forbid it.

    `claim` is the caller's own and required for fenced transitions; `values` are further columns to set.
    """
    if step.fenced and claim is None:
        raise ValueError(f"{step.name} is fenced and needs the claim of the one who makes it")
    where = and_(jobs.c.id == job_id, may(step, claim=claim), true() if only_if is None else only_if)
    statement = update(jobs).where(where).values(changes(step, **values)).returning(*_COLUMNS)
    changed = _execute(connection, statement)
    return changed[0] if changed else None


def advance_all(
    connection: Connection,
    step: Transition,
    *,
    most: int,
    limit: int | None = None,
    only_if: ColumnElement[bool] | None = None,
    **values: object,
) -> list[Job]:
    """Make one transition of at most `most` jobs, in one statement. Jobs that another transaction holds are left out."""
    guards = and_(may(step, limit=limit), true() if only_if is None else only_if)
    some = select(jobs.c.id).where(guards).limit(most).with_for_update(skip_locked=True).scalar_subquery()
    where = and_(jobs.c.id.in_(some), guards)
    return _execute(connection, update(jobs).where(where).values(changes(step, **values)).returning(*_COLUMNS))


def _execute(connection: Connection, statement: ReturningUpdate[Any]) -> list[Job]:
    """Every transition of every job is made here. Its end is told, and what it makes useless erased, in the same transaction."""
    changed = [_job(row) for row in connection.execute(statement).mappings()]
    erase_blobs(connection, [job for job in changed if job.is_over])
    record_ends(connection, changed)
    forget_names(connection, [job for job in changed if job.status in ERASED])
    return changed


def claim_job(
    connection: Connection, job_id: UUID, *, worker: str, lease_seconds: float, message: str | None = None
) -> Job | None:
    """Take this queued job for `worker`, whose hands hold the message of that id."""
    return advance(
        connection,
        CLAIM,
        job_id,
        worker=worker,
        started_at=func.now(),
        lease_until=lease(lease_seconds),
        message=message,
    )


def find_claimed(connection: Connection, worker: str, message: str) -> Job | None:
    """Return the job that this worker has claimed by this message and that still runs, None when there is none."""
    ours = and_(jobs.c.status == Status.PROCESSING, jobs.c.worker == worker, jobs.c.message == message)
    row = connection.execute(select(*_COLUMNS).where(ours)).mappings().one_or_none()
    return None if row is None else _job(row)


def is_any_job_open(connection: Connection) -> bool:
    """Return whether a job waits or runs."""
    return bool(connection.execute(select(exists().where(jobs.c.status.in_(sorted(OPEN))))).scalar_one())


def is_job_left_waiting(connection: Connection, seconds: float) -> bool:
    """Return whether a job has waited for more than so many seconds while no worker holds a lease on any."""
    waits = exists().where(jobs.c.status == Status.QUEUED, jobs.c.changed_at < func.now() - timedelta(seconds=seconds))
    runs = exists().where(jobs.c.status == Status.PROCESSING, jobs.c.lease_until > func.now())
    return bool(connection.execute(select(waits & ~runs)).scalar_one())


def may(step: Transition, *, claim: int | None = None, limit: int | None = None) -> ColumnElement[bool]:
    """Return the guards of a transition as SQL. `limit` is the number of attempts a job may have."""
    guards: list[ColumnElement[bool]] = [jobs.c.status.in_(sorted(step.sources))]
    if step.fenced:
        guards.append(jobs.c.claim == claim)
    if step.lease_over:
        guards.append(jobs.c.lease_until < func.now())
    if step.attempts_left is not None:
        left = jobs.c.attempts < limit
        guards.append(left if step.attempts_left else ~left)
    return and_(*guards)


def changes(step: Transition, **values: object) -> dict[str, object]:
    """Return the columns set by a transition. For Lease.SET the caller gives `lease_until` among the values."""
    if (step.lease is Lease.SET) != ("lease_until" in values):
        raise ValueError(f"{step.name} and lease_until do not go together like this")
    told = {"webhook_state": case((jobs.c.webhook_url.is_not(None), "pending"))} if step.target in JOB_EVENTS else {}
    return {
        **told,
        "status": step.target,
        "rev": jobs.c.rev + 1,
        "claim": jobs.c.claim + step.claim,
        "attempts": jobs.c.attempts + step.attempts,
        "changed_at": func.now(),
        "lease_until": None,
        "message": None,
        **_count_stored(step, values.get("result")),
        **_erase_name(step),
        **values,
    }


def _count_stored(step: Transition, result: object) -> dict[str, object]:
    """Return what a transition makes of the bytes that are stored: of a job that is over only its result is left."""
    if step.target in OPEN:
        return {}
    return {"stored": result["bytes"] if isinstance(result, Mapping) else 0}


def _erase_name(step: Transition) -> dict[str, object]:
    """Return what a transition that erases the bytes makes of their name, in the record and in what it tells of a result."""
    return {"filename": ERASED_NAME, "result": None} if step.target in ERASED else {}


def lease(seconds: float | BindParameter[float]) -> ColumnElement[datetime]:
    """Return the end of a lease starting now, by the database's clock."""
    return func.now() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def jobs_of(rows: CursorResult[Any]) -> list[Job]:
    """Make jobs of the rows of a result with the columns `job_columns()`, whatever else it has."""
    return [_job(row) for row in rows.mappings()]


def job_columns() -> list[ColumnElement[Any]]:
    """Return the record's columns for making a Job."""
    return list(_COLUMNS)


def _job(row: RowMapping) -> Job:
    return Job(**{**{name: row[name] for name in _NAMES}, "status": Status(row["status"])})
