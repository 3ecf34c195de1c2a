"""Clients for Redis (or Valkey) with every wait bounded and no hidden retries.

redis-py retries a refused connection for seconds by default; here a dead Redis is an error at once,
and who calls decides what that means. A client knows the names of its installation, and so do its pipelines.
"""

from typing import Self

import redis
import redis.asyncio
import redis.asyncio.client
import redis.client
from redis.exceptions import RedisError

from core.redis_names import DEFAULT_PREFIX, RedisNames
from core.redis_pools import make_async_pool, make_pool
from core.redis_url import read_redis_url

AWAY = (RedisError, OSError)
"""What a call raises when Redis cannot be reached, is loading, or refuses."""


class RedisPipeline(redis.client.Pipeline):
    """Commands that go out together."""

    names: RedisNames

    def __enter__(self) -> Self:
        return self


class AsyncRedisPipeline(redis.asyncio.client.Pipeline):
    """Commands that go out together."""

    names: RedisNames


AnyPipeline = RedisPipeline | AsyncRedisPipeline
"""What commands are put on. A function that takes it only puts them there, so it is the same for sync and async."""


class RedisClient(redis.Redis):
    """A client for worker and janitor."""

    names: RedisNames
    sentinels: tuple[redis.Redis, ...] = ()

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> RedisPipeline:
        """Return a pipeline that knows the names."""
        pipe = RedisPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipe.names = self.names
        return pipe

    def close(self) -> None:
        """Close the connections, those to the Sentinels too."""
        super().close()
        for sentinel in self.sentinels:
            sentinel.close()


class AsyncRedisClient(redis.asyncio.Redis):
    """A client for the API's event loop."""

    names: RedisNames
    sentinels: tuple["redis.asyncio.Redis", ...] = ()

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> AsyncRedisPipeline:
        """Return a pipeline that knows the names."""
        pipe = AsyncRedisPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipe.names = self.names
        return pipe

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close the connections, those to the Sentinels too."""
        await super().aclose(close_connection_pool)
        for sentinel in self.sentinels:
            await sentinel.aclose()


def make_redis(url: str, *, prefix: str = DEFAULT_PREFIX, timeout: float = 2.0) -> RedisClient:
    """Make a client for worker and janitor. `timeout` bounds the connection and each answer, in seconds.

    A blocking read must wait for less than `timeout`. Raises WrongUrl.
    """
    pool, sentinels = make_pool(read_redis_url(url), timeout)
    client = RedisClient(connection_pool=pool)
    client.auto_close_connection_pool = True
    client.names, client.sentinels = RedisNames(prefix), sentinels
    return client


def make_async_redis(url: str, *, prefix: str = DEFAULT_PREFIX, timeout: float = 2.0) -> AsyncRedisClient:
    """Make such a client for the API's event loop."""
    pool, sentinels = make_async_pool(read_redis_url(url), timeout)
    client = AsyncRedisClient(connection_pool=pool)
    client.auto_close_connection_pool = True
    client.names, client.sentinels = RedisNames(prefix), sentinels
    return client
