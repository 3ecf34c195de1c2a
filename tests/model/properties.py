"""What must hold: in every state, at every step, and for every state's future."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.transitions import OPEN, TERMINAL, Status
from tests.model.rows import Row
from tests.model.rules import Scope
from tests.model.state import GHOST, State
from tests.model.surroundings import live_owner

ORDINARY, FAULT, CONVERTED = range(3)
KINDS = {"!": FAULT, "*": CONVERTED}


class Breach(StrEnum):
    """The properties, by what their breach means."""

    STUCK = "the job never ends"
    LEAKED = "the job has ended, but a message or a worker's step never does"
    RUNAWAY = "a child runs on for a claim that is lost, and nothing will kill it"
    MIXED = "the success and the stored result are not of the same run"
    KEPT = "a job without success keeps a result"
    TWICE = "a job has more than one result"
    REVIVED = "a status that was final changes"
    IGNORED = "a cancel was answered, and the job goes on or has a result"
    ROBBED = "a living worker loses its claim although its lease has never run out"
    BACKWARDS = "the fence goes down"
    OVERRUN = "a job is started more often than it may be"
    SPENT = "the attempts are not the claims that were not handed back"
    UNCOUNTED = "XLEN = 0 while the job is open"
    MISCOUNTED = "XLEN is not what waits and what is pending"
    DOUBLED = "XLEN counts the job twice although nothing went wrong"
    MEDDLED = "the janitor adds a message although nothing went wrong"
    UNTOLD = "a success is never announced although its worker lives"


def broken_at(state: State, scope: Scope) -> Iterator[Breach]:
    """The properties that do not hold in a state."""
    assert len(state.messages) < 8, "messages pile up without end"
    if state.row is not None:
        checks = {**_queue(state, state.row, scope), **_record(state, state.row, scope)}
        yield from (breach for breach, broken in checks.items() if broken)


def _queue(state: State, row: Row, scope: Scope) -> dict[Breach, bool]:
    return {
        Breach.UNCOUNTED: row.status in OPEN and not state.messages and not state.excused,
        Breach.MISCOUNTED: GHOST in state.messages and not state.faults.forget,
        Breach.DOUBLED: scope.calm and len(state.messages) > 1,
        Breach.MEDDLED: scope.calm and state.sweep.adds > 0,
    }


def _record(state: State, row: Row, scope: Scope) -> dict[Breach, bool]:
    succeeded = row.status is Status.SUCCEEDED
    return {
        Breach.TWICE: len(state.results) > 1,
        Breach.MIXED: succeeded and state.results[-1:] != (state.runs,),
        Breach.KEPT: not succeeded and bool(state.results),
        Breach.IGNORED: state.user == "gone" and row.status not in {Status.CANCELED, Status.EXPIRED},
        Breach.OVERRUN: row.attempts > scope.attempts,
        Breach.SPENT: row.attempts != state.runs - state.handed,
        Breach.UNTOLD: succeeded and not state.told and not _will_tell(state),
    }


def _will_tell(state: State) -> bool:
    return any(w.run in state.results and w.at in {"run", "stored"} for w in state.workers)


def broken_by(before: State, label: str, after: State) -> Iterator[Breach]:
    """The properties that do not hold for a step."""
    was, now = before.row, after.row
    if was is None or now is None or was is now:
        return
    if was.status in TERMINAL and now.status is not was.status and now.status is not Status.EXPIRED:
        yield Breach.REVIVED
    if now.claim < was.claim:
        yield Breach.BACKWARDS
    if was.status is Status.PROCESSING and _robs(before, label, after):
        yield Breach.ROBBED


def _robs(before: State, label: str, after: State) -> bool:
    """Whether someone else than its worker or the user has ended a claim whose worker lives and was never cut off."""
    if label.startswith("the user") or "the answer is lost" in label:
        return False
    owner = live_owner(before)
    return owner in after.workers and (not before.lease_over or not before.faults.lapse)


def kind_of(label: str) -> int:
    """The kind of a step, as a small number."""
    return KINDS.get(label[0], ORDINARY)


@dataclass(frozen=True, slots=True)
class Future:
    """`goal` must be reachable from every state without steps of the kinds in `without`."""

    breach: Breach
    goal: Callable[[State], bool]
    without: frozenset[int]


def _is_over(state: State) -> bool:
    return state.row is not None and state.row.status in TERMINAL


def _is_quiet(state: State) -> bool:
    return _is_over(state) and not state.messages and all(w.at == "idle" for w in state.workers)


def _has_no_runaway(state: State) -> bool:
    owner = live_owner(state) if state.row and state.row.status is Status.PROCESSING else None
    return all(w.at != "run" or w == owner for w in state.workers)


FUTURES = (
    Future(Breach.STUCK, _is_over, frozenset({FAULT})),
    Future(Breach.LEAKED, _is_quiet, frozenset({FAULT})),
    # A conversion may take as long as it likes: what is lost has to be killed.
    Future(Breach.RUNAWAY, _has_no_runaway, frozenset({FAULT, CONVERTED})),
)
