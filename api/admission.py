"""Admission of jobs by the length of the queue. The room for images is in api.storage, what one client may have in api.client_limits."""

import math
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection, func, select

from api.database import Database
from api.errors import QueueFull
from core.tables import jobs
from core.transitions import Status

COUNT_SECONDS = 1.0
"""How long a count of the waiting jobs is good for."""
COSTLY = 20
"""A count that took a second is good for so many."""
RETRY_SECONDS = 5


def count_queued(connection: Connection, most: int) -> int:
    """Count the waiting jobs, no further than `most`."""
    some = select(jobs.c.id).where(jobs.c.status == Status.QUEUED).limit(most).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


class Lately:
    """A number counted at most every `seconds`, plus this process's own additions in between.

    What takes long to count is counted less often, so that counting never takes more than a twentieth of the time.
    """

    def __init__(self, count: Callable[[], Awaitable[int]], seconds: float, clock: Callable[[], float]) -> None:
        self._count = count
        self._seconds = seconds
        self._clock = clock
        self._known = 0
        self._good_until: float = -math.inf

    async def read_number(self) -> int:
        """Return the number, counted anew when it is time. An error of the count passes through."""
        return self._known if self._clock() < self._good_until else await self.count_anew()

    async def count_anew(self) -> int:
        """Count now, and return the number. An error of the count passes through."""
        started = self._clock()
        self._known = await self._count()
        ended = self._clock()
        self._good_until = ended + max(self._seconds, COSTLY * (ended - started))
        return self._known

    @property
    def known(self) -> int:
        """Return the number without counting."""
        return self._known

    def add(self, more: int) -> None:
        """Add so many, until the next count sees them."""
        self._known += more


class Backlog:
    """Refuses jobs while `most` wait. One process counts at most once a second, and adds its own in between."""

    def __init__(self, database: Database, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._queued = Lately(lambda: database.run(count_queued, most), COUNT_SECONDS, clock)

    async def admit(self, more: int = 0) -> None:
        """Raise QueueFull when too many jobs wait, DatabaseAway when they cannot be counted.

        `more` are jobs that this request has admitted, and not stored yet.
        """
        if await self._queued.read_number() + more >= self._most:
            raise QueueFull(jobs=self._most, retry_after=RETRY_SECONDS)

    @property
    def last_count(self) -> int:
        """Return how many jobs wait, as it is known since the last admission."""
        return self._queued.known

    def count_job(self) -> None:
        """Count one more waiting job."""
        self._queued.add(1)

    def count_start(self) -> None:
        """Count one waiting job less, which a worker has taken. Another process may have counted it."""
        if self._queued.known > 0:
            self._queued.add(-1)
