"""The queue: one Redis stream, one consumer group, one job id a message.

XACK and XDEL go together, so XLEN counts what waits and what runs: that is the number the autoscaler
follows. Redis only says "look at this job"; PostgreSQL knows what the job is, and the janitor puts back
any message that is lost. Nothing here claims other consumers' messages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from redis.exceptions import ResponseError

from core.redis_client import AnyPipeline, AsyncRedisClient, RedisClient, RedisPipeline

FIELD = "job"

READER_SECONDS = 10.0
"""Who has not asked for messages for so long does not wait for any.

A worker that waits asks again every second, so Redis and Valkey show it idle for 1.0 s at most (measured). Between two
questions it may also claim a job, which PostgreSQL may take 5 s to refuse, and rest for a second.
"""

AFTER_ALL = "18446744073709551615-0"
"""An id that no message reaches."""


MOST_ARGUMENTS = 1000
"""Of one call of a script: Lua's stack holds about 8,000."""

Answer = list[tuple[str, list[tuple[str, dict[str, str] | None]]]] | None
"""What XREADGROUP answers over RESP2: for each stream its name and its entries, and nothing when the wait was in vain."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the stream: its id there, and the job to look at (None for a foreign message)."""

    id: str
    job_id: UUID | None


def add_message(pipe: AnyPipeline, job_id: UUID) -> None:
    """Put a job's message to the workers on a pipeline."""
    pipe.xadd(pipe.names.stream, {FIELD: str(job_id)})


def remove_message(pipe: AnyPipeline, message_id: str) -> None:
    """Put XACK and XDEL on a MULTI pipeline."""
    pipe.xack(pipe.names.stream, pipe.names.group, message_id)
    pipe.xdel(pipe.names.stream, message_id)


UNREAD = """
local function parse(id)
  local milliseconds, sequence = id:match('^(%d+)-(%d+)$')
  return tonumber(milliseconds), tonumber(sequence)
end
local last = '0-0'
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for at = 1, #flat, 2 do group[flat[at]] = flat[at + 1] end
  if group.name == ARGV[1] then last = group['last-delivered-id'] end
end
local last_milliseconds, last_sequence = parse(last)
for at = 2, #ARGV do
  local milliseconds, sequence = parse(ARGV[at])
  if milliseconds > last_milliseconds or (milliseconds == last_milliseconds and sequence > last_sequence) then
    redis.call('XDEL', KEYS[1], ARGV[at])
  end
end
"""
"""Check and delete in one script: a message that was read meanwhile is some job's."""


def remove_unread_messages(pipe: RedisPipeline, message_ids: Sequence[str]) -> None:
    """Put the removal of those messages on a pipeline that nobody has read by then."""
    for start in range(0, len(message_ids), MOST_ARGUMENTS):
        pipe.eval(UNREAD, 1, pipe.names.stream, pipe.names.group, *message_ids[start : start + MOST_ARGUMENTS])


def ensure_group(client: RedisClient) -> None:
    """Create stream and group if they are missing, reading from the beginning, so that no message is skipped."""
    try:
        client.xgroup_create(client.names.stream, client.names.group, id="0", mkstream=True)
    except ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise


def read_messages(client: RedisClient, consumer: str, count: int, block_ms: int) -> list[Message]:
    """Return at most `count` new messages and wait for them up to `block_ms`. Create the group again when Redis lost it."""
    names = client.names
    try:
        answer = cast(
            Answer, client.xreadgroup(names.group, consumer, {names.stream: ">"}, count=count, block=block_ms)
        )
        if not answer:
            _show_life(client, consumer)
    except ResponseError as error:
        if not str(error).startswith("NOGROUP"):
            raise
        ensure_group(client)
        return []
    return [parse_message(message_id, values) for _, entries in answer or [] for message_id, values in entries]


def _show_life(client: RedisClient, consumer: str) -> None:
    """Ask for the consumer's own messages after the last one. There are none, and only its `idle` changes.

    Redis before 7.2 takes no notice of a consumer whose read waited in vain; it does not even know a new one.
    """
    client.xreadgroup(client.names.group, consumer, {client.names.stream: AFTER_ALL}, count=1)


def parse_message(message_id: str, values: dict[str, str] | None) -> Message:
    """Make a Message of a stream entry."""
    try:
        return Message(message_id, UUID((values or {})[FIELD]))
    except (KeyError, ValueError):
        return Message(message_id, None)


def finish_message(client: RedisClient, message_id: str) -> None:
    """Remove the message of a finished job."""
    with client.pipeline(transaction=True) as pipe:
        remove_message(pipe, message_id)
        pipe.execute()


def replace_message(client: RedisClient, message_id: str, job_id: UUID) -> None:
    """Put a new message in the place of an old one, in one MULTI, so that XLEN never dips."""
    with client.pipeline(transaction=True) as pipe:
        add_message(pipe, job_id)
        remove_message(pipe, message_id)
        pipe.execute()


FORGET = """
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for at = 1, #flat, 2 do consumer[flat[at]] = flat[at + 1] end
  if consumer.pending == 0 and consumer.idle >= tonumber(ARGV[2]) and (ARGV[3] == '' or consumer.name == ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer.name)
  end
end
"""
"""Check and delete in one script: DELCONSUMER of a consumer with pending messages would lose them."""


def remove_consumer(client: RedisClient, name: str) -> None:
    """Delete a consumer from the group, unless a message is pending under its name."""
    client.eval(FORGET, 1, client.names.stream, client.names.group, 0, name)


def remove_idle_consumers(client: RedisClient, idle_seconds: float) -> None:
    """Delete the consumers idle for so long and without pending messages."""
    client.eval(FORGET, 1, client.names.stream, client.names.group, int(idle_seconds * 1000), "")


READERS = """
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if consumers.err and (consumers.err:find('^NOGROUP') or consumers.err:find('no such key')) then return 0 end
if consumers.err then return consumers end
local readers = 0
for _, flat in ipairs(consumers) do
  local consumer = {}
  for at = 1, #flat, 2 do consumer[flat[at]] = flat[at + 1] end
  if consumer.idle <= tonumber(ARGV[2]) then readers = readers + 1 end
end
return readers
"""
"""A script, because a stream or group that is missing is an error of XINFO, and the API takes those for an outage."""


async def count_readers(client: AsyncRedisClient, seconds: float) -> int:
    """Return how many consumers asked for messages within the last `seconds`."""
    return int(await client.eval(READERS, 1, client.names.stream, client.names.group, int(seconds * 1000)))
