"""Ask a Redis whether it can be used, without changing anything in it.

Inside of MULTI a command is checked as if it ran (rights, role, memory, disk) and only queued; DISCARD then drops it.
"""

from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

import structlog
from redis.exceptions import RedisError, ResponseError

from core.process import WRONG_SETTING, CannotStart
from core.redis_client import AsyncRedisClient, RedisClient, make_redis
from core.redis_errors import RedisState, WrongRedis, explain_redis_error, find_refusal
from core.redis_names import RedisNames
from core.settings import Settings

log = structlog.get_logger("redis")

START_SECONDS = 1.0
"""How long a start waits for Redis at each step. A Redis that is away keeps no program from starting."""

NO_SCRIPT = "return 0"


@dataclass(frozen=True, slots=True)
class Needed:
    """A command that imagemill uses, on its own names. `rule` is what allows it in an ACL."""

    rule: str
    words: tuple[str | int, ...]


def list_needed(names: RedisNames) -> list[Needed]:
    """Return every command that api, worker and janitor cannot do without."""
    stream, group, key = names.stream, names.group, names.status(UUID(int=0))
    return [
        Needed("+ping", ("PING",)),
        Needed("+eval", ("EVAL", NO_SCRIPT, 1, key)),
        Needed("+get", ("GET", key)),
        Needed("+set", ("SET", key, 0, "PX", 1)),
        Needed("+del", ("DEL", key)),
        Needed("+expire", ("EXPIRE", key, 1)),
        Needed("+pexpire", ("PEXPIRE", key, 1)),
        Needed("+pttl", ("PTTL", key)),
        Needed("+incrby", ("INCRBY", key, 1)),
        Needed("+hgetall", ("HGETALL", names.coming)),
        Needed("+hset", ("HSET", names.coming, "", "")),
        Needed("+hdel", ("HDEL", names.coming, "")),
        Needed("+time", ("TIME",)),
        Needed("+xadd", ("XADD", stream, "*", "job", "0")),
        Needed("+xack", ("XACK", stream, group, "0-1")),
        Needed("+xdel", ("XDEL", stream, "0-1")),
        Needed("+xlen", ("XLEN", stream)),
        Needed("+xrange", ("XRANGE", stream, "-", "+", "COUNT", 1)),
        Needed("+xpending", ("XPENDING", stream, group)),
        Needed("+xreadgroup", ("XREADGROUP", "GROUP", group, "nobody", "STREAMS", stream, ">")),
        Needed("+xgroup|create", ("XGROUP", "CREATE", stream, group, "0", "MKSTREAM")),
        Needed("+xgroup|delconsumer", ("XGROUP", "DELCONSUMER", stream, group, "nobody")),
        Needed("+xinfo|groups", ("XINFO", "GROUPS", stream)),
        Needed("+xinfo|consumers", ("XINFO", "CONSUMERS", stream, group)),
        Needed("+publish", ("PUBLISH", names.events, "")),
        Needed("+publish", ("PUBLISH", names.canceled, "")),
        Needed("+subscribe", ("SUBSCRIBE", names.events)),
        Needed("+subscribe", ("SUBSCRIBE", names.canceled)),
    ]


def least_rules(names: RedisNames) -> list[str]:
    """Return the least rules of an ACL for imagemill's user."""
    commands = dict.fromkeys([*(need.rule for need in list_needed(names)), "+multi", "+exec", "+discard"])
    return [f"~{names.prefix}*", "resetchannels", f"&{names.prefix}*", "-@all", *commands]


def check_redis(settings: Settings) -> None:
    """Look at Redis before a program starts. Log what is denied; a Redis that is away, or denies, holds nobody up.

    Raises CannotStart for a cluster and for a Sentinel in the place of a Redis.
    """
    with closing(make_redis(settings.redis_url, prefix=settings.redis_prefix, timeout=START_SECONDS)) as client:
        try:
            denied = find_denied(client)
        except WrongRedis as error:
            raise CannotStart(str(error), WRONG_SETTING) from None
        except (RedisError, OSError) as error:
            log.warning("Redis cannot be used yet", error=explain_redis_error(error))
            return
    if denied:
        log.error(
            "Redis denies its user what imagemill needs. Jobs wait until this is allowed, see docs/redis.md.",
            missing=" ".join(denied),
        )


def find_denied(client: RedisClient) -> list[str]:
    """Return the rules that the user's ACL lacks. Raises the error of any other refusal."""
    connection = client.connection_pool.get_connection()

    def lacks(rule: str, *words: str | int) -> set[str]:
        connection.send_command(*words)  # type: ignore[no-untyped-call] # untyped in redis-py
        try:
            connection.read_response()
        except ResponseError as error:
            if not _is_denied(error):
                raise
            return {_find_rule(rule, str(error), client.names)}
        return set()

    try:
        if denied := lacks("+multi", "MULTI"):
            return sorted(denied)
        for need in list_needed(client.names):
            denied |= lacks(need.rule, *need.words)
        denied |= lacks("+discard", "DISCARD")
        if "+discard" not in denied:
            # An EXEC that runs nothing.
            denied |= lacks("+multi", "MULTI") | lacks("+exec", "EXEC")
    finally:
        connection.disconnect()  # type: ignore[no-untyped-call] # untyped in redis-py
        client.connection_pool.release(connection)
    return sorted(denied)


def _find_rule(rule: str, said: str, names: RedisNames) -> str:
    """Return what would allow a command, by what Redis says of it: the command itself, its keys or its channels."""
    if "channel" in said:
        return f"&{names.prefix}*"
    return f"~{names.prefix}*" if "key" in said else rule


def _is_denied(error: ResponseError) -> bool:
    """Return whether an ACL is the reason. An EXEC that is denied is answered EXECABORT."""
    refusal = find_refusal(error)
    return "NOPERM" in str(error) or (refusal is not None and refusal.state is RedisState.DENIED)


async def try_writing(client: AsyncRedisClient) -> None:
    """Queue a message and discard it. Raises the error that writing would have."""
    connection = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call] # untyped in redis-py
    try:
        for words in (("MULTI",), ("XADD", client.names.stream, "*", "job", "0"), ("DISCARD",)):
            await connection.send_command(*words)
            await connection.read_response()
    except BaseException:
        # Not back to the pool with an open MULTI.
        await connection.disconnect(nowait=True)
        raise
    finally:
        await client.connection_pool.release(connection)
