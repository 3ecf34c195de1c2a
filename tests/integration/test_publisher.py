"""What a changed job leads to in Redis: by both kinds of client, in whole or not at all."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.exceptions import RedisError

from api.examples import QUEUED, SUCCEEDED
from conformance.names import CANCELED, EVENTS, GROUP, STREAM, cache_key
from conformance.service import wait_for
from core.jobs import Job, decode_job
from core.publisher import AsyncPublisher, Publisher, pipe_change
from core.queue import ensure_group, read_messages
from core.redis_client import RedisClient, make_async_redis, make_redis
from core.status_cache import decode_cached
from core.transitions import Status
from tests.integration.conftest import send_message

NOBODY = "redis://127.0.0.1:1/0"
"""A port that nothing listens on."""

Heard = Callable[[int], list[tuple[str, str]]]
Publish = Callable[[Job], None]


@pytest.fixture
def heard(client: RedisClient) -> Iterator[Heard]:
    """What was published since: the first so many messages, as channel and data."""
    with client.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call] # untyped in redis-py
        channel.subscribe(EVENTS, CANCELED)
        wait_for("the subscription", lambda: client.pubsub_numsub(CANCELED)[0][1] == 1)
        found: list[tuple[str, str]] = []

        def listen(count: int) -> list[tuple[str, str]]:
            def take() -> bool:
                if message := channel.get_message():
                    found.append((message["channel"], message["data"]))
                return len(found) >= count

            wait_for(f"{count} messages", take)
            return found

        yield listen


@pytest.fixture
def told(client: RedisClient) -> Iterator[Callable[[], list[list[str]]]]:
    """The commands that reach the server, in their order, with what a script calls left out."""
    with client.monitor() as monitor:  # type: ignore[no-untyped-call] # untyped in redis-py

        def commands() -> list[list[str]]:
            client.echo("the end")
            found = []
            while (told := monitor.next_command())["command"] != "ECHO the end":
                if told["client_type"] != "lua":
                    found.append(told["command"].split())
            return found

        yield commands


@pytest.fixture(params=["sync", "async"])
def publish(request: pytest.FixtureRequest, client: RedisClient, redis_url: str) -> Publish:
    """Publish a change with a message to add, by each kind of client."""
    if request.param == "sync":
        return lambda job: Publisher(client, cache=True).publish(job, add=job.id)

    async def publish_async(job: Job) -> None:
        async with make_async_redis(redis_url) as own:
            await AsyncPublisher(own, cache=True).publish(job, add=job.id)

    return lambda job: asyncio.run(publish_async(job))


def cached(client: RedisClient, job: Job) -> Job | None:
    value = client.get(cache_key(job.id))
    return decode_cached(str(value)) if value else None


def test_a_change_is_a_message_an_event_and_a_cached_state(client: RedisClient, publish: Publish, heard: Heard) -> None:
    publish(QUEUED)
    ((channel, event),) = heard(1)
    ((_, values),) = client.xrange(STREAM) or []
    assert values == {"job": str(QUEUED.id)}
    assert (channel, decode_job(event)) == (EVENTS, QUEUED)
    assert cached(client, QUEUED) == QUEUED


def test_a_canceled_job_is_told_to_its_worker_too(publish: Publish, heard: Heard) -> None:
    publish(replace(QUEUED, status=Status.CANCELED))
    assert [channel for channel, _ in heard(2)] == [EVENTS, CANCELED]
    assert heard(2)[1] == (CANCELED, str(QUEUED.id))


def test_without_the_cache_no_state_is_kept(client: RedisClient, heard: Heard) -> None:
    Publisher(client, cache=False).publish(QUEUED)
    assert len(heard(1)) == 1
    assert cached(client, QUEUED) is None
    assert client.exists(STREAM) == 0


def test_a_state_that_is_past_its_time_is_not_kept(client: RedisClient, heard: Heard) -> None:
    now = datetime.now(UTC)
    over = replace(SUCCEEDED, expires_at=now, seen_at=now + timedelta(seconds=1))
    with client.pipeline(transaction=False) as pipe:
        pipe_change(pipe, over, cache=True)
        # A script with such a time to live would be an error here.
        pipe.execute()
    assert len(heard(1)) == 1
    assert cached(client, SUCCEEDED) is None


def test_a_message_is_acknowledged_and_deleted_in_one_multi(
    client: RedisClient, told: Callable[[], list[list[str]]]
) -> None:
    ensure_group(client)
    message_id = send_message(client, QUEUED.id)
    read_messages(client, "worker", 1, 10)
    told()

    Publisher(client, cache=True).publish(QUEUED, add=QUEUED.id, remove=message_id)

    names = [command[0] for command in told()]
    assert names == ["MULTI", "XADD", "XACK", "XDEL", "EVAL", "PUBLISH", "EXEC"]
    ((new_id, _),) = client.xrange(STREAM) or []
    assert new_id != message_id
    assert client.xpending(STREAM, GROUP)["pending"] == 0


def test_a_change_that_removes_nothing_needs_no_multi(publish: Publish, told: Callable[[], list[list[str]]]) -> None:
    publish(QUEUED)
    assert "MULTI" not in {command[0] for command in told()}


def test_a_refused_removal_changes_nothing_else(client: RedisClient) -> None:
    """Within a MULTI a command that cannot be queued undoes all: no message is added beside one that stays."""
    client.acl_setuser("worker", enabled=True, nopass=True, keys=["*"], channels=["*"], commands=["+@all", "-xdel"])
    message_id = send_message(client, QUEUED.id)
    client.execute_command("AUTH", "worker", "")  # type: ignore[no-untyped-call] # untyped in redis-py
    Publisher(client, cache=True).publish(QUEUED, add=QUEUED.id, remove=message_id)
    assert [entry for entry, _ in client.xrange(STREAM) or []] == [message_id]
    assert cached(client, QUEUED) is None


def test_many_changes_go_in_one_round_trip(client: RedisClient, heard: Heard) -> None:
    Publisher(client, cache=True).publish_all([QUEUED, replace(SUCCEEDED, rev=3)])
    assert [decode_job(event).rev for _, event in heard(2)] == [1, 3]
    assert client.exists(STREAM) == 0


def test_a_worker_and_the_janitor_go_on_without_redis() -> None:
    with make_redis(NOBODY) as away:
        publisher = Publisher(away, cache=True)
        publisher.publish(QUEUED)
        publisher.publish(QUEUED, add=QUEUED.id, remove="1-0")
        publisher.publish_all([QUEUED, SUCCEEDED])


def test_the_api_hears_that_redis_is_away() -> None:
    async def publish() -> None:
        async with make_async_redis(NOBODY) as away:
            await AsyncPublisher(away, cache=True).publish(QUEUED, add=QUEUED.id)

    with pytest.raises((RedisError, OSError)):
        asyncio.run(publish())


def test_a_state_that_was_looked_up_is_cached_and_told_to_nobody(
    client: RedisClient, redis_url: str, told: Callable[[], list[list[str]]]
) -> None:
    async def cache_state() -> None:
        async with make_async_redis(redis_url) as own:
            await AsyncPublisher(own, cache=True).cache_state(QUEUED)

    asyncio.run(cache_state())
    assert cached(client, QUEUED) == QUEUED
    assert "PUBLISH" not in {command[0] for command in told()}
