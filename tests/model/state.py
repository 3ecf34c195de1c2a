"""The world of one job as a value: its row, the stream, two workers, the janitor and the user.

States are compared by the million, so they are tuples of small things. A message is known by its place in
the stream, counted from 1; when one is deleted, the places that others remember are corrected, and who
remembers the deleted one remembers GONE. So ids never grow, and the number of states stays finite.
"""

from collections.abc import Callable
from typing import NamedTuple

from core.transitions import OPEN, TERMINAL, Status
from tests.model.rows import Row

GONE = 0
WAITING, FRESH, STALE, GHOST = "wfsg"
"""A message that nobody has read; one in a pending list, lately or for over STALE_SECONDS; one that nobody will read."""


class Faults(NamedTuple):
    """How often each fault has happened."""

    crash: int = 0
    lapse: int = 0
    flush: int = 0
    drain: int = 0
    forget: int = 0


class Worker(NamedTuple):
    """A worker at its next step; `message` is the one it has read, `claim` its fence, `run` the true number of its run."""

    at: str = "idle"
    message: int = GONE
    claim: int = 0
    run: int = 0


class Sweep(NamedTuple):
    """The janitor's look at the queue: what it saw in the stream, then what it will do about it.

    `held` is the message of the claim by the row. `owed`: it has seen an open row that has settled, and no flush since its look at the stream: from now on,
    there is no excuse for an empty stream.
    """

    at: str = "idle"
    places: tuple[int, ...] = ()
    kinds: str = ""
    status: Status | None = None
    fresh: bool = False
    retried: bool = False
    held: int = GONE
    adds: int = 0
    deletes: tuple[int, ...] = ()
    surplus: tuple[int, ...] = ()
    owed: bool = False


class State(NamedTuple):
    """Everything at one moment.

    `fresh`: the row changed less than SETTLE_SECONDS ago. `held` is the message of its claim. `lease_over`: its lease has run out. `results` are the runs
    whose results are stored. `runs` counts the claims that were made, `handed` those that were handed back.
    `told`: the success was announced, or cannot be. `excused`: the stream may be empty although the job is open.
    """

    row: Row | None = None
    fresh: bool = False
    lease_over: bool = False
    held: int = GONE
    results: tuple[int, ...] = ()
    submit: str = "storing"
    messages: str = ""
    group: bool = False
    workers: tuple[Worker, Worker] = (Worker(), Worker())
    sweep: Sweep = Sweep()
    user: str = "content"
    faults: Faults = Faults()
    runs: int = 0
    handed: int = 0
    told: bool = False
    excused: bool = True


def canonical(state: State) -> State:
    """One state for all that have the same future. The workers are alike, so they are put in order."""
    if state.excused and state.messages:
        state = state._replace(excused=False)
    if state.row and state.row.status in TERMINAL:
        state = _without_what_is_past(state, state.row)
    one, other = state.workers
    return state._replace(workers=(other, one)) if other < one else state


def _without_what_is_past(state: State, row: Row) -> State:
    """Once the job is over, only this matters: who made the last claim, what was forgotten, which messages are left."""
    one, other = (_relative(w, row.claim, state.runs) for w in state.workers)
    return state._replace(
        row=Row(row.status, claim=1, attempts=1),
        results=tuple(1 if run == state.runs else 2 for run in state.results),
        workers=(one, other),
        sweep=state.sweep._replace(owed=False),
        faults=Faults(forget=state.faults.forget),
        runs=1,
        handed=0,
        excused=False,
    )


def _relative(worker: Worker, claim: int, runs: int) -> Worker:
    if not worker.run:
        return worker
    return worker._replace(claim=1 if worker.claim == claim else 2, run=1 if worker.run == runs else 2)


def counted(state: State, fault: str) -> State:
    """The state with one more fault of a kind."""
    return state._replace(faults=state.faults._replace(**{fault: getattr(state.faults, fault) + 1}))


def is_open(state: State) -> bool:
    """Whether there is a job that is not over."""
    return state.row is not None and state.row.status in OPEN


def with_row(state: State, row: Row, *, fresh: bool = True) -> State:
    """The state after a transition of the row."""
    return state._replace(row=row, fresh=fresh and row.status in OPEN, lease_over=False, held=GONE)


def with_worker(state: State, which: int, worker: Worker) -> State:
    """The state with one worker at another step."""
    workers = (worker, state.workers[1]) if which == 0 else (state.workers[0], worker)
    return state._replace(workers=workers)


def added(state: State, count: int = 1) -> State:
    """XADD."""
    return state._replace(messages=state.messages + WAITING * count)


def removed(state: State, place: int) -> State:
    """XACK and XDEL of the message at a place; nothing for one that is gone."""
    if place == GONE:
        return state
    messages = state.messages[: place - 1] + state.messages[place:]
    return _remembering(state._replace(messages=messages), lambda known: _moved(known, place))


def marked(state: State, place: int, kind: str) -> State:
    """The message at a place becomes of another kind."""
    if place == GONE:
        return state
    return state._replace(messages=state.messages[: place - 1] + kind + state.messages[place:])


def flushed(state: State) -> State:
    """FLUSHALL: no stream, no group, and whatever anyone remembers is gone."""
    state = _remembering(state._replace(messages="", group=False, excused=True), lambda _: GONE)
    return state._replace(sweep=state.sweep._replace(owed=False))


def _moved(known: int, deleted: int) -> int:
    return GONE if known == deleted else known - (known > deleted)


def _remembering(state: State, place: Callable[[int], int]) -> State:
    one, other = state.workers
    sweep = state.sweep
    return state._replace(
        held=place(state.held),
        workers=(one._replace(message=place(one.message)), other._replace(message=place(other.message))),
        sweep=sweep._replace(
            held=place(sweep.held),
            places=tuple(place(known) for known in sweep.places),
            deletes=tuple(known for known in map(place, sweep.deletes) if known != GONE),
            surplus=tuple(known for known in map(place, sweep.surplus) if known != GONE),
        ),
    )
