"""A body may take as long as it likes, as long as it moves."""

import asyncio

import pytest

from api import body_pace
from api.body_pace import LEAST_BYTES_PER_SECOND, PATIENCE_SECONDS, BodyPace


async def receive_often(clock: list[float], size: int, times: int) -> int:
    """Receive so many bytes every ten seconds. Return how often that went well."""
    pace = BodyPace()

    async def receive() -> bytes:
        await asyncio.sleep(0)
        clock[0] += 10
        return bytes(size)

    for received in range(times):
        try:
            await pace.wait_for(receive, len)
        except TimeoutError:
            return received
    return times


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    times = [0.0]
    monkeypatch.setattr(body_pace, "_now", lambda: times[0])
    return times


def test_a_slow_line_may_take_hours(clock: list[float]) -> None:
    assert asyncio.run(receive_often(clock, 10 * LEAST_BYTES_PER_SECOND, 1000)) == 1000
    assert clock[0] == 10_000


def test_a_trickle_ends_with_the_patience(clock: list[float]) -> None:
    assert asyncio.run(receive_often(clock, 1, 1000)) < PATIENCE_SECONDS / 10 + 2
