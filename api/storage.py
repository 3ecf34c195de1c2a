"""The room for images: uploads are refused before PostgreSQL's disk is full, which would end it for good.

Three numbers make the decision: what the database takes on its disk (core.storage), what this process has admitted and
not stored yet, and what the other processes have. The last is in Redis, one field for each process: a script adds the
request to it only if all fits, so that of several uploads at the same time those are taken that fit. While Redis is away
the others count with what they last had; the share of the results is there for what they take meanwhile.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self
from uuid import uuid4

from api.admission import Lately
from api.database import Database
from api.errors import StorageFull
from api.redis_gate import RedisAway, RedisGate
from core.redis_client import AsyncRedisClient
from core.storage import measure_taken, most_for_uploads

MEASURE_SECONDS = 1.0
"""How long a measure is good for."""
NEAR_SHARE = 0.1
"""Of the limit. What others store between two measures is less, so nearer to it each request measures."""
STORED_SECONDS = 3.0
"""How long stored bytes count on their own: a measure of another process that lacks them is over by then."""
ASK_SECONDS = 1.0
"""For Redis. It is more than a request has otherwise: an upload can wait, and a wrong yes may cost the database."""
RENEW_SECONDS = 1.0
LOST_SECONDS = 15
"""When the bytes of a process that was killed no longer count."""
SOON_SECONDS, ROOM_SECONDS = 5, 60
"""When to try again: soon where only what others send at this moment is in the way, else when results expire."""
WITH_RESULT = 2
"""An upload needs its own bytes twice: the result is stored before the upload goes."""

RESERVE = """
local now = redis.call('TIME')
now = tonumber(now[1])
local fields, others = redis.call('HGETALL', KEYS[1]), 0
for place = 1, #fields, 2 do
  local bytes, until_time = string.match(fields[place + 1], '^(%d+):(%d+)$')
  if not bytes or tonumber(until_time) < now then
    redis.call('HDEL', KEYS[1], fields[place])
  elseif fields[place] ~= ARGV[1] then
    others = others + tonumber(bytes)
  end
end
if others + tonumber(ARGV[2]) > tonumber(ARGV[3]) then return {0, others} end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:%.0f', ARGV[2], now + ARGV[4]))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return {1, others}
"""
"""Sets what this process has on its way, if that fits beside the others' bytes."""


class Room:
    """Room for the bytes of one request, given back at the end of the block."""

    def __init__(self, store: "Store | None" = None, size: int = 0) -> None:
        self._store = store
        self._size = size

    def settle(self, size: int) -> None:
        """Count so many bytes as stored, with their result."""
        if self._store is not None:
            self._store.count_stored(WITH_RESULT * size)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._store is not None:
            self._store.release(self._size)


class Store:
    """Refuses uploads for which there is no room; a limit of 0 allows any number."""

    def __init__(
        self,
        database: Database,
        gate: RedisGate,
        limit: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._most = most_for_uploads(limit)
        self._gate = gate
        self._clock = clock
        self._taken = Lately(lambda: database.run(measure_taken), MEASURE_SECONDS, clock)
        self._name = uuid4().hex
        self._coming = 0
        self._stored: deque[tuple[float, int]] = deque()
        self._published = 0
        self._others = 0
        self._others_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def reserve(self, size: int) -> Room:
        """Return room for an upload of so many bytes and its result. Raises StorageFull, DatabaseAway."""
        if not self._limit:
            return Room()
        need = WITH_RESULT * size
        # Two requests of this process must not both add to the number that one of them read.
        async with self._one_at_a_time:
            taken = await self._measure(need)
            if not await self._fits(need, self._most - taken):
                seconds = SOON_SECONDS if taken + need <= self._most else ROOM_SECONDS
                raise self.refuse(seconds)
            self._coming += need
        return Room(self, need)

    async def check(self, size: int) -> None:
        """Raise StorageFull when an upload of so many bytes would be refused now."""
        with await self.reserve(size):
            pass

    def refuse(self, seconds: int = ROOM_SECONDS) -> StorageFull:
        """Make the refusal."""
        return StorageFull(limit=self._limit, retry_after=seconds)

    def count_stored(self, size: int) -> None:
        """Count bytes just stored, until a measure has them."""
        self._stored.append((self._clock() + STORED_SECONDS, size))

    def release(self, size: int) -> None:
        """Give room back."""
        self._coming -= size

    async def keep(self) -> None:
        """Tell the other processes what is on its way here, until canceled."""
        while self._limit:
            await asyncio.sleep(RENEW_SECONDS)
            if self._own() or self._published:
                async with self._one_at_a_time:
                    await self._publish(self._own(), 1 << 62)

    async def _measure(self, need: int) -> int:
        """Return what is taken: far from the limit as it was a moment ago, near it as it is now."""
        taken = await self._taken.read_number()
        is_near = taken + self._own() + need > self._most * (1 - NEAR_SHARE)
        return await self._taken.count_anew() if is_near else taken

    def _own(self) -> int:
        while self._stored and self._stored[0][0] <= self._clock():
            self._stored.popleft()
        return self._coming + sum(size for _, size in self._stored)

    async def _fits(self, need: int, room: int) -> bool:
        own = self._own() + need
        return own <= room and await self._publish(own, room)

    async def _publish(self, own: int, room: int) -> bool:
        """Return whether our bytes fit beside those of the others, of whom the last answer counts while Redis is away."""

        async def run(client: AsyncRedisClient) -> tuple[int, int]:
            fits, others = await client.eval(RESERVE, 1, client.names.coming, self._name, own, room, LOST_SECONDS)
            return int(fits), int(others)

        try:
            fits, others = await self._gate.open_turn(ASK_SECONDS).ask(run)
        except RedisAway:
            return own + (self._others if self._clock() < self._others_until else 0) <= room
        self._others, self._others_until = others, self._clock() + LOST_SECONDS
        if fits:
            self._published = own
        return bool(fits)
