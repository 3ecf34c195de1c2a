from uuid import UUID

import pytest

from core.queue import Message
from core.transitions import Status
from janitor.reconcile import OpenRow, Plan, StreamView, is_live, reconcile

A, B = UUID(int=1), UUID(int=2)


def view(
    *messages: tuple[str, UUID | None],
    last: str = "0-0",
    pending: dict[str, float] | None = None,
    added: tuple[tuple[str, UUID], ...] = (),
    since: str | None = None,
) -> StreamView:
    """Both looks at the stream; nothing was delivered between them unless `since` says so."""
    first = tuple(Message(name, job) for name, job in messages)
    return StreamView(first, last, pending or {}, tuple(Message(name, job) for name, job in added), since or last)


def queued(job: UUID = A, unchanged: float = 60.0, attempts: int = 0) -> OpenRow:
    return OpenRow(job, Status.QUEUED, unchanged, attempts)


def processing(job: UUID = A, unchanged: float = 60.0, message: str | None = None) -> OpenRow:
    return OpenRow(job, Status.PROCESSING, unchanged, 1, message)


NOTHING = Plan((), ())
CASES = {
    "all is well: waiting": (view(("1-0", A)), [queued()], NOTHING),
    "all is well: running": (
        view(("1-0", A), last="1-0", pending={"1-0": 300.0}),
        [processing(message="1-0")],
        NOTHING,
    ),
    "all is well: running by another's message": (
        view(("1-0", A), ("2-0", B), last="1-0", pending={"1-0": 300.0}),
        [processing(B, message="1-0"), queued(A)],
        NOTHING,
    ),
    "all is well: claimed without a message's name, by an older worker": (
        view(("1-0", A), last="1-0", pending={"1-0": 300.0}),
        [processing()],
        NOTHING,
    ),
    "a row without a message gets one": (view(), [queued()], Plan((A,), ())),
    "a running row too, so that XLEN is true": (view(), [processing(message="1-0")], Plan((A,), ())),
    "but not before it has settled": (view(), [queued(unchanged=4.0)], NOTHING),
    "nor another row in its place": (view(("1-0", A)), [queued(B, unchanged=4.0), queued(A)], NOTHING),
    "read in vain": (view(("1-0", A), last="1-0", pending={"1-0": 11.0}), [queued()], Plan((A,), ("1-0",))),
    "read in vain, but not settled": (
        view(("1-0", A), last="1-0", pending={"1-0": 11.0}),
        [queued(unchanged=1.0)],
        NOTHING,
    ),
    "read just now": (view(("1-0", A), last="1-0", pending={"1-0": 9.0}), [queued()], NOTHING),
    "read in vain, but another waits": (
        view(("1-0", A), ("2-0", A), last="1-0", pending={"1-0": 99.0}),
        [queued()],
        Plan((), ("1-0",)),
    ),
    "read in vain twice": (
        view(("1-0", A), ("2-0", A), last="2-0", pending={"1-0": 99.0, "2-0": 98.0}),
        [queued()],
        Plan((A,), ("1-0", "2-0")),
    ),
    "a ghost is replaced": (view(("1-0", A), last="1-0"), [queued()], Plan((A,), ("1-0",))),
    "a ghost beside a live one just goes": (view(("1-0", A), ("2-0", A), last="1-0"), [queued()], Plan((), ("1-0",))),
    "a finished job's message goes": (view(("1-0", A), last="1-0", pending={"1-0": 11.0}), [], Plan((), ("1-0",))),
    "but not out of a worker's hand": (view(("1-0", A), last="1-0", pending={"1-0": 1.0}), [], NOTHING),
    "an unread one goes unless it is read meanwhile": (view(("1-0", A)), [], Plan((), (), ("1-0",))),
    "and stays when it was read by the second look": (view(("1-0", A), since="1-0"), [], NOTHING),
    "a finished job's message is the token of another": (view(("1-0", A)), [queued(B)], NOTHING),
    "of two for one job, the finished job's goes": (
        view(("1-0", B), ("2-0", A)),
        [queued(B)],
        Plan((), (), ("2-0",)),
    ),
    "a message that came between counts as there": (view(added=(("1-0", A),)), [queued(A)], NOTHING),
    "a started job needs its own": (
        view(("1-0", B)),
        [queued(A, attempts=1), queued(B)],
        Plan((A,), ()),
    ),
    "a started job's own is nobody's token": (
        view(("1-0", A)),
        [queued(A, attempts=1), queued(B)],
        Plan((B,), ()),
    ),
    "a lease ran out: its message's place is taken at once": (
        view(("1-0", B), ("2-0", B), last="1-0", pending={"1-0": 60.0}),
        [queued(A, unchanged=0.0, attempts=1), queued(B)],
        Plan((A,), ("1-0",)),
    ),
    "after FLUSHALL a message stands for a running job": (
        view(("1-0", A), ("2-0", B), last="2-0", pending={"1-0": 60.0, "2-0": 60.0}),
        [processing(A, message="0-7"), processing(B, message="1-0")],
        NOTHING,
    ),
    "one message does not stand for two": (
        view(("1-0", A), last="1-0", pending={"1-0": 60.0}),
        [processing(A, message="1-0"), processing(B, message="1-0")],
        Plan((B,), ()),
    ),
    "a message that is not ours goes": (view(("1-0", None)), [], Plan((), ("1-0",))),
    "a pending entry without a message goes": (view(last="5-0", pending={"4-0": 1.0}), [], Plan((), ("4-0",))),
    "jobs are told apart": (
        view(("1-0", A), ("2-0", B), last="2-0", pending={"1-0": 50.0, "2-0": 50.0}),
        [queued(A), processing(B)],
        Plan((A,), ("1-0",)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_plan_for(name: str) -> None:
    stream, rows, plan = CASES[name]
    assert reconcile(stream, rows) == plan


def test_ids_are_ordered_as_numbers() -> None:
    assert is_live(view(last="999-5"), "1000-0")
    assert not is_live(view(last="1000-10"), "1000-9")
