"""Everything but the workers: the janitor, the submission, the user who cancels, time, and the faults."""

from collections.abc import Iterator

from core.transitions import OPEN, Status
from tests.model.rows import Row
from tests.model.rules import Protocol, Seen, SeenRow
from tests.model.state import (
    FRESH,
    GHOST,
    GONE,
    STALE,
    WAITING,
    State,
    Sweep,
    Worker,
    added,
    counted,
    flushed,
    is_open,
    marked,
    removed,
    with_row,
    with_worker,
)
from tests.model.workers import Step, settled, with_group


def submit_steps(protocol: Protocol, state: State) -> Iterator[Step]:
    """The API: the row and the upload in one transaction, then the message, best effort."""
    first, second = ("store", "send") if protocol.rules.commit_before_message else ("send", "store")
    if state.submit in {"storing", "sending"}:
        step, then = (first, "sending") if state.submit == "storing" else (second, "sent")
        if step == "store":
            yield "the API stores the job", with_row(state._replace(submit=then), Row())
        else:
            yield "the API sends the message", added(state._replace(submit=then))
            yield "! the API's message is lost", state._replace(submit=then)


def janitor_steps(protocol: Protocol, state: State) -> Iterator[Step]:
    """The sweep of the leases, and the three steps of the queue's."""
    for step in (protocol.rules.lose, protocol.rules.reclaim):
        row = protocol.taken(step, state.row, lease_over=state.lease_over)
        if row is not None:
            yield f"the janitor: {step.name}", with_row(state, row)
    if protocol.rules.janitor_sweeps:
        yield from _sweep_steps(protocol, state)


def _sweep_steps(protocol: Protocol, state: State) -> Iterator[Step]:
    sweep, stream_first = state.sweep, protocol.rules.stream_before_rows
    if sweep.at == "planned":
        yield "the janitor mends the queue", _applied(state)
        yield "! the janitor ends before it mends the queue", state._replace(sweep=Sweep())
    elif sweep.at == "idle":
        after = _seen(protocol, state, Sweep(owed=True)) if stream_first else _known(state, Sweep(owed=True))
        yield f"the janitor reads the {'stream' if stream_first else 'rows'}", after
    elif sweep.at == "compared":
        yield "the janitor looks at the stream again", _planned(protocol, state)
    elif stream_first:
        known = _known(state, sweep)
        yield "the janitor reads the rows", known._replace(sweep=known.sweep._replace(at="compared"))
    else:
        yield "the janitor reads the stream", _planned(protocol, _seen(protocol, state, sweep))


def _seen(protocol: Protocol, state: State, sweep: Sweep) -> State:
    state = with_group(protocol, state)
    places = tuple(range(1, len(state.messages) + 1))
    return state._replace(sweep=sweep._replace(at="looking", places=places, kinds=state.messages))


def _known(state: State, sweep: Sweep) -> State:
    status, fresh = (state.row.status, state.fresh) if state.row else (None, False)
    owed = sweep.owed and status in OPEN and not fresh
    retried = status is Status.QUEUED and state.row is not None and state.row.attempts > 0
    return state._replace(
        sweep=sweep._replace(at="looking", status=status, fresh=fresh, retried=retried, held=state.held, owed=owed)
    )


def _planned(protocol: Protocol, state: State) -> State:
    """The second look, and the plan. What was seen is numbered from 1: the messages of the first look, then the added."""
    sweep = state.sweep
    new = tuple(place for place in range(1, len(state.messages) + 1) if place not in sweep.places)
    places = (*sweep.places, *new)
    held = places.index(sweep.held) + 1 if sweep.held != GONE else GONE
    read = [n for n, place in enumerate(places, 1) if place == GONE or state.messages[place - 1] != WAITING]
    seen = Seen(sweep.kinds, len(new), max(read, default=0))
    adds, *others = protocol.plan(seen, SeenRow(sweep.status, sweep.fresh, sweep.retried, held))
    deletes, surplus = (tuple(sorted(places[n - 1] for n in some if places[n - 1] != GONE)) for some in others)
    planned = state._replace(sweep=Sweep("planned", adds=adds, deletes=deletes, surplus=surplus, owed=sweep.owed))
    return planned if adds or deletes or surplus else _applied(planned)


def _applied(state: State) -> State:
    sweep = state.sweep
    after = added(state._replace(sweep=Sweep(), excused=state.excused and not sweep.owed), sweep.adds)
    unread = [place for place in sweep.surplus if state.messages[place - 1] == WAITING]
    for place in sorted((*sweep.deletes, *unread), reverse=True):
        after = removed(after, place)
    return after


def user_steps(protocol: Protocol, state: State) -> Iterator[Step]:
    """DELETE of a job: cancel it, or erase it when it is over; then the children hear of it."""
    rules = protocol.rules
    if state.user == "content" and protocol.scope.cancel and state.row is not None:
        row = protocol.taken(rules.cancel, state.row)
        after = state._replace(user="late") if row is None else with_row(state._replace(user="telling"), row)
        yield "the user cancels" + (", too late" if row is None else ""), after
    elif state.user == "late":
        row = protocol.taken(rules.expire, state.row)
        after = state._replace(user="gone")
        yield "the user's job is erased", after if row is None else with_row(after._replace(results=()), row)
    elif state.user == "telling":
        yield "the workers hear of the cancel", _children_killed(protocol, state._replace(user="gone"))
        yield "! nobody hears of the cancel", state._replace(user="gone")


def _children_killed(protocol: Protocol, state: State) -> State:
    for which, worker in enumerate(state.workers):
        if worker.at == "run":
            state = settled(protocol, state, which)
    return state


def time_steps(protocol: Protocol, state: State) -> Iterator[Step]:
    """Seconds pass: the row settles, pending messages go stale in the order of their delivery, the lease of a dead worker runs out."""
    if state.fresh and not (protocol.scope.calm and _in_between(state)):
        yield "time passes, the row has settled", state._replace(fresh=False)
    oldest = state.messages.find(FRESH) + 1
    if oldest and not (protocol.scope.calm and _being_looked_at(state, oldest)):
        yield "time passes, a pending message is stale", marked(state, oldest, STALE)
    if _leased(state) and not (protocol.rules.heartbeat_renews and live_owner(state)):
        yield "time passes, the lease runs out", state._replace(lease_over=True)


def _leased(state: State) -> bool:
    return state.row is not None and state.row.status is Status.PROCESSING and not state.lease_over


def live_owner(state: State) -> Worker | None:
    """The worker that made the last claim, while its child still runs."""
    return next((w for w in state.workers if w.at == "run" and w.run == state.runs), None)


def _in_between(state: State) -> bool:
    return state.submit == "sending" or state.sweep.at != "idle" or any(w.at == "handed" for w in state.workers)


def _being_looked_at(state: State, place: int) -> bool:
    return any(w.message == place and w.at == "read" for w in state.workers)


def fault_steps(protocol: Protocol, state: State) -> Iterator[Step]:
    """A worker dies (another starts), or is cut off for longer than its lease; Redis loses all, or a consumer.

    Only while the job is open: afterwards they do what an XACK that is lost does too.
    """
    allows = protocol.scope.allows
    if not is_open(state):
        return
    if allows(state, "crash"):
        yield from _crashes(counted(state, "crash"))
    if allows(state, "lapse") and _leased(state) and live_owner(state):
        yield "! a living worker's lease runs out", counted(state, "lapse")._replace(lease_over=True)
    if allows(state, "flush") and (state.messages or state.group):
        yield "! FLUSHALL", flushed(counted(state, "flush"))
    if allows(state, "forget"):
        for place, kind in enumerate(state.messages, 1):
            if kind in FRESH + STALE:
                yield "! the group forgets a pending message", marked(counted(state, "forget"), place, GHOST)


def _crashes(state: State) -> Iterator[Step]:
    for which, worker in enumerate(state.workers):
        if worker.at != "idle":
            yield "! a worker dies", with_worker(state, which, Worker())
