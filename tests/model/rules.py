"""The protocol's rules, each of which can be taken out, and how far a search goes.

The transitions and `reconcile` are those that the service runs on. A rule that lives in them is taken out by
putting a changed one in their place; a rule that lives in the worker or the janitor is a switch.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple
from uuid import UUID

from core.queue import Message
from core.transitions import CANCEL, CLAIM, EXPIRE, FAIL, HAND_BACK, LOSE, OPEN, RECLAIM, SUCCEED, Status, Transition
from janitor.reconcile import SETTLE_SECONDS, STALE_SECONDS, OpenRow, Plan, StreamView, reconcile
from tests.model.rows import Row, take
from tests.model.state import FRESH, GHOST, STALE, WAITING, Faults, State

JOB = UUID(int=1)
Reconcile = Callable[[StreamView, Iterable[OpenRow]], Plan]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The protocol as it is; `replace(Rules(), ...)` makes one without a rule."""

    claim: Transition = CLAIM
    succeed: Transition = SUCCEED
    fail: Transition = FAIL
    hand_back: Transition = HAND_BACK
    reclaim: Transition = RECLAIM
    lose: Transition = LOSE
    cancel: Transition = CANCEL
    expire: Transition = EXPIRE
    reconcile: Reconcile = reconcile
    janitor_sweeps: bool = True
    stream_before_rows: bool = True
    commit_before_message: bool = True
    commit_before_acknowledge: bool = True
    acknowledge_with_delete: bool = True
    hand_back_in_one: bool = True
    group_from_start: bool = True
    running_stays_pending: bool = True
    miss_is_looked_at: bool = True
    own_success_is_known: bool = True
    heartbeat_renews: bool = True
    heartbeat_kills: bool = True


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What may happen in a search: `most` of each fault, `faults` altogether, `attempts` a job may have.

    `calm`: nothing is lost, and nobody is slow, so that seconds never pass in the middle of anyone's step.
    """

    most: Faults
    faults: int
    attempts: int = 2
    cancel: bool = False
    calm: bool = False

    def allows(self, state: State, fault: str) -> bool:
        """Whether one more fault of that kind may happen."""
        return sum(state.faults) < self.faults and getattr(state.faults, fault) < getattr(self.most, fault)


class Seen(NamedTuple):
    """The stream of both looks: the kinds at the first, how many were `added`, and how many `delivered` by the second."""

    kinds: str
    added: int = 0
    delivered: int = 0


class SeenRow(NamedTuple):
    """The row as the janitor reads it; `held` is the place of its message in what was seen."""

    status: Status | None
    fresh: bool
    retried: bool
    held: int


class Protocol:
    """Rules within a scope, with the answers of `take` and `reconcile` remembered."""

    def __init__(self, rules: Rules, scope: Scope) -> None:
        self.rules, self.scope = rules, scope
        self._taken: dict[tuple[str, Row, int, bool], Row | None] = {}
        self.plan = cache(self._plan)

    def taken(self, step: Transition, row: Row | None, *, claim: int = -1, lease_over: bool = False) -> Row | None:
        """What the transition makes of the row; the revision, which only ever grows, is left at 1."""
        if row is None:
            return None
        key = step.name, row, claim, lease_over
        if key not in self._taken:
            after = take(step, row, claim=claim, lease_over=lease_over, limit=self.scope.attempts)
            self._taken[key] = after and Row(after.status, after.claim, after.attempts)
            assert after is None or after.rev == row.rev + 1
        return self._taken[key]

    def names_taken(self) -> frozenset[str]:
        """The transitions that were possible at least once."""
        return frozenset(key[0] for key, after in self._taken.items() if after is not None)

    def _plan(self, seen: Seen, row: SeenRow) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
        """How many messages reconcile adds, and the places (in what was seen) of those it deletes, and of the surplus."""
        rows = [_open_row(row)] if row.status in OPEN else []
        plan = self.rules.reconcile(stream_view(seen), rows)
        return len(plan.adds), _places(plan.deletes), _places(plan.surplus)


def _places(names: Iterable[str]) -> tuple[int, ...]:
    return tuple(int(name.partition("-")[0]) for name in names)


def _open_row(row: SeenRow) -> OpenRow:
    assert row.status is not None
    unchanged = 0.0 if row.fresh else SETTLE_SECONDS + 1
    return OpenRow(JOB, row.status, unchanged, int(row.retried), f"{row.held}-0" if row.held else None)


def stream_view(seen: Seen) -> StreamView:
    """The stream as the janitor reads it, the message at place n with the id n-0."""
    ages = {FRESH: 0.0, STALE: STALE_SECONDS + 1}
    kinds = seen.kinds
    assert set(kinds) <= {WAITING, FRESH, STALE, GHOST}
    messages = [Message(f"{place}-0", JOB) for place in range(1, len(kinds) + seen.added + 1)]
    return StreamView(
        messages=tuple(messages[: len(kinds)]),
        last_delivered=f"{len(kinds.rstrip(WAITING))}-0",
        pending={f"{place}-0": ages[kind] for place, kind in enumerate(kinds, 1) if kind in ages},
        added=tuple(messages[len(kinds) :]),
        delivered_since=f"{seen.delivered}-0",
    )
