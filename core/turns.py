"""Whose job is next: start-time fair queueing over the owners of jobs (docs/adr/0009-fair-turns.md).

Each job gets a turn when it is submitted: the turn after its owner's last one, or the clock's if that is later. The clock
is the turn of the job claimed last. A thousand jobs of one owner take a thousand turns. The first job of another owner
takes the turn that the clock shows, so it is next.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Connection,
    Double,
    Integer,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    column,
    exists,
    func,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from core.jobs import Job
from core.queue import Message
from core.record import changes, job_columns, jobs_of, lease, may
from core.tables import jobs, owners
from core.transitions import CLAIM, Status

_CLOCK = select(table("jobs_clock", column("last_value", BigInteger)).c.last_value).scalar_subquery()
_SEEN_BEFORE = func.now() - text("interval '1 day'")
_COUNT = bindparam("count", type_=Integer)

_TAKE = (
    insert(owners)
    .values(owner=bindparam("owner", type_=Text), turn=_CLOCK + _COUNT - 1, changed_at=func.now())
    .on_conflict_do_update(
        index_elements=[owners.c.owner],
        set_={
            "turn": func.greatest(owners.c.turn + 1, _CLOCK) + _COUNT - 1,
            # `changed_at` is in an index. Left as it is for a day, it keeps the update HOT.
            "changed_at": case((owners.c.changed_at < _SEEN_BEFORE, func.now()), else_=owners.c.changed_at),
        },
    )
    .returning(owners.c.turn, func.set_config("synchronous_commit", "off", True))
)
"""A crash costs numbers and no job, so the commit need not reach the disk."""

_own = jobs.alias("own")
_IS_RETRY = exists().where(
    _own.c.id == bindparam("own", type_=Uuid), _own.c.status == Status.QUEUED, _own.c.attempts > 0
)
_IS_IN_LINE = and_(may(CLAIM), jobs.c.attempts == 0)
_ORDER = (jobs.c.turn, jobs.c.created_at)
# SKIP LOCKED: two claims at once take two jobs, and none waits for the other.
_NEXT = (
    select(jobs.c.id)
    .where(_IS_IN_LINE, ~_IS_RETRY)
    .order_by(*_ORDER)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_MOVE_CLOCK = case((jobs.c.turn > _CLOCK, func.setval("jobs_clock", jobs.c.turn)))
"""Never back: a job that was handed back has an old turn. In RETURNING, so it runs for the claimed row only."""

_CLAIM_NEXT = (
    update(jobs)
    .where(jobs.c.id == _NEXT, may(CLAIM))
    .values(
        changes(
            CLAIM,
            worker=bindparam("by", type_=Text),
            started_at=func.now(),
            lease_until=lease(bindparam("lease_seconds", type_=Double)),
            message=bindparam("token", type_=Text),
        )
    )
    .returning(*job_columns(), _MOVE_CLOCK)
)

MOST_BEFORE = 1000
"""Further back in the line nobody is counted, so that a look at it costs the same however long it is."""

# Nothing but the index in its order, with a limit: no estimate of the planner can make it slow.
_FRONT = select(jobs.c.id).where(_IS_IN_LINE).order_by(*_ORDER).limit(MOST_BEFORE + 1)


def take_turns(connection: Connection, owner: str, count: int = 1) -> int:
    """Take so many turns in a row for the jobs of an owner, and return the first.

    The transaction should end before the jobs are stored, because it locks the owner's row.
    """
    return int(connection.execute(_TAKE, {"owner": owner, "count": count}).scalar_one()) - (count - 1)


def claim_next_job(connection: Connection, message: Message, *, worker: str, lease_seconds: float) -> Job | None:
    """Take the job whose turn it is, by whatever message; None when there is none, or the message is a retry's own.

    A job that was started before is taken by its own message only (`core.record.claim_job`), so that it runs alone.
    """
    values = {"own": message.job_id, "by": worker, "lease_seconds": lease_seconds, "token": message.id}
    return next(iter(jobs_of(connection.execute(_CLAIM_NEXT, values))), None)


def find_places(connection: Connection, ids: Collection[UUID]) -> dict[UUID, int | None]:
    """Return how many jobs are claimed before each of these; None for over MOST_BEFORE.

    A job that does not wait in the line is left out. So is one that was started before: it waits for a message of its
    own, behind an unknown number of others. Where over MOST_BEFORE wait, such jobs are None too, for nobody looks further.
    """
    front = {job_id: before for before, job_id in enumerate(connection.scalars(_FRONT))}
    is_longer = len(front) > MOST_BEFORE
    return {job_id: front.get(job_id) for job_id in ids if job_id in front or is_longer}
