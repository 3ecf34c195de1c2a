"""What one client may have at the same time: jobs that wait, and bytes that are stored. PostgreSQL counts both."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection, func, select, text

from api.admission import Lately
from api.callers import Caller
from api.database import Database
from api.errors import TooManyWaiting, TooMuchStored
from api.metrics import count_refusal
from api.rate_headers import Quota, tell_quota
from core.partial_uploads import sum_lengths
from core.tables import jobs
from core.transitions import Status

WAITING, STORED = "waiting", "stored"
"""The names of the limits, for programs."""

COUNT_SECONDS = 1.0
MEASURE_SECONDS = 5.0
"""How long a client's sum of bytes is good for; longer when it took long to make, see Lately."""
WAITING_RETRY_SECONDS, STORED_RETRY_SECONDS = 5, 60
MOST_CLIENTS = 10_000
"""Clients whose numbers are remembered; for others they are counted anew."""

_LOCK = text("SELECT pg_advisory_xact_lock(1768776044, hashtext(:owner))")
"""The first number is ours; the locks of the janitor are of the other kind, with one number."""


class PerClient:
    """A number for each client, counted at most every `seconds`, plus this process's own additions in between."""

    def __init__(
        self, count: Callable[[str], Awaitable[int]], seconds: float, clock: Callable[[], float], most: int
    ) -> None:
        self._count = count
        self._seconds = seconds
        self._clock = clock
        self._most = most
        self._numbers: OrderedDict[str, Lately] = OrderedDict()

    def of(self, owner: str) -> Lately:
        """Return the number of this client."""
        number = self._numbers.pop(owner, None) or Lately(lambda: self._count(owner), self._seconds, self._clock)
        self._numbers[owner] = number
        if len(self._numbers) > self._most:
            self._numbers.popitem(last=False)
        return number


class ClientLimits:
    """Refuses uploads of a client with too many jobs waiting or bytes stored; 0 allows any number."""

    def __init__(
        self,
        database: Database,
        *,
        most_waiting: int,
        most_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most_waiting = most_waiting
        self.most_bytes = most_bytes

        async def count(owner: str) -> int:
            return await database.run(count_waiting, owner, most_waiting)

        async def measure(owner: str) -> int:
            return await database.run(sum_stored, owner)

        self._waiting = PerClient(count, COUNT_SECONDS, clock, MOST_CLIENTS)
        self._stored = PerClient(measure, MEASURE_SECONDS, clock, MOST_CLIENTS)

    async def admit(self, caller: Caller) -> None:
        """Raise TooManyWaiting, TooMuchStored, or DatabaseAway when it cannot be counted.

        This is before the body is read. The last word on waiting jobs has check_waiting.
        """
        if self.most_waiting:
            waiting = self._waiting.of(caller.owner)
            if await waiting.read_number() >= self.most_waiting and await waiting.count_anew() >= self.most_waiting:
                raise refuse_waiting(caller, self.most_waiting)
        await self.admit_bytes(caller)

    async def has_waiting(self, caller: Caller) -> bool:
        """Return whether a job of the client waits; True if that is not counted. Raises DatabaseAway."""
        return not self.most_waiting or await self._waiting.of(caller.owner).read_number() > 0

    async def count_room(self, caller: Caller) -> int | None:
        """Return how many more jobs of the client may wait, None for any number. Raises DatabaseAway."""
        if not self.most_waiting:
            return None
        return max(0, self.most_waiting - await self._waiting.of(caller.owner).count_anew())

    async def admit_bytes(self, caller: Caller, more: int = 0) -> None:
        """Raise TooMuchStored, or DatabaseAway when it cannot be measured.

        `more` are bytes that this request has admitted, and not stored yet.
        """
        if self.most_bytes and await self._stored.of(caller.owner).read_number() + more >= self.most_bytes:
            count_refusal(STORED)
            tell_quota(Quota(name=STORED, most=self.most_bytes, left=0, unit="content-bytes"))
            raise TooMuchStored(limit=self.most_bytes, client=caller.client, retry_after=STORED_RETRY_SECONDS)

    def check_waiting(self, connection: Connection, caller: Caller) -> None:
        """Raise TooManyWaiting when the jobs of this transaction are too many.

        It is the last step before COMMIT. Submits of one client pass it one after the other, over all API processes,
        so none of two at the same time is overlooked.
        """
        if not self.most_waiting:
            return
        connection.execute(_LOCK, {"owner": caller.owner})
        if count_waiting(connection, caller.owner, self.most_waiting + 1) > self.most_waiting:
            raise refuse_waiting(caller, self.most_waiting)

    def count_upload(self, caller: Caller, size: int) -> None:
        """Count one more waiting job and the bytes of its upload, until they are counted anew."""
        self._waiting.of(caller.owner).add(1)
        self.count_bytes(caller, size)

    def count_bytes(self, caller: Caller, size: int) -> None:
        """Count bytes that are stored, or will be, until they are counted anew."""
        self._stored.of(caller.owner).add(size)


def refuse_waiting(caller: Caller, most: int) -> TooManyWaiting:
    """Make the refusal, and tell the client of its quota."""
    count_refusal(WAITING)
    tell_quota(Quota(name=WAITING, most=most, left=0, unit="jobs"))
    return TooManyWaiting(jobs=most, client=caller.client, retry_after=WAITING_RETRY_SECONDS)


def count_waiting(connection: Connection, owner: str, most: int) -> int:
    """Count the waiting jobs of a client, no further than `most`."""
    some = select(jobs.c.id).where(jobs.c.owner == owner, jobs.c.status == Status.QUEUED).limit(most).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar_one()


def sum_stored(connection: Connection, owner: str) -> int:
    """Sum the bytes of a client's uploads and results, from an index alone, and those of its unfinished uploads."""
    # The second condition says nothing new. It is the one of the partial index, word for word.
    summed = select(func.coalesce(func.sum(jobs.c.stored), 0)).where(jobs.c.owner == owner, jobs.c.stored > 0)
    return int(connection.execute(summed).scalar_one()) + sum_lengths(connection, owner)
