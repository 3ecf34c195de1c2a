"""Who waits for messages, by what each kind of server tells."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from redis.exceptions import ResponseError

from conformance.names import GROUP, STREAM
from conformance.servers import embedded_redis
from conformance.service import wait_for
from core.queue import READER_SECONDS, count_readers, ensure_group, read_messages
from core.redis_client import RedisClient, make_async_redis, make_redis
from tests.integration.conftest import send_message


@pytest.fixture
def redis_url(tmp_path_factory: pytest.TempPathFactory, redis_binary: Path) -> Iterator[str]:
    """Each kind of server in turn, for they differ in what they call idle."""
    with embedded_redis(tmp_path_factory.mktemp("r"), redis_binary) as url:
        yield url


def ask_readers(url: str, seconds: float) -> int:
    """Ask as the API does."""

    async def ask() -> int:
        async with make_async_redis(url) as client:
            return await count_readers(client, seconds)

    return asyncio.run(ask())


@contextmanager
def reading(url: str) -> Iterator[None]:
    """A worker's loop that finds nothing, in a thread."""
    stop = threading.Event()

    def loop() -> None:
        with make_redis(url) as own:
            while not stop.is_set():
                read_messages(own, "worker", 4, 100)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_whoever_waits_for_messages_is_a_reader_until_it_stops(client: RedisClient, redis_url: str) -> None:
    ensure_group(client)
    assert ask_readers(redis_url, READER_SECONDS) == 0
    started = time.monotonic()
    with reading(redis_url):
        wait_for("the reader", lambda: ask_readers(redis_url, READER_SECONDS) == 1)
        # Now it has read for longer than the bound that it must be within.
        wait_for("half a second", lambda: time.monotonic() - started > 0.5)
        wait_for("it to be seen again", lambda: ask_readers(redis_url, 0.3) == 1)
    wait_for("its time to be over", lambda: ask_readers(redis_url, 0.3) == 0)


def test_one_read_in_vain_is_a_sign_of_life(client: RedisClient, redis_url: str) -> None:
    ensure_group(client)
    assert read_messages(client, "worker", 4, 10) == []
    assert ask_readers(redis_url, READER_SECONDS) == 1


def test_a_sign_of_life_leaves_what_the_consumer_holds_as_it_is(client: RedisClient) -> None:
    ensure_group(client)
    send_message(client, uuid4())
    (held,) = read_messages(client, "worker", 4, 10)
    time.sleep(0.2)
    assert read_messages(client, "worker", 4, 10) == []
    (pending,) = client.xpending_range(STREAM, GROUP, "-", "+", 10)
    assert (pending["message_id"], pending["times_delivered"]) == (held.id, 1)
    assert int(pending["time_since_delivered"]) >= 200


def test_without_stream_or_group_nobody_reads(client: RedisClient, redis_url: str) -> None:
    assert ask_readers(redis_url, READER_SECONDS) == 0
    send_message(client, uuid4())
    assert ask_readers(redis_url, READER_SECONDS) == 0


def test_another_error_is_none_of_that(client: RedisClient, redis_url: str) -> None:
    client.set(STREAM, "no stream")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        ask_readers(redis_url, READER_SECONDS)
