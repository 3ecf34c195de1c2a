"""Redis from the event loop: it may be away at any time and must never make a request wait.

All calls of one request share a small time budget, and a circuit breaker keeps a process from asking a
dead Redis over and over.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar
from uuid import UUID

import structlog

from core.jobs import Job
from core.publisher import AsyncPublisher
from core.redis_client import AWAY, AsyncRedisClient
from core.redis_errors import RedisState, explain_redis_error, find_refusal, state_of

log = structlog.get_logger(__name__)

BUDGET_SECONDS = 0.15
"""For all Redis calls of a request together."""

REST_SECONDS = 1.5
"""How long Redis is left alone after it failed."""

SLOW_ANSWERS = 3
"""One answer that came too late may be our own busy loop; so many in a row are an outage."""

CLOSED = "the handler is closed"
"""How uvloop refuses to write on a connection that was reset a moment ago. redis-py does not take it for an outage."""

T = TypeVar("T")


class RedisAway(Exception):
    """Redis did not answer in time, refused, or was not asked because it failed a moment ago. `state` says how it is."""

    def __init__(self, text: str, state: RedisState = RedisState.AWAY) -> None:
        super().__init__(text)
        self.state = state


class Breaker:
    """Open for a while after a failure; then it lets one call through, and that one's outcome decides."""

    def __init__(self, *, rest: float = REST_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = rest
        self._clock = clock
        self._open_until = 0.0
        self._slow = 0
        self.state = RedisState.OK
        """How Redis was when it was asked last."""

    def lets_through(self) -> bool:
        """Return whether to ask now; a True after a rest is given to one caller only."""
        if not self._open_until:
            return True
        now = self._clock()
        if now < self._open_until:
            return False
        self._open_until = now + self._rest
        return True

    def note_success(self) -> None:
        """Note an answer from Redis."""
        if self._open_until:
            log.info("Redis answers again")
        self._open_until = 0.0
        self._slow = 0
        self.state = RedisState.OK

    def note_failure(self, *, slow: bool, state: RedisState = RedisState.AWAY) -> None:
        """Note a refusal, or a `slow` answer: none within the rest of the budget."""
        self.state = state
        self._slow += slow
        if slow and self._slow < SLOW_ANSWERS and not self._open_until:
            return
        self._open_until = self._clock() + self._rest


class Turn:
    """What one request may ask of Redis."""

    def __init__(self, client: AsyncRedisClient, breaker: Breaker, *, cache: bool, budget: float) -> None:
        self._client = client
        self._breaker = breaker
        self._cache = cache
        self._left = budget

    async def ask(self, call: Callable[[AsyncRedisClient], Awaitable[T]]) -> T:
        """Return the answer of `call(client)`. Raises RedisAway, always within the budget."""
        if self._left <= 0 or not self._breaker.lets_through():
            raise RedisAway("Redis is not asked", self._breaker.state)
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                answer = await call(self._client)
        except AWAY as error:
            await self._note_failure(error)
            raise RedisAway(str(error), state_of(error)) from error
        except RuntimeError as error:
            if CLOSED not in str(error):
                raise
            await self._note_failure(ConnectionResetError(str(error)))
            raise RedisAway(str(error), RedisState.AWAY) from error
        finally:
            self._left -= time.monotonic() - started
        self._breaker.note_success()
        return answer

    async def _note_failure(self, error: Exception) -> None:
        """Open the breaker. Where another server may have taken over, the connections go: each would have to find out."""
        state, refusal = state_of(error), find_refusal(error)
        self._breaker.note_failure(slow=isinstance(error, TimeoutError), state=state)
        log.warning("Redis is away", state=state, error=explain_redis_error(error))
        if refusal is not None and refusal.must_reconnect:
            await self._client.connection_pool.disconnect()

    async def publish(self, job: Job, *, add: UUID | None = None) -> None:
        """Publish a change, with the message to add. While Redis is away do nothing: the janitor adds the message."""
        with suppress(RedisAway):
            await self.ask(lambda client: AsyncPublisher(client, self._cache).publish(job, add=add))

    async def publish_all(self, jobs: Sequence[Job], *, add: bool = False) -> None:
        """Publish many changes, each with its message if they are to `add`. While Redis is away do nothing."""
        if jobs:
            with suppress(RedisAway):
                await self.ask(lambda client: AsyncPublisher(client, self._cache).publish_all(jobs, add=add))

    async def cache_state(self, job: Job) -> None:
        """Cache a state read from the row. While Redis is away do nothing."""
        with suppress(RedisAway):
            await self.ask(lambda client: AsyncPublisher(client, self._cache).cache_state(job))


class RedisGate:
    """The process's one way to Redis for requests."""

    def __init__(self, client: AsyncRedisClient, *, cache: bool, budget: float = BUDGET_SECONDS) -> None:
        self._client = client
        self._breaker = Breaker()
        self._cache = cache
        self._budget = budget

    def open_turn(self, budget: float | None = None) -> Turn:
        """Return a fresh budget for one request: the usual one, or another in seconds."""
        return Turn(self._client, self._breaker, cache=self._cache, budget=self._budget if budget is None else budget)
