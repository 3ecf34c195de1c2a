"""Who would wait for too long is told so at once."""

import asyncio

import pytest

from api.errors import Busy, LongQueue
from api.load import FEWEST_ENDS, LOOKS, MOST_DELAY_SECONDS, WINDOW_SECONDS, Lateness, QueueTime, Throughput


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def ended(clock: Clock, jobs: int, every: float) -> Throughput:
    throughput = Throughput(clock)
    for _ in range(jobs):
        clock.now += every
        throughput.note_end()
    return throughput


def test_a_rate_is_of_the_last_half_minute() -> None:
    clock = Clock()
    throughput = ended(clock, 1000, 0.1)
    assert throughput.find_rate() == pytest.approx(10, rel=0.05)
    clock.now += WINDOW_SECONDS + 1
    assert throughput.find_rate() is None


def test_a_few_ends_make_no_rate() -> None:
    """Workers that just started must not make a burst look endless."""
    assert ended(Clock(), FEWEST_ENDS - 1, 0.1).find_rate() is None
    assert ended(Clock(), FEWEST_ENDS, 0.01).find_rate() == pytest.approx(FEWEST_ENDS / 2)


def test_a_long_queue_is_refused_with_its_time() -> None:
    queue = QueueTime(ended(Clock(), 1000, 0.1), 60)
    queue.admit(550, has_waiting=True)
    with pytest.raises(LongQueue, match=r"800 jobs wait, which takes about 80 s.*again in 20 s") as refused:
        queue.admit(800, has_waiting=True)
    assert (refused.value.status, refused.value.code) == (503, "queue_full")


def test_a_client_without_a_waiting_job_is_taken_for_longer() -> None:
    queue = QueueTime(ended(Clock(), 1000, 0.1), 60)
    queue.admit(800, has_waiting=False)
    with pytest.raises(LongQueue):
        queue.admit(1300, has_waiting=False)


@pytest.mark.parametrize("most", [0, 60])
def test_without_a_limit_or_a_rate_all_are_taken(most: float) -> None:
    QueueTime(ended(Clock(), 1000 if not most else 0, 0.1), most).admit(1_000_000, has_waiting=True)


async def look(delays: list[float]) -> Lateness:
    clock = Clock()
    left = list(delays)

    async def wait() -> None:
        if not left:
            raise asyncio.CancelledError
        clock.now += left.pop(0)

    lateness = Lateness(wait, clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.load.LOOK_SECONDS", 0)
        with pytest.raises(asyncio.CancelledError):
            await lateness.watch()
    return lateness


def test_work_that_is_always_late_is_refused() -> None:
    late = 2 * MOST_DELAY_SECONDS
    with pytest.raises(Busy, match="all the work"):
        asyncio.run(look([late] * LOOKS)).admit()
    asyncio.run(look([late] * (LOOKS - 1))).admit()
    asyncio.run(look([late] * LOOKS + [0.0])).admit()
