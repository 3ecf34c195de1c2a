"""Admission of jobs: the length of the queue, the room for images, and the rate of one address."""

import math
import time
from collections.abc import Awaitable, Callable

import limits
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from sqlalchemy import Connection, func, select

from api.database import Database
from api.errors import QueueFull, RateLimited, StorageFull
from core.partitions import stored_bytes
from core.tables import jobs
from core.transitions import Status

COUNT_SECONDS = 1.0
"""How long a count of the waiting jobs is good for."""
RETRY_SECONDS = 5
MEASURE_SECONDS = 5.0
"""How long a measure of the stored bytes is good for. What others store meanwhile goes beyond the limit unseen."""
ROOM_SECONDS = 60
"""When to try again where there is no room: it comes back as old images go, not from one second to the next."""


def count_queued(connection: Connection, most: int) -> int:
    """Count the waiting jobs, no further than `most`."""
    some = select(jobs.c.id).where(jobs.c.status == Status.QUEUED).limit(most).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


class Lately:
    """A number counted at most every `seconds`, plus this process's own additions in between."""

    def __init__(self, count: Callable[[], Awaitable[int]], seconds: float, clock: Callable[[], float]) -> None:
        self._count = count
        self._seconds = seconds
        self._clock = clock
        self._known = 0
        self._counted: float = -math.inf

    async def read_number(self) -> int:
        """Return the number, counted anew when it is time. An error of the count passes through."""
        if self._clock() - self._counted >= self._seconds:
            self._known = await self._count()
            self._counted = self._clock()
        return self._known

    def add(self, more: int) -> None:
        """Add so many, until the next count sees them."""
        self._known += more


class Backlog:
    """Refuses jobs while `most` wait. One process counts at most once a second, and adds its own in between."""

    def __init__(self, database: Database, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._queued = Lately(lambda: database.run(count_queued, most), COUNT_SECONDS, clock)

    async def admit(self) -> None:
        """Raise QueueFull when too many jobs wait, DatabaseAway when they cannot be counted."""
        if await self._queued.read_number() >= self._most:
            raise QueueFull(jobs=self._most, retry_after=RETRY_SECONDS)

    def count_job(self) -> None:
        """Count one more waiting job."""
        self._queued.add(1)


class Store:
    """Refuses uploads while uploads and results take `most` bytes; 0 allows any number."""

    def __init__(self, database: Database, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._stored = Lately(lambda: database.run(stored_bytes), MEASURE_SECONDS, clock)

    async def admit(self) -> None:
        """Raise StorageFull when there is no room, DatabaseAway when it cannot be measured."""
        if self._most and await self._stored.read_number() >= self._most:
            raise StorageFull(limit=self._most, retry_after=ROOM_SECONDS)

    def count_upload(self, size: int) -> None:
        """Add the bytes of an upload just stored."""
        self._stored.add(size)


class RateGuard:
    """Refuses an address's jobs beyond `limit` (like `60/minute`); "" allows any number."""

    def __init__(self, limit: str) -> None:
        self._limit = limits.parse(limit) if limit else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def admit(self, owner: str) -> None:
        """Count one upload of this owner. Raises RateLimited."""
        if self._limit is None or await self._limiter.hit(self._limit, owner):
            return
        window = await self._limiter.get_window_stats(self._limit, owner)
        wait = max(1, math.ceil(window.reset_time - time.time()))
        raise RateLimited(limit=spell_limit(self._limit), retry_after=wait)


def spell_limit(limit: limits.RateLimitItem) -> str:
    """Return the limit for a sentence: 60 uploads per minute."""
    uploads = "1 upload" if limit.amount == 1 else f"{limit.amount:,} uploads"
    unit = limit.GRANULARITY.name
    return f"{uploads} per {unit}" if limit.multiples == 1 else f"{uploads} per {limit.multiples} {unit}s"
