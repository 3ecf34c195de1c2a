"""Clients for Redis (or Valkey) with every wait bounded and no hidden retries.

redis-py retries a refused connection for seconds by default; here a dead Redis is an error at once,
and who calls decides what that means.
"""

from typing import TypedDict

import redis
import redis.asyncio
import redis.asyncio.client
import redis.client
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.redis_url import read_redis_url

AnyPipeline = redis.client.Pipeline | redis.asyncio.client.Pipeline
"""What commands are put on. A function that takes it only puts them there, so it is the same for sync and async."""

AWAY = (RedisError, OSError)
"""What a call raises when Redis cannot be reached, is loading, or refuses."""


def make_redis(url: str, *, timeout: float = 2.0) -> "redis.Redis":
    """Make a client for worker and janitor. `timeout` bounds the connection and each answer, in seconds.

    A blocking read must wait for less than `timeout`. Raises WrongUrl.
    """
    return redis.Redis.from_url(read_redis_url(url).url, retry=Retry(NoBackoff(), 0), **_common(timeout))


def make_async_redis(url: str, *, timeout: float = 2.0) -> "redis.asyncio.Redis":
    """Make such a client for the API's event loop."""
    return redis.asyncio.Redis.from_url(read_redis_url(url).url, retry=AsyncRetry(NoBackoff(), 0), **_common(timeout))


class _Common(TypedDict):
    decode_responses: bool
    protocol: int
    socket_timeout: float
    socket_connect_timeout: float
    health_check_interval: int


def _common(timeout: float) -> _Common:
    return {
        "decode_responses": True,
        "protocol": 2,
        "socket_timeout": timeout,
        "socket_connect_timeout": min(timeout, 1.0),
        "health_check_interval": 0,
    }
