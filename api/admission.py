"""Who may submit a job now: the length of the queue, and the rate of one address."""

import math
import time
from collections.abc import Callable

import limits
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from sqlalchemy import Connection, func, select

from api.database import Database
from core.errors import QueueFull, RateLimited
from core.tables import jobs
from core.transitions import Status

COUNT_SECONDS = 1.0
"""How long a count of the waiting jobs is good for."""
RETRY_SECONDS = 5


def count_queued(connection: Connection, most: int) -> int:
    """How many jobs wait, counted no further than `most`."""
    some = select(jobs.c.id).where(jobs.c.status == Status.QUEUED).limit(most).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


class Backlog:
    """Refuses jobs while `most` wait. One process counts at most once a second, and adds its own in between."""

    def __init__(self, database: Database, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._most = most
        self._clock = clock
        self._queued = 0
        self._counted: float = -math.inf

    async def admit(self) -> None:
        """Raises QueueFull; DatabaseAway when it was time to count and nobody answered."""
        if self._clock() - self._counted >= COUNT_SECONDS:
            self._queued = await self._database.run(count_queued, self._most)
            self._counted = self._clock()
        if self._queued >= self._most:
            raise QueueFull(
                f"{self._most:,} jobs are waiting already, which is as many as may. Try again in {RETRY_SECONDS} seconds.",
                retry_after=RETRY_SECONDS,
            )

    def added(self) -> None:
        """One more waits."""
        self._queued += 1


class RateGuard:
    """Refuses jobs of an address that sent as many as `limit` (like `60/minute`) allows; "" allows any number."""

    def __init__(self, limit: str) -> None:
        self._limit = limits.parse(limit) if limit else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def admit(self, address: str) -> None:
        """Raises RateLimited."""
        if self._limit is None or await self._limiter.hit(self._limit, address):
            return
        window = await self._limiter.get_window_stats(self._limit, address)
        wait = max(1, math.ceil(window.reset_time - time.time()))
        raise RateLimited(
            f"This address has sent as many images as it may ({self._limit}). Try again in {wait} seconds.",
            retry_after=wait,
        )
