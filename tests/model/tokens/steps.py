"""Everything that can happen next to several jobs. Faults begin with an exclamation mark."""

from collections.abc import Iterator

from core.transitions import CANCEL, CLAIM, FAIL, HAND_BACK, LOSE, OPEN, RECLAIM, Status
from tests.model.rows import Row
from tests.model.state import FRESH, GHOST, GONE, STALE, WAITING
from tests.model.tokens.rules import Protocol
from tests.model.tokens.state import (
    Job,
    SeenJob,
    State,
    Sweep,
    Worker,
    added,
    count_open,
    counted,
    flushed,
    is_open,
    marked,
    owns_job,
    removed,
    unsure,
    with_job,
    with_row,
    with_worker,
)

Step = tuple[str, State]


def successors(protocol: Protocol, state: State) -> Iterator[Step]:
    """Everything that can happen next."""
    for number, job in enumerate(state.jobs):
        yield from _submit_steps(protocol, state, number, job)
        yield from _row_steps(protocol, state, number, job)
    one, other = state.workers
    for which, worker in enumerate(state.workers if one != other else (one,)):
        yield from _worker_steps(protocol, state, which, worker)
    yield from _sweep_steps(protocol, state)
    yield from _stream_steps(protocol, state)


def _submit_steps(protocol: Protocol, state: State, number: int, job: Job) -> Iterator[Step]:
    if job.row is None:
        stored = with_job(state, number, Job(Row(), is_fresh=True))
        yield f"the API stores job {number}", unsure(stored._replace(lacking=state.lacking + 1))
    elif not job.is_sent:
        sent = with_job(state, number, job._replace(is_sent=True))
        yield f"the API sends the message of job {number}", added(sent, number)._replace(lacking=state.lacking - 1)
        if protocol.allows(state, "lost"):
            yield "! the API's message is lost", unsure(counted(sent, "lost"))


def _row_steps(protocol: Protocol, state: State, number: int, job: Job) -> Iterator[Step]:
    """Time, the sweep of the leases, a user who cancels, a lease that runs out on a living worker."""
    if job.row is None or job.row.status not in OPEN:
        return
    if job.is_fresh and not (protocol.scope.calm and _in_between(state)):
        yield f"time passes, job {number} has settled", with_job(state, number, job._replace(is_fresh=False))
    owned = any(worker.job == number and owns_job(state, worker) for worker in state.workers)
    if job.row.status is Status.PROCESSING and not job.lease_over:
        over = with_job(state, number, job._replace(lease_over=True))
        if not owned:
            yield f"time passes, the lease of job {number} runs out", over
        elif protocol.allows(state, "lapse"):
            yield f"! the lease of job {number} runs out", counted(over, "lapse")
    for step in (LOSE, RECLAIM):
        row = protocol.take(step, job.row, lease_over=job.lease_over)
        if row is not None:
            yield f"the janitor: {step.name} job {number}", with_row(state, number, row)
    if protocol.allows(state, "cancel") and (row := protocol.take(CANCEL, job.row)) is not None:
        yield f"! the user cancels job {number}", counted(with_row(state, number, row), "cancel")


def _in_between(state: State) -> bool:
    unsent = any(job.row is not None and not job.is_sent for job in state.jobs)
    return unsent or state.sweep.at != "idle" or any(worker.at == "handed" for worker in state.workers)


def _worker_steps(protocol: Protocol, state: State, which: int, worker: Worker) -> Iterator[Step]:
    if worker.at == "idle":
        yield from _read(state, which)
        return
    if worker.at == "read":
        yield from _claim(protocol, state, which, worker)
    elif worker.at == "run":
        yield from _run(protocol, state, which, worker)
    elif worker.at == "ack":
        yield "a worker's XACK and XDEL", with_worker(removed(state, worker.message), which, Worker())
        if protocol.allows(state, "lost"):
            yield "! a worker's XACK and XDEL are lost", with_worker(counted(state, "lost"), which, Worker())
    else:
        given = removed(added(state, worker.job), worker.message)
        yield f"a worker hands back job {worker.job} in the queue", with_worker(given, which, Worker())
        if protocol.allows(state, "lost"):
            yield "! a worker's hand-back in the queue is lost", with_worker(counted(state, "lost"), which, Worker())
    if protocol.allows(state, "crash"):
        yield "! a worker dies", with_worker(counted(state, "crash"), which, Worker())


def _read(state: State, which: int) -> Iterator[Step]:
    if not state.has_group:
        yield "a worker makes the group", state._replace(has_group=True)
        return
    place = next((place for place, (_, kind) in enumerate(state.tokens, 1) if kind == WAITING), GONE)
    if place != GONE:
        own = state.tokens[place - 1][0]
        yield (
            f"a worker reads the message of job {own}",
            with_worker(marked(state, place, FRESH), which, Worker("read", place, own)),
        )


def _claim(protocol: Protocol, state: State, which: int, worker: Worker) -> Iterator[Step]:
    """Claim the job whose turn it is, or the message's own when that was started before."""
    own = state.jobs[worker.job].row
    waiting = [number for number, job in enumerate(state.jobs) if _is_waiting(job)]
    if own is not None and own.status is Status.QUEUED and own.attempts and not protocol.rules.retry_is_token:
        yield _claimed(protocol, state, which, worker.job)
    elif waiting:
        yield _claimed(protocol, state, which, waiting[0])
        if protocol.allows(state, "locked"):
            passed = counted(state, "locked")
            yield (_claimed(protocol, passed, which, waiting[1]) if waiting[1:] else _missed(passed, which, own))
    else:
        yield _missed(state, which, own)
    if protocol.allows(state, "drain"):
        given = removed(added(counted(state, "drain"), worker.job), worker.message)
        yield "! a worker drains and gives back what it has read", with_worker(given, which, Worker())


def _is_waiting(job: Job) -> bool:
    return job.row is not None and job.row.status is Status.QUEUED and not job.row.attempts


def _claimed(protocol: Protocol, state: State, which: int, number: int) -> Step:
    worker, before = state.workers[which], state.jobs[number].row
    row = protocol.take(CLAIM, before) if before else None
    assert row is not None
    label = f"a worker claims job {number} by the message of job {worker.job}"
    kept = worker.message if protocol.rules.claim_keeps_message else GONE
    # The worker was slow with its message, and the janitor has deleted it.
    state = state._replace(lacking=state.lacking + (worker.message == GONE))
    return label, with_worker(
        with_row(state, number, row, kept), which, Worker("run", worker.message, number, row.claim)
    )


def _missed(state: State, which: int, own: Row | None) -> Step:
    """Look at the message's own job. Fault or not, the step is one: nobody can have come in between to any harm."""
    worker = state.workers[which]
    label = "! a worker passes over a locked job" if any(map(_is_waiting, state.jobs)) else "a worker finds no job"
    is_over = own is None or own.status not in OPEN
    if is_over and not count_open(state):
        return f"{label}, and has no need of the message", with_worker(state, which, worker._replace(at="ack"))
    return f"{label}, and leaves the message pending", with_worker(state, which, Worker())


def _run(protocol: Protocol, state: State, which: int, worker: Worker) -> Iterator[Step]:
    job = state.jobs[worker.job]
    if not owns_job(state, worker):
        is_last = job.row is not None and job.row.claim == worker.claim
        ends = not is_open(job) and (is_last or not protocol.rules.newer_claim_keeps_message)
        found = worker._replace(at="ack") if ends else Worker()
        yield "a worker finds its claim lost", with_worker(state, which, found)
        return
    if job.lease_over:
        renewed = with_job(state, worker.job, job._replace(lease_over=False))
        yield f"a heartbeat renews the lease of job {worker.job}", renewed
    assert job.row is not None
    ended = protocol.take(FAIL, job.row, claim=worker.claim)
    assert ended is not None
    yield (
        f"a worker ends job {worker.job}",
        with_worker(with_row(state, worker.job, ended), which, worker._replace(at="ack")),
    )
    if protocol.allows(state, "drain"):
        back = protocol.take(HAND_BACK, job.row, claim=worker.claim)
        assert back is not None
        handed = with_row(counted(state, "drain"), worker.job, back)
        yield "! a worker drains, hands back in the record", with_worker(handed, which, worker._replace(at="handed"))


def _sweep_steps(protocol: Protocol, state: State) -> Iterator[Step]:
    sweep = state.sweep
    if sweep.at == "idle":
        sure = all(worker.at in {"idle", "read"} or owns_job(state, worker) for worker in state.workers)
        sure = sure and all(job.row is None or job.is_sent for job in state.jobs)
        places = tuple(range(1, len(state.tokens) + 1))
        looking = Sweep("looking", places, state.tokens, is_sure=sure)
        yield "the janitor reads the stream", state._replace(sweep=looking, has_group=True)
    elif sweep.at == "looking":
        rows = tuple(
            SeenJob(job.row.status if job.row else None, job.is_fresh, job.row.attempts if job.row else 0, job.held)
            for job in state.jobs
        )
        sure = sweep.is_sure and not any(is_open(job) and job.is_fresh for job in state.jobs)
        compared = sweep._replace(at="compared", rows=rows, is_sure=sure)
        yield "the janitor reads the rows", state._replace(sweep=compared)
    elif sweep.at == "compared":
        yield "the janitor looks at the stream again", _planned(protocol, state)
    else:
        yield "the janitor mends the queue", _applied(protocol, state)


def _planned(protocol: Protocol, state: State) -> State:
    sweep = state.sweep
    new = tuple(place for place in range(1, len(state.tokens) + 1) if place not in sweep.places)
    places = (*sweep.places, *new)
    if protocol.rules.looks_again:
        read = [n for n, place in enumerate(places, 1) if place == GONE or state.tokens[place - 1][1] != WAITING]
        fresh, delivered = tuple(state.tokens[place - 1][0] for place in new), max(read, default=0)
    else:
        fresh, delivered = (), sum(kind != WAITING for _, kind in sweep.tokens)
    rows = tuple(row._replace(held=places.index(row.held) + 1 if row.held != GONE else GONE) for row in sweep.rows)
    adds, *others = protocol.plan(sweep.tokens, fresh, delivered, rows)
    gone, surplus = (tuple(sorted(places[n - 1] for n in some if places[n - 1] != GONE)) for some in others)
    planned = state._replace(sweep=Sweep("planned", adds=adds, deletes=gone, surplus=surplus, is_sure=sweep.is_sure))
    return planned if adds or gone or surplus else _applied(protocol, planned)


def _applied(protocol: Protocol, state: State) -> State:
    sweep = state.sweep
    unsent = sum(job.row is not None and not job.is_sent for job in state.jobs)
    # A running job whose message is lost has one that stands for it, as well as counting can tell.
    bare = sum(job.row is not None and job.row.status is Status.PROCESSING and job.held == GONE for job in state.jobs)
    lacking = min(state.lacking, unsent + bare) if sweep.is_sure else state.lacking
    after = added(state._replace(sweep=Sweep(), lacking=lacking), *sweep.adds)
    unread = [place for place in sweep.surplus if state.tokens[place - 1][1] == WAITING]
    surplus = unread if protocol.rules.read_is_no_surplus else sweep.surplus
    if state.faults.forget:  # a forgotten message goes although it may be in use
        held = {job.held for job in state.jobs} - {GONE}
        after = after._replace(lacking=after.lacking + len(held & set(sweep.deletes)))
    for place in sorted((*sweep.deletes, *surplus), reverse=True):
        after = removed(after, place)
    return after


def _stream_steps(protocol: Protocol, state: State) -> Iterator[Step]:
    """Pending messages go stale in the order of their delivery; Redis loses all, or a consumer."""
    oldest = next((place for place, (_, kind) in enumerate(state.tokens, 1) if kind == FRESH), GONE)
    looked_at = any(worker.message == oldest and worker.at == "read" for worker in state.workers)
    if oldest != GONE and not (protocol.scope.calm and looked_at):
        yield "time passes, a pending message is stale", marked(state, oldest, STALE)
    if protocol.allows(state, "flush") and (state.tokens or state.has_group):
        yield "! FLUSHALL", flushed(counted(state, "flush"))
    if protocol.allows(state, "forget"):
        for place, (_, kind) in enumerate(state.tokens, 1):
            if kind in FRESH + STALE:
                yield "! the group forgets a pending message", marked(counted(state, "forget"), place, GHOST)
