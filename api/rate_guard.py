"""How many uploads a client may send in a time: counted in Redis over all API processes."""

import math
import time

import limits
import structlog
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from api.callers import Caller
from api.errors import RateLimited
from api.metrics import RATE_CHECKS, count_refusal
from api.rate_headers import Quota, tell_quota
from api.redis_gate import RedisAway, Turn
from api.settings import UNLIMITED

log = structlog.get_logger(__name__)

POLICY = "uploads"

COUNT = """
local used = redis.call('INCRBY', KEYS[1], ARGV[1])
if used == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {used, redis.call('PTTL', KEYS[1])}
"""
"""Counts, and tells the count and the rest of the window, in one round trip. The window begins with the first upload.

The library's storage for Redis takes three round trips for that, each on a request's small budget of time.
"""


class RateGuard:
    """Refuses a client's uploads beyond `limit` (like `60/minute`); `none` allows any number.

    While Redis is away each process counts for itself, from nothing.
    """

    def __init__(self, limit: str) -> None:
        self._limit = None if limit == UNLIMITED else limits.parse(limit)
        self._alone = FixedWindowRateLimiter(MemoryStorage())
        self._in_redis = True

    async def admit(self, turn: Turn, caller: Caller, uploads: int = 1) -> None:
        """Count uploads of this client. Raises RateLimited."""
        _, refusal = await self.admit_some(turn, caller, uploads)
        if refusal is not None:
            raise refusal

    async def admit_some(self, turn: Turn, caller: Caller, uploads: int) -> tuple[int, RateLimited | None]:
        """Count uploads of this client. Return how many of them may go on, and the refusal of the others."""
        if self._limit is None or not uploads:
            return uploads, None
        used, left_seconds = await self._count(self._limit, turn, caller.owner, uploads)
        reset = max(1, math.ceil(left_seconds))
        left = max(0, self._limit.amount - used)
        window = self._limit.get_expiry()
        tell_quota(Quota(name=POLICY, most=self._limit.amount, left=left, window=window, reset=reset))
        over = max(0, used - self._limit.amount)
        if not over:
            return uploads, None
        count_refusal(POLICY)
        refusal = RateLimited(limit=spell_limit(self._limit), client=caller.client, retry_after=reset)
        return max(0, uploads - over), refusal

    async def _count(self, limit: limits.RateLimitItem, turn: Turn, owner: str, uploads: int) -> tuple[int, float]:
        """Return how many are used, and the seconds until they are given back."""
        window_ms = limit.get_expiry() * 1000
        try:
            used, left_ms = await turn.ask(
                lambda client: client.eval(
                    COUNT, 1, client.names.rate(limit.amount, window_ms, owner), uploads, window_ms
                )
            )
        except RedisAway:
            self._note_place(in_redis=False)
            return await self._count_alone(limit, owner, uploads)
        self._note_place(in_redis=True)
        return int(used), int(left_ms) / 1000

    async def _count_alone(self, limit: limits.RateLimitItem, owner: str, uploads: int) -> tuple[int, float]:
        before = await self._alone.get_window_stats(limit, owner)
        if before.remaining:
            await self._alone.hit(limit, owner, cost=min(uploads, before.remaining))
        window = await self._alone.get_window_stats(limit, owner)
        return limit.amount - before.remaining + uploads, window.reset_time - time.time()

    def _note_place(self, *, in_redis: bool) -> None:
        """Count where it was counted, and log a change once."""
        RATE_CHECKS.labels("redis" if in_redis else "process").inc()
        if in_redis != self._in_redis:
            self._in_redis = in_redis
            if in_redis:
                log.info("rate limits are counted in Redis again, over all API processes")
            else:
                log.warning("Redis is away: each API process counts rate limits for itself")


def spell_limit(limit: limits.RateLimitItem) -> str:
    """Return the limit for a sentence: 60 uploads per minute."""
    uploads = "1 upload" if limit.amount == 1 else f"{limit.amount:,} uploads"
    unit = limit.GRANULARITY.name
    return f"{uploads} per {unit}" if limit.multiples == 1 else f"{uploads} per {limit.multiples} {unit}s"
