"""What a transition does to a job's row, in Python: the model walks it, and a test compares it with the SQL."""

from typing import NamedTuple

from core.transitions import Status, Transition


class Row(NamedTuple):
    """The part of a job's record that transitions look at and change."""

    status: Status = Status.QUEUED
    claim: int = 0
    attempts: int = 0
    rev: int = 1


def take(step: Transition, row: Row, *, claim: int | None = None, lease_over: bool = False, limit: int) -> Row | None:
    """The row after a transition, None where its guards forbid it: what core.record does in SQL.

    `claim` is the caller's own (for fenced transitions), `limit` the number of attempts a job may have.
    """
    allowed = (
        row.status in step.sources
        and (not step.fenced or claim == row.claim)
        and (not step.lease_over or lease_over)
        and (step.attempts_left is None or step.attempts_left == (row.attempts < limit))
    )
    if not allowed:
        return None
    return row._replace(
        status=step.target,
        claim=row.claim + step.claim,
        attempts=row.attempts + step.attempts,
        rev=row.rev + 1,
    )
