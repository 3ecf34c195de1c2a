"""One read for all who ask at the same time, and none that is older than its question."""

import asyncio
from uuid import UUID

import pytest

from api.shared_reads import SharedReads

KEY = UUID(int=1)


class Row:
    """A row whose reads take as long as the test says."""

    def __init__(self) -> None:
        self.reads = 0
        self.go_on = asyncio.Event()

    async def read(self, _key: UUID) -> int:
        self.reads += 1
        number = self.reads
        await self.go_on.wait()
        return number


def test_a_crowd_costs_two_reads() -> None:
    async def ask() -> tuple[list[int], int]:
        row = Row()
        shared = SharedReads(row.read)
        first = asyncio.create_task(shared.read(KEY))
        for _ in range(3):
            await asyncio.sleep(0)
        assert row.reads == 1
        rest = [asyncio.create_task(shared.read(KEY)) for _ in range(5000)]
        await asyncio.sleep(0)
        row.go_on.set()
        return [await first, *await asyncio.gather(*rest)], row.reads

    answers, reads = asyncio.run(ask())
    assert reads == 2
    # Who came while the first read ran gets the second: the row may have changed in between.
    assert answers == [1] + [2] * 5000


def test_one_who_goes_away_ends_nobody_elses_read() -> None:
    async def ask() -> int:
        row = Row()
        shared = SharedReads(row.read)
        impatient, patient = (asyncio.create_task(shared.read(KEY)) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        row.go_on.set()
        return await patient

    assert asyncio.run(ask()) == 1


def test_an_error_is_everybodys_and_the_next_read_is_new() -> None:
    async def ask() -> int:
        fails = True

        async def read(_key: UUID) -> int:
            await asyncio.sleep(0)
            if fails:
                raise ConnectionError
            return 7

        shared = SharedReads(read)
        for answer in await asyncio.gather(*(shared.read(KEY) for _ in range(3)), return_exceptions=True):
            assert isinstance(answer, ConnectionError)
        fails = False
        return await shared.read(KEY)

    assert asyncio.run(ask()) == 7


@pytest.mark.parametrize("keys", [1, 3])
def test_rows_are_read_by_their_id(keys: int) -> None:
    async def ask() -> list[int]:
        async def read(key: UUID) -> int:
            await asyncio.sleep(0)
            return key.int

        shared = SharedReads(read)
        return await asyncio.gather(*(shared.read(UUID(int=number)) for number in range(keys)))

    assert asyncio.run(ask()) == list(range(keys))
