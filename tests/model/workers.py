"""What a worker does next, one step for each thing that others can come in between.

Steps that change nothing outside of the worker are one with the next: whoever is refused by a guard looks at
the row again, and nothing that happens in between could change what it finds there to its harm, since a fence that
has refused refuses for ever, and a job that waits again is claimed as if nothing had been tried.
"""

from collections.abc import Callable, Iterator

from core.transitions import TERMINAL, Status
from tests.model.rows import Row
from tests.model.rules import Protocol
from tests.model.state import (
    FRESH,
    GHOST,
    GONE,
    WAITING,
    State,
    Worker,
    added,
    counted,
    is_open,
    marked,
    removed,
    with_row,
    with_worker,
)

Step = tuple[str, State]
"""What happens, and the state after it. Faults begin with an exclamation mark, ends of conversions with an asterisk."""


def worker_steps(protocol: Protocol, state: State) -> Iterator[Step]:
    """All next steps of both workers (of one of them, when they stand at the same point)."""
    one, other = state.workers
    for which, worker in enumerate(state.workers if one != other else (one,)):
        yield from _STEPS[worker.at](protocol, state, which)


def _read(protocol: Protocol, state: State, which: int) -> Iterator[Step]:
    if not state.group:
        yield "a worker makes the group", with_group(protocol, state)
    elif WAITING in state.messages:
        place = state.messages.index(WAITING) + 1
        yield "a worker reads a message", with_worker(marked(state, place, FRESH), which, Worker("read", place))


def with_group(protocol: Protocol, state: State) -> State:
    """The state with a consumer group; one that starts at the end passes over what is there."""
    if not state.group and not protocol.rules.group_from_start:
        state = state._replace(messages=GHOST * len(state.messages))
    return state._replace(group=True)


def _claim(protocol: Protocol, state: State, which: int) -> Iterator[Step]:
    worker, row = state.workers[which], protocol.taken(protocol.rules.claim, state.row)
    if row is not None:
        after = with_row(state._replace(runs=state.runs + 1), row)._replace(held=worker.message)
        yield "a worker claims", with_worker(after, which, Worker("run", worker.message, row.claim, after.runs))
    elif state.row and state.row.status is Status.PROCESSING and protocol.rules.running_stays_pending:
        yield "a worker leaves the message pending, since the job runs", with_worker(state, which, Worker())
    else:
        yield "a worker sees no need for the message", with_worker(state, which, Worker("ack", worker.message))
    if is_open(state) and protocol.scope.allows(state, "drain"):
        given_back = removed(added(counted(state, "drain")), worker.message)
        yield "! a worker drains and gives back what it has read", with_worker(given_back, which, Worker())


def _run(protocol: Protocol, state: State, which: int) -> Iterator[Step]:
    worker, rules = state.workers[which], protocol.rules
    yield from _heartbeat(protocol, state, which)
    if worker.message != GONE and not rules.commit_before_acknowledge:
        yield "* a worker acknowledges", removed(state, worker.message)
        return
    yield from _finish(protocol, state, which)
    if protocol.scope.allows(state, "drain"):
        yield _handed_back(protocol, counted(state, "drain"), which)


def _heartbeat(protocol: Protocol, state: State, which: int) -> Iterator[Step]:
    if _owns(state, state.workers[which]):
        if state.lease_over and protocol.rules.heartbeat_renews:
            yield "a heartbeat renews the lease", state._replace(lease_over=False)
    elif protocol.rules.heartbeat_kills:
        yield "a heartbeat kills the child of a lost claim", settled(protocol, state, which)


def _owns(state: State, worker: Worker) -> bool:
    return state.row is not None and (state.row.status, state.row.claim) == (Status.PROCESSING, worker.claim)


def _finish(protocol: Protocol, state: State, which: int) -> Iterator[Step]:
    worker, rules = state.workers[which], protocol.rules
    success = protocol.taken(rules.succeed, state.row, claim=worker.claim)
    if success is not None:
        after = with_row(state, success)._replace(results=(*state.results, worker.run))
        yield "* a worker commits a success", with_worker(after, which, worker._replace(at="stored"))
        yield "! a worker commits a success, the answer is lost", after
    failure = protocol.taken(rules.fail, state.row, claim=worker.claim)
    if failure is not None:
        after = with_row(state, failure)
        yield "* a worker commits a failure", with_worker(after, which, Worker("ack", worker.message))
    if success is None:
        yield "* a worker's end is refused", settled(protocol, state, which)


def settled(protocol: Protocol, state: State, which: int) -> State:
    """A worker that could not finish has looked at the row again, and knows what to do about the message."""
    worker, row, rules = state.workers[which], state.row, protocol.rules
    assert row is not None
    acknowledging, fenced = Worker("ack", worker.message), Worker()
    if _is_own_success(row, worker):
        found = worker._replace(at="stored") if rules.own_success_is_known else fenced
    else:
        ended = row.status in TERMINAL and row.claim == worker.claim
        found = acknowledging if ended or not rules.miss_is_looked_at else fenced
    return with_worker(state, which, found)


def _is_own_success(row: Row, worker: Worker) -> bool:
    return row.status is Status.SUCCEEDED and row.claim == worker.claim


def _handed_back(protocol: Protocol, state: State, which: int) -> Step:
    worker = state.workers[which]
    row = protocol.taken(protocol.rules.hand_back, state.row, claim=worker.claim)
    if row is None:
        return "! a worker drains, its hand-back is refused", settled(protocol, state, which)
    after = with_row(state, row)._replace(handed=state.handed + 1)
    return "! a worker drains, hands back in the record", with_worker(after, which, Worker("handed", worker.message))


def _handed(protocol: Protocol, state: State, which: int) -> Iterator[Step]:
    place = state.workers[which].message
    if protocol.rules.hand_back_in_one:
        yield "a worker hands back in the queue", with_worker(removed(added(state), place), which, Worker())
    else:
        yield "a worker takes its message away", with_worker(removed(state, place), which, Worker("readd"))
    yield "! a worker's hand-back in the queue is lost", with_worker(state, which, Worker())


def _readd(_: Protocol, state: State, which: int) -> Iterator[Step]:
    yield "a worker adds the message again", with_worker(added(state), which, Worker())


def _stored(protocol: Protocol, state: State, which: int) -> Iterator[Step]:
    yield from _acknowledge(protocol, state._replace(told=True), which)


def _acknowledge(protocol: Protocol, state: State, which: int) -> Iterator[Step]:
    place = state.workers[which].message
    if protocol.rules.acknowledge_with_delete:
        yield "a worker's XACK and XDEL", with_worker(removed(state, place), which, Worker())
    else:
        yield "a worker's XACK alone", with_worker(marked(state, place, GHOST), which, Worker("delete", place))
    yield "! a worker's XACK and XDEL are lost", with_worker(state, which, Worker())


def _delete(_: Protocol, state: State, which: int) -> Iterator[Step]:
    yield "a worker's XDEL alone", with_worker(removed(state, state.workers[which].message), which, Worker())


_STEPS: dict[str, Callable[[Protocol, State, int], Iterator[Step]]] = {
    "idle": _read,
    "read": _claim,
    "run": _run,
    "stored": _stored,
    "ack": _acknowledge,
    "delete": _delete,
    "handed": _handed,
    "readd": _readd,
}
