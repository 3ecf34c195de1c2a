"""The world of several jobs as a value: their rows, the stream of tokens, two workers and the janitor.

As in tests.model.state, a message is known by its place in the stream, counted from 1, and GONE once it is deleted. Job 0
has the lowest turn. What the fence keeps out is shown by the search of one job; here a worker owns its job or does not.
"""

from collections.abc import Callable
from typing import NamedTuple

from core.transitions import OPEN, Status
from tests.model.rows import Row
from tests.model.state import GONE, WAITING

Token = tuple[int, str]
"""The job whose message it is, and its kind."""

OVER = Row(Status.FAILED, claim=1)


class Job(NamedTuple):
    """A job's row. `is_sent`: the API has done with its message. `held` is the message of its claim."""

    row: Row | None = None
    is_sent: bool = False
    is_fresh: bool = False
    lease_over: bool = False
    held: int = GONE


class Worker(NamedTuple):
    """A worker at its next step, with the message in its hands; `job` and `claim` are of the job that it runs."""

    at: str = "idle"
    message: int = GONE
    job: int = -1
    claim: int = 0


class SeenJob(NamedTuple):
    """A row as the janitor reads it."""

    status: Status | None
    is_fresh: bool
    attempts: int
    held: int


class Sweep(NamedTuple):
    """The janitor's look at the queue, then what it will do. `is_sure`: nothing was on its way, so XLEN is true afterwards."""

    at: str = "idle"
    places: tuple[int, ...] = ()
    tokens: tuple[Token, ...] = ()
    rows: tuple[SeenJob, ...] = ()
    adds: tuple[int, ...] = ()
    deletes: tuple[int, ...] = ()
    surplus: tuple[int, ...] = ()
    is_sure: bool = False


class Faults(NamedTuple):
    """How often each fault has happened."""

    crash: int = 0
    lapse: int = 0
    flush: int = 0
    drain: int = 0
    forget: int = 0
    lost: int = 0
    locked: int = 0
    cancel: int = 0


class State(NamedTuple):
    """Everything at one moment. `lacking` is how many messages the stream may lack: not sent yet, or lost."""

    jobs: tuple[Job, ...]
    tokens: tuple[Token, ...] = ()
    has_group: bool = False
    workers: tuple[Worker, Worker] = (Worker(), Worker())
    sweep: Sweep = Sweep()
    lacking: int = 0
    faults: Faults = Faults()


def canonical(state: State) -> State:
    """One state for all that have the same future: claims are numbered anew, and the workers are alike."""
    jobs, workers = list(state.jobs), list(state.workers)
    for number, job in enumerate(jobs):
        if job.row is None:
            continue
        for which, worker in enumerate(workers):
            if worker.job == number and worker.claim:
                workers[which] = worker._replace(claim=1 if worker.claim == job.row.claim else 2)
        if job.row.status in OPEN:
            jobs[number] = job._replace(row=Row(job.row.status, 1 if job.row.claim else 0, job.row.attempts))
        else:
            jobs[number] = Job(OVER, job.is_sent)
    one, other = sorted(workers)
    return state._replace(jobs=tuple(jobs), workers=(one, other))


def owns_job(state: State, worker: Worker) -> bool:
    """Whether the worker's claim on the job it runs is the current one."""
    row = state.jobs[worker.job].row if worker.at == "run" else None
    return row is not None and (row.status, row.claim) == (Status.PROCESSING, worker.claim)


def is_open(job: Job) -> bool:
    """Whether the job is stored and not over."""
    return job.row is not None and job.row.status in OPEN


def count_open(state: State) -> int:
    """How many jobs are open."""
    return sum(map(is_open, state.jobs))


def counted(state: State, fault: str) -> State:
    """The state with one more fault of a kind."""
    return state._replace(faults=state.faults._replace(**{fault: getattr(state.faults, fault) + 1}))


def with_job(state: State, number: int, job: Job) -> State:
    """The state with another row. A job that ends while the janitor looks makes it unsure."""
    if state.sweep.at == "looking" and is_open(state.jobs[number]) and not is_open(job):
        state = unsure(state)
    return state._replace(jobs=(*state.jobs[:number], job, *state.jobs[number + 1 :]))


def with_row(state: State, number: int, row: Row, held: int = GONE) -> State:
    """The state after a transition of a row."""
    fresh = row.status in OPEN
    return with_job(state, number, Job(row, state.jobs[number].is_sent, fresh, held=held))


def with_worker(state: State, which: int, worker: Worker) -> State:
    """The state with one worker at another step."""
    workers = (worker, state.workers[1]) if which == 0 else (state.workers[0], worker)
    return state._replace(workers=workers)


def unsure(state: State) -> State:
    """The state in which the sweep under way no longer promises anything."""
    return state._replace(sweep=state.sweep._replace(is_sure=False)) if state.sweep.is_sure else state


def added(state: State, *jobs: int) -> State:
    """XADD of these jobs' messages."""
    return state._replace(tokens=(*state.tokens, *((job, WAITING) for job in jobs)))


def removed(state: State, place: int) -> State:
    """XACK and XDEL of the message at a place; nothing for one that is gone."""
    if place == GONE:
        return state
    tokens = state.tokens[: place - 1] + state.tokens[place:]
    moved = _remembering(
        state._replace(tokens=tokens), lambda known: GONE if known == place else known - (known > place)
    )
    return unsure(moved)


def marked(state: State, place: int, kind: str) -> State:
    """The message at a place becomes of another kind."""
    if place == GONE:
        return state
    token = (state.tokens[place - 1][0], kind)
    return state._replace(tokens=(*state.tokens[: place - 1], token, *state.tokens[place:]))


def flushed(state: State) -> State:
    """FLUSHALL: no stream, no group, and whatever anyone remembers is gone."""
    state = _remembering(state._replace(tokens=(), has_group=False), lambda _: GONE)
    return unsure(
        state._replace(lacking=sum(is_open(job) or (job.row is not None and not job.is_sent) for job in state.jobs))
    )


def _remembering(state: State, place: Callable[[int], int]) -> State:
    sweep = state.sweep
    one, other = state.workers
    return state._replace(
        jobs=tuple(job._replace(held=place(job.held)) for job in state.jobs),
        workers=(one._replace(message=place(one.message)), other._replace(message=place(other.message))),
        sweep=sweep._replace(
            places=tuple(map(place, sweep.places)),
            rows=tuple(row._replace(held=place(row.held)) for row in sweep.rows),
            deletes=tuple(known for known in map(place, sweep.deletes) if known != GONE),
            surplus=tuple(known for known in map(place, sweep.surplus) if known != GONE),
        ),
    )
