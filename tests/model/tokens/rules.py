"""The rules of tokens, each of which can be taken out, and how far a search goes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from core.queue import Message
from core.transitions import OPEN, Transition
from janitor.reconcile import SETTLE_SECONDS, STALE_SECONDS, OpenRow, Plan, StreamView, reconcile
from tests.model.rows import Row, take
from tests.model.state import FRESH, STALE, WAITING
from tests.model.tokens.state import Faults, SeenJob, State, Token

Reconcile = Callable[[StreamView, Iterable[OpenRow]], Plan]
ATTEMPTS = 2
NONE = Faults()
AGES = {FRESH: 0.0, STALE: STALE_SECONDS + 1}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The protocol as it is; another value takes a rule out."""

    reconcile: Reconcile = reconcile
    looks_again: bool = True
    claim_keeps_message: bool = True
    retry_is_token: bool = False
    read_is_no_surplus: bool = True
    newer_claim_keeps_message: bool = True


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What may happen in a search: so many `jobs`, `most` of each fault, `faults` altogether.

    `calm`: nobody is slow, so that seconds never pass in the middle of anyone's step. A search that is given a number of
    `states` looks at so many, which are those within the fewest steps, and says nothing of futures.
    """

    most: Faults = NONE
    faults: int = 0
    jobs: int = 2
    calm: bool = False
    states: int = 0


class Protocol:
    """Rules within a scope."""

    def __init__(self, rules: Rules, scope: Scope) -> None:
        self.rules, self.scope = rules, scope
        self.plan = cache(self._plan)
        self.take = cache(self._take)

    def allows(self, state: State, fault: str) -> bool:
        """Whether one more fault of that kind may happen."""
        return sum(state.faults) < self.scope.faults and getattr(state.faults, fault) < getattr(self.scope.most, fault)

    def _take(self, step: Transition, row: Row, claim: int = -1, lease_over: bool = False) -> Row | None:
        after = take(step, row, claim=claim, lease_over=lease_over, limit=ATTEMPTS)
        return after and Row(after.status, after.claim, after.attempts)

    def _plan(
        self, tokens: tuple[Token, ...], new: tuple[int, ...], delivered: int, rows: tuple[SeenJob, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """The jobs that get a message, and the places in what was seen of the messages that go, and of the surplus."""
        messages = [Message(f"{n}-0", UUID(int=job)) for n, job in enumerate((*(job for job, _ in tokens), *new), 1)]
        stream = StreamView(
            messages=tuple(messages[: len(tokens)]),
            last_delivered=f"{max((n for n, (_, kind) in enumerate(tokens, 1) if kind != WAITING), default=0)}-0",
            pending={f"{n}-0": AGES[kind] for n, (_, kind) in enumerate(tokens, 1) if kind in AGES},
            added=tuple(messages[len(tokens) :]),
            delivered_since=f"{delivered}-0",
        )
        plan = self.rules.reconcile(stream, [_open_row(n, row) for n, row in enumerate(rows) if row.status in OPEN])
        return tuple(job.int for job in plan.adds), _places(plan.deletes), _places(plan.surplus)


def _places(names: Iterable[str]) -> tuple[int, ...]:
    return tuple(int(name.partition("-")[0]) for name in names)


def _open_row(number: int, row: SeenJob) -> OpenRow:
    assert row.status is not None
    unchanged = 0.0 if row.is_fresh else SETTLE_SECONDS + 1
    return OpenRow(UUID(int=number), row.status, unchanged, row.attempts, f"{row.held}-0" if row.held else None)
