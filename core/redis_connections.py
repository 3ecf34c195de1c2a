"""Connections to Redis that take a master only, and are closed once it is none any more.

A name or a Sentinel may lead to a server that was demoted a moment ago, and a connection outlives the change of its
server's role. So each connection asks for the role at its start, and closes at the first refusal that tells of a change:
the next one resolves the name, or asks the Sentinels, again.
"""

from collections.abc import Mapping, Sequence

import redis.asyncio.connection as asynchronous
import redis.asyncio.sentinel
import redis.connection as synchronous
import redis.sentinel
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import ResponseError

from core.redis_errors import REFUSALS, RedisRefuses, WrongRedis, find_refusal

CLUSTER = (
    "IMAGEMILL_REDIS_URL leads to a Redis in cluster mode, which imagemill does not use. "
    "Name one that runs with cluster-enabled no."
)
SENTINEL = (
    "IMAGEMILL_REDIS_URL leads to a Sentinel, not to a Redis. "
    "Write redis+sentinel://host:26379/name, with the name of its master."
)


def check_hello(answer: object) -> None:
    """Check what HELLO tells. Raises RedisRefuses for a replica, WrongRedis for a cluster or a Sentinel."""
    told = _read_hello(answer)
    if told.get("mode") == "cluster":
        raise WrongRedis(CLUSTER)
    if told.get("mode") == "sentinel":
        raise WrongRedis(SENTINEL)
    if told.get("role", "master") not in {"master", "primary"}:
        raise RedisRefuses(REFUSALS["READONLY"])


def _read_hello(answer: object) -> Mapping[str, str]:
    if isinstance(answer, Mapping):
        return {_text(name): _text(value) for name, value in answer.items()}
    flat = [_text(part) for part in answer] if isinstance(answer, Sequence) and not isinstance(answer, str) else []
    return dict(zip(flat[::2], flat[1::2], strict=False))


def _text(part: object) -> str:
    return part.decode(errors="replace") if isinstance(part, bytes) else str(part)


def _explain_end(error: Exception) -> RedisRefuses | None:
    """Return the error to raise instead, if the connection must be closed."""
    refusal = find_refusal(error)
    if refusal is None or not refusal.must_reconnect or isinstance(error, RedisRefuses):
        return None
    return RedisRefuses(refusal)


class _MasterConnection(synchronous.AbstractConnection):
    def on_connect_check_health(self, check_health: bool = True) -> None:
        super().on_connect_check_health(check_health=check_health)
        self.send_command("HELLO")  # type: ignore[no-untyped-call] # untyped in redis-py
        try:
            answer = self.read_response()
        except ResponseError:
            # A proxy that does not know HELLO.
            return
        check_hello(answer)

    def read_response(self, *args: object, **options: object) -> object:
        try:
            return super().read_response(*args, **options)
        except (ResponseError, LostConnection) as error:
            if (instead := _explain_end(error)) is None:
                raise
            self.disconnect()  # type: ignore[no-untyped-call] # untyped in redis-py
            raise instead from error


class _AsyncMasterConnection(asynchronous.AbstractConnection):
    async def on_connect_check_health(self, check_health: bool = True) -> None:
        await super().on_connect_check_health(check_health=check_health)
        await self.send_command("HELLO")
        try:
            answer = await self.read_response()
        except ResponseError:
            return
        check_hello(answer)

    async def read_response(self, *args: object, **options: object) -> object:
        try:
            return await super().read_response(*args, **options)  # type: ignore[arg-type] # only passed on
        except (ResponseError, LostConnection) as error:
            if (instead := _explain_end(error)) is None:
                raise
            await self.disconnect(nowait=True)
            raise instead from error


class MasterConnection(_MasterConnection, synchronous.Connection):
    """Over TCP."""


class MasterTlsConnection(_MasterConnection, synchronous.SSLConnection):
    """Over TLS."""


class MasterSocketConnection(_MasterConnection, synchronous.UnixDomainSocketConnection):
    """Over a Unix socket."""


class SentinelConnection(redis.sentinel.SentinelManagedConnection, MasterConnection):  # type: ignore[misc] # both only pass their arguments on
    """To the master that the Sentinels name at each new connection."""


class SentinelTlsConnection(redis.sentinel.SentinelManagedConnection, MasterTlsConnection):  # type: ignore[misc] # both only pass their arguments on
    """The same over TLS."""


class AsyncMasterConnection(_AsyncMasterConnection, asynchronous.Connection):
    """Over TCP."""


class AsyncMasterTlsConnection(_AsyncMasterConnection, asynchronous.SSLConnection):
    """Over TLS."""


class AsyncMasterSocketConnection(_AsyncMasterConnection, asynchronous.UnixDomainSocketConnection):
    """Over a Unix socket."""


class AsyncSentinelConnection(redis.asyncio.sentinel.SentinelManagedConnection, AsyncMasterConnection):  # type: ignore[misc] # both only pass their arguments on
    """To the master that the Sentinels name at each new connection."""


class AsyncSentinelTlsConnection(redis.asyncio.sentinel.SentinelManagedConnection, AsyncMasterTlsConnection):  # type: ignore[misc] # both only pass their arguments on
    """The same over TLS."""
