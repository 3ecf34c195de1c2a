import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from api.redis_gate import Breaker, RedisAway, Turn
from conformance.names import STREAM
from conformance.servers import embedded_redis
from conformance.service import PATIENCE, wait_for
from core.redis_client import make_async_redis, make_redis
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, Live, metric
from tests.api.test_status import asking
from tests.conftest import server_directory

QUICK = 2.0
"""Seconds: ten times what an answer without Redis may take."""


@pytest.fixture
def directory() -> Iterator[Path]:
    """For a Redis. Ask for it before `serve`, which puts temporary files where a socket's path would be too long."""
    with server_directory() as directory:
        yield directory


def test_a_dead_redis_costs_no_job_and_no_time(serve: Serve) -> None:
    live = serve(redis_url=NOWHERE)
    live.submit()
    started = time.monotonic()
    ids = [live.submit() for _ in range(10)]
    assert time.monotonic() - started < 10 * QUICK
    errors = metric("imagemill_status_cache_total", result="error")
    assert [live.get(job_id)["status"] for job_id in ids] == ["queued"] * 10
    assert metric("imagemill_status_cache_total", result="error") == errors + 10
    assert live.http.delete(f"/v1/jobs/{ids[0]}").status_code == 204
    assert live.get(ids[0])["status"] == "canceled"


def test_a_wait_works_without_redis(serve: Serve) -> None:
    live = serve(redis_url=NOWHERE)
    live.app.state.services.hub.recheck_seconds = 0.2
    job_id = live.submit()
    with asking(live, f"/v1/jobs/{job_id}?wait=60") as answers:
        live.claim(job_id)
        live.succeed(job_id)
    assert answers[0].json()["status"] == "succeeded"


def test_a_redis_that_hangs_costs_little_and_is_asked_again_later(directory: Path, serve: Serve) -> None:
    with embedded_redis(directory) as url, make_redis(url) as client:
        server = psutil.Process(int(client.info("server")["process_id"]))
        live = serve(redis_url=url)
        live.submit()
        server.suspend()
        try:
            started = time.monotonic()
            for _ in range(10):
                live.submit()
            hung = time.monotonic() - started
        finally:
            server.resume()
        assert hung < 10 * QUICK
        told = client.xlen(STREAM)

        def told_again() -> bool:
            live.submit()
            return bool(client.xlen(STREAM) > told)

        wait_for("Redis to be told again", told_again)


def test_a_redis_that_dies_and_comes_back(directory: Path, serve: Serve) -> None:
    with embedded_redis(directory) as url, make_redis(url) as client:
        live = serve(redis_url=url)
        live.submit()
        os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)
        assert live.get(live.submit())["status"] == "queued"
    with embedded_redis(directory) as again, make_redis(again) as client:
        assert again == url
        told = client.xlen(STREAM)

        def told_again() -> bool:
            live.submit()
            return bool(client.xlen(STREAM) > told)

        wait_for("Redis to be told again", told_again)


def test_the_database_away_is_said_on_every_route(serve: Serve) -> None:
    live = serve(database_url="postgresql://postgres@127.0.0.1:1/imagemill")
    job = "/v1/jobs/0a2f1c5e-6b7d-4c1e-9a53-2f4f6d1b8e90"
    answers = [live.post(), *(live.http.get(path) for path in (job, f"{job}?wait=5", f"{job}/events", f"{job}/result"))]
    answers.append(live.http.delete(job))
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
        assert answer.headers["retry-after"] == "5"
    page = live.http.get("/jobs/0a2f1c5e-6b7d-4c1e-9a53-2f4f6d1b8e90")
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")
    assert "cannot reach its database" in page.text
    assert "This page comes back by itself." in page.text
    assert "Try again" not in page.text
    refused = live.post(path="/jobs")
    assert (refused.status_code, "Try again in 5 s." in refused.text) == (503, True)
    assert live.http.get("/v1/formats").status_code == 200
    assert live.http.get("/livez").status_code == 200


def test_a_database_that_ends_its_connections_is_reached_again(live: Live) -> None:
    job_id = live.submit()
    with live.engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    live.redis.flushall()
    assert live.get(job_id)["status"] == Status.QUEUED


def test_a_turn_ends_with_its_budget() -> None:
    asked: list[float] = []

    async def never(_client: object) -> None:
        asked.append(1)
        await asyncio.sleep(10 * PATIENCE)

    async def two_calls() -> None:
        turn = Turn(make_async_redis(NOWHERE), Breaker(), cache=False, budget=0.15)
        for _ in range(2):
            with pytest.raises(RedisAway):
                await turn.ask(never)

    started = time.monotonic()
    asyncio.run(two_calls())
    assert 0.15 <= time.monotonic() - started < PATIENCE
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("said", "raised"), [("<TCPTransport closed=True>; the handler is closed", RedisAway), ("no", RuntimeError)]
)
def test_a_connection_that_was_reset_is_an_outage(said: str, raised: type[Exception]) -> None:
    """uvloop raises a RuntimeError for it, and redis-py passes it on."""

    async def closed(_client: object) -> None:
        raise RuntimeError(said)

    async def one_call() -> None:
        await Turn(make_async_redis(NOWHERE), Breaker(), cache=False, budget=0.15).ask(closed)

    with pytest.raises(raised):
        asyncio.run(one_call())


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_breaker_opens_at_a_refusal_and_lets_one_through_after_a_rest(clock: Clock) -> None:
    breaker = Breaker(rest=1.5, clock=clock)
    assert breaker.lets_through()
    breaker.note_failure(slow=False)
    assert not breaker.lets_through()
    clock.now += 1.6
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.note_failure(slow=False)
    assert not breaker.lets_through()
    clock.now += 1.6
    assert breaker.lets_through()
    breaker.note_success()
    assert [breaker.lets_through() for _ in range(3)] == [True, True, True]


def test_the_breaker_forgives_a_slow_answer_but_not_three(clock: Clock) -> None:
    breaker = Breaker(clock=clock)
    breaker.note_failure(slow=True)
    breaker.note_failure(slow=True)
    assert breaker.lets_through()
    breaker.note_success()
    for _ in range(3):
        assert breaker.lets_through()
        breaker.note_failure(slow=True)
    assert not breaker.lets_through()
