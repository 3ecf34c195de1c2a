"""What is proven about `take` is what runs: the SQL of a transition does the same to a real row, in every case."""

from collections.abc import Iterator
from datetime import date
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, text, update

from core.record import advance, changes, find_job, lease, may
from core.tables import jobs
from core.transitions import TRANSITIONS, Lease, Status, Transition
from tests.model.rows import Row, take

JOB = UUID(int=1)
DAY = date(2026, 1, 1)
LIMIT = 3
MINE = 7
LEASES = {"over": "now() - interval '1 second'", "running": "now() + interval '30 seconds'"}
ENDS: dict[Status, dict[str, Any]] = {
    Status.SUCCEEDED: {"result": {"bytes": 1}, "result_day": DAY},
    Status.FAILED: {"error": {"code": "internal", "detail": "It broke."}},
}
"""What the table's checks want to see in a finished row."""

Case = tuple[Row, str | None, int]
"""A row, the state of its lease, and the claim of the one who tries."""


def cases() -> Iterator[Case]:
    """Every status, with attempts below and at the limit, for the holder of the claim, an older and no holder."""
    for status, attempts, claim in product(Status, (LIMIT - 1, LIMIT), (MINE, MINE - 1, 0)):
        for kept in LEASES if status is Status.PROCESSING else (None,):
            yield Row(status, claim=MINE, attempts=attempts, rev=5), kept, claim


@pytest.mark.parametrize("step", TRANSITIONS, ids=lambda step: step.name)
def test_a_transition_does_in_sql_what_take_says(engine: Engine, step: Transition) -> None:
    outcomes = set()
    for case in cases():
        row, kept, claim = case
        expected = take(step, row, claim=claim, lease_over=kept == "over", limit=LIMIT)
        outcomes.add(expected is None)
        with engine.connect() as connection:  # every case is rolled back
            before = stored(connection, row, kept)
            assert made(connection, step, claim) == (expected is not None), case
            after = read(connection)
        if expected is None:
            assert after == before, case
        else:
            assert as_row(after) == expected, case
            assert (after["lease_until"] is not None) == (step.lease is Lease.SET), case
            assert after["changed_at"] > before["changed_at"], case
    assert outcomes == {True, False}, "cases in which it may and in which it may not be made"


def stored(connection: Connection, row: Row, kept: str | None) -> RowMapping:
    """Insert the row; returns it as it lies in the table."""
    past = func.now() - text("interval '1 hour'")
    connection.execute(
        insert(jobs).values(
            id=JOB,
            status=row.status,
            rev=row.rev,
            claim=row.claim,
            attempts=row.attempts,
            lease_until=text(LEASES[kept]) if kept else None,
            filename="a.png",
            target_format="jpeg",
            options={},
            source={},
            warnings=[],
            upload_day=DAY,
            created_at=past,
            changed_at=past,
            **ENDS.get(row.status, {}),
        )
    )
    return read(connection)


def made(connection: Connection, step: Transition, claim: int) -> bool:
    """Make the transition the way the code makes it: whether it was made."""
    values = dict(ENDS.get(step.target, {}))
    if step.lease is Lease.SET:
        values["lease_until"] = lease(30)
    if step.attempts_left is None:
        job = advance(connection, step, JOB, claim=claim, **values)
        assert job is None or job == find_job(connection, JOB)
        return job is not None
    # The janitor makes these for many rows at once, and knows the limit.
    done = connection.execute(update(jobs).where(may(step, limit=LIMIT)).values(changes(step, **values)))
    return done.rowcount == 1


def read(connection: Connection) -> RowMapping:
    return connection.execute(select(jobs)).mappings().one()


def as_row(stored: RowMapping) -> Row:
    return Row(Status(stored["status"]), stored["claim"], stored["attempts"], stored["rev"])


def test_a_fenced_transition_is_never_made_without_a_claim(engine: Engine) -> None:
    fenced = [step for step in TRANSITIONS if step.fenced]
    assert {step.name for step in fenced} == {"succeed", "fail", "hand_back"}
    with engine.connect() as connection:
        for step in fenced:
            with pytest.raises(ValueError, match="needs the claim"):
                advance(connection, step, JOB)
