"""Everything but the workers: the janitor, the submission, the user who cancels, time, and the faults."""

from collections.abc import Iterator

from core.transitions import OPEN, Status
from tests.model.rows import Row
from tests.model.rules import Protocol
from tests.model.state import (
    FRESH,
    GHOST,
    GONE,
    STALE,
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
    elif stream_first:
        yield "the janitor reads the rows", _planned(protocol, _known(state, sweep))
    else:
        yield "the janitor reads the stream", _planned(protocol, _seen(protocol, state, sweep))


def _seen(protocol: Protocol, state: State, sweep: Sweep) -> State:
    state = with_group(protocol, state)
    places = tuple(range(1, len(state.messages) + 1))
    return state._replace(sweep=sweep._replace(at="looking", places=places, kinds=state.messages))


def _known(state: State, sweep: Sweep) -> State:
    status, fresh = (state.row.status, state.fresh) if state.row else (None, False)
    owed = sweep.owed and status in OPEN and not fresh
    return state._replace(sweep=sweep._replace(at="looking", status=status, fresh=fresh, owed=owed))


def _planned(protocol: Protocol, state: State) -> State:
    sweep = state.sweep
    adds, deletes = protocol.plan(sweep.kinds, sweep.status, sweep.fresh)
    places = tuple(sorted(sweep.places[place - 1] for place in deletes))
    planned = Sweep("planned", adds=adds, deletes=tuple(p for p in places if p != GONE), owed=sweep.owed)
    return state._replace(sweep=planned) if adds or deletes else _applied(state._replace(sweep=planned))


def _applied(state: State) -> State:
    sweep = state.sweep
    after = added(state._replace(sweep=Sweep(), excused=state.excused and not sweep.owed), sweep.adds)
    for place in reversed(sweep.deletes):
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
    if oldest and is_open(state) and not (protocol.scope.calm and _being_looked_at(state, oldest)):
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
