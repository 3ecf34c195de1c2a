from uuid import UUID

import pytest

from core.queue import Message
from core.transitions import Status
from janitor.reconcile import OpenRow, Plan, StreamView, is_live, reconcile

A, B = UUID(int=1), UUID(int=2)


def view(*messages: tuple[str, UUID | None], last: str = "0-0", pending: dict[str, float] | None = None) -> StreamView:
    return StreamView(tuple(Message(name, job) for name, job in messages), last, pending or {})


def queued(job: UUID = A, unchanged: float = 60.0) -> OpenRow:
    return OpenRow(job, Status.QUEUED, unchanged)


def processing(job: UUID = A, unchanged: float = 60.0) -> OpenRow:
    return OpenRow(job, Status.PROCESSING, unchanged)


NOTHING = Plan((), ())
CASES = {
    "all is well: waiting": (view(("1-0", A)), [queued()], NOTHING),
    "all is well: running": (view(("1-0", A), last="1-0", pending={"1-0": 300.0}), [processing()], NOTHING),
    "a row without a message gets one": (view(), [queued()], Plan((A,), ())),
    "a running row too, so that XLEN is true": (view(), [processing()], Plan((A,), ())),
    "but not before it has settled": (view(), [queued(unchanged=4.0)], NOTHING),
    "read in vain": (view(("1-0", A), last="1-0", pending={"1-0": 11.0}), [queued()], Plan((A,), ("1-0",))),
    "read just now": (view(("1-0", A), last="1-0", pending={"1-0": 9.0}), [queued()], NOTHING),
    "read in vain, but another waits": (
        view(("1-0", A), ("2-0", A), last="1-0", pending={"1-0": 99.0}),
        [queued()],
        NOTHING,
    ),
    "read in vain twice": (
        view(("1-0", A), ("2-0", A), last="2-0", pending={"1-0": 99.0, "2-0": 98.0}),
        [queued()],
        Plan((A,), ("1-0", "2-0")),
    ),
    "a ghost is replaced": (view(("1-0", A), last="1-0"), [processing(unchanged=0.0)], Plan((A,), ("1-0",))),
    "a ghost beside a live one just goes": (view(("1-0", A), ("2-0", A), last="1-0"), [queued()], Plan((), ("1-0",))),
    "a finished job's message goes": (view(("1-0", A), last="1-0", pending={"1-0": 1.0}), [], Plan((), ("1-0",))),
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
