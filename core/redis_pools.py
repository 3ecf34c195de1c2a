"""Pools of connections to the master: at the address of the URL, or where the Sentinels say that it is."""

from collections.abc import Mapping
from typing import Any

import redis
import redis.asyncio
import redis.asyncio.connection
import redis.asyncio.sentinel
import redis.connection
import redis.sentinel
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.redis_connections import (
    AsyncMasterConnection,
    AsyncMasterSocketConnection,
    AsyncMasterTlsConnection,
    AsyncSentinelConnection,
    AsyncSentinelTlsConnection,
    MasterConnection,
    MasterSocketConnection,
    MasterTlsConnection,
    SentinelConnection,
    SentinelTlsConnection,
)
from core.redis_url import RedisAddress

LONGEST_CONNECT_SECONDS = 1.0

_MASTERS = {
    redis.connection.Connection: MasterConnection,
    redis.connection.SSLConnection: MasterTlsConnection,
    redis.connection.UnixDomainSocketConnection: MasterSocketConnection,
}
_ASYNC_MASTERS = {
    redis.asyncio.connection.Connection: AsyncMasterConnection,
    redis.asyncio.connection.SSLConnection: AsyncMasterTlsConnection,
    redis.asyncio.connection.UnixDomainSocketConnection: AsyncMasterSocketConnection,
}
_OF_SENTINELS = (
    "socket_timeout",
    "socket_connect_timeout",
    "socket_keepalive",
    "decode_responses",
    "protocol",
    "retry",
)
"""Options that hold for the Sentinels too, with those that begin with `ssl_`."""

Options = dict[str, Any]


def make_pool(address: RedisAddress, timeout: float) -> tuple[redis.ConnectionPool, tuple[redis.Redis, ...]]:
    """Return the pool, and the clients of the Sentinels that it asks."""
    options = _all_options(redis.connection.parse_url(address.url), timeout, Retry(NoBackoff(), 0))  # type: ignore[no-untyped-call] # untyped in redis-py
    kind = options.pop("connection_class", redis.connection.Connection)
    if not address.sentinels:
        return redis.ConnectionPool(connection_class=_MASTERS[kind], **options), ()
    is_tls = kind is redis.connection.SSLConnection
    manager = redis.sentinel.Sentinel(  # type: ignore[no-untyped-call] # untyped in redis-py
        address.sentinels, sentinel_kwargs=_sentinel_options(address, options, is_tls=is_tls)
    )
    pool = redis.sentinel.SentinelConnectionPool(  # type: ignore[no-untyped-call] # untyped in redis-py
        address.master,
        manager,
        connection_class=SentinelTlsConnection if is_tls else SentinelConnection,
        **_without_place(options),
    )
    return pool, tuple(manager.sentinels)


def make_async_pool(
    address: RedisAddress, timeout: float
) -> tuple[redis.asyncio.ConnectionPool, tuple[redis.asyncio.Redis, ...]]:
    """Return the same for an event loop."""
    options = _all_options(redis.asyncio.connection.parse_url(address.url), timeout, AsyncRetry(NoBackoff(), 0))
    kind = options.pop("connection_class", redis.asyncio.connection.Connection)
    if not address.sentinels:
        return redis.asyncio.ConnectionPool(connection_class=_ASYNC_MASTERS[kind], **options), ()
    is_tls = kind is redis.asyncio.connection.SSLConnection
    manager = redis.asyncio.sentinel.Sentinel(  # type: ignore[no-untyped-call] # untyped in redis-py
        address.sentinels, sentinel_kwargs=_sentinel_options(address, options, is_tls=is_tls)
    )
    pool = redis.asyncio.sentinel.SentinelConnectionPool(  # type: ignore[no-untyped-call] # untyped in redis-py
        address.master,
        manager,
        connection_class=AsyncSentinelTlsConnection if is_tls else AsyncSentinelConnection,
        **_without_place(options),
    )
    return pool, tuple(manager.sentinels)


def _all_options(given: Mapping[str, Any], timeout: float, retry: Retry | AsyncRetry) -> Options:
    return {
        **given,
        "decode_responses": True,
        "protocol": 2,
        "socket_timeout": timeout,
        "socket_connect_timeout": min(timeout, LONGEST_CONNECT_SECONDS),
        "health_check_interval": 0,
        "retry": retry,
    }


def _sentinel_options(address: RedisAddress, options: Options, *, is_tls: bool) -> Options:
    kept = {name: value for name, value in options.items() if name in _OF_SENTINELS or name.startswith("ssl_")}
    return {**kept, "username": address.sentinel_user, "password": address.sentinel_password, "ssl": is_tls}


def _without_place(options: Options) -> Options:
    return {name: value for name, value in options.items() if name not in {"host", "port"}}
