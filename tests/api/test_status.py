import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from api import status as status_module
from api.examples import QUEUED, SUCCEEDED
from api.hub import Hub
from conformance.names import EVENTS, cache_key
from conformance.service import PATIENCE, wait_for
from core.jobs import Job, encode_job
from core.redis_client import make_async_redis
from core.status_cache import write_cache
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, Live, metric


def looked(result: str) -> float:
    return metric("imagemill_status_cache_total", result=result)


def test_every_status_is_a_200_in_the_contracts_shape(shared: Live) -> None:
    for status in Status:
        job = shared.get(shared.in_status(status))
        assert job["status"] == status
        assert (job["result"] is not None) == (status is Status.SUCCEEDED)
        assert (job["error"] is not None) == (status is Status.FAILED)
        assert (job["started_at"] is not None) == (job["attempts"] == 1)


def test_a_success_shows_its_result_and_warnings(shared: Live) -> None:
    job_id = shared.in_status(Status.SUCCEEDED)
    job = shared.get(job_id)
    assert job["result"]["url"] == f"/v1/jobs/{job_id}/result" == job["links"]["result"]
    assert job["result"]["bytes"] == 2_560_000
    assert job["warnings"][0]["code"] == "alpha_flattened"
    assert job["finished_at"].endswith("Z")
    assert job["expires_at"].endswith("Z")


def test_a_newer_workers_codes_are_passed_on(shared: Live) -> None:
    """Workers and API are not replaced in the same moment."""
    done, failed = (shared.in_status(status) for status in (Status.SUCCEEDED, Status.FAILED))
    code = json.dumps({"code": "of_tomorrow", "detail": "A newer worker says so."})
    with shared.engine.begin() as connection:
        for column, value, job_id in (("warnings", f"[{code}]", done), ("error", code, failed)):
            statement = text(f"UPDATE jobs SET {column} = CAST(:value AS jsonb) WHERE id = :id")
            connection.execute(statement, {"value": value, "id": job_id})
            shared.redis.delete(cache_key(job_id))
    assert shared.get(done)["warnings"] == [json.loads(code)]
    assert shared.get(failed)["error"] == json.loads(code)


@pytest.mark.parametrize("job_id", [str(UUID(int=4)), "nonsense", "1"])
def test_an_unknown_job_is_404(shared: Live, job_id: str) -> None:
    for path in (
        f"/v1/jobs/{job_id}",
        f"/v1/jobs/{job_id}?wait=5",
        f"/v1/jobs/{job_id}/events",
        f"/v1/jobs/{job_id}/result",
    ):
        answer = shared.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    assert shared.http.delete(f"/v1/jobs/{job_id}").status_code == 404


@pytest.mark.parametrize("wait", ["soon", "-1", "61", "nan"])
def test_a_wait_that_cannot_be_is_400(shared: Live, wait: str) -> None:
    answer = shared.http.get(f"/v1/jobs/{uuid4()}", params={"wait": wait})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert "wait" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["wat=5", "Wait=5", "wait=0&waits=5"])
def test_a_misspelt_wait_is_400(shared: Live, query: str) -> None:
    answer = shared.http.get(f"/v1/jobs/{shared.submit()}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert answer.json()["detail"].startswith("The only parameter here is wait, and not '")


def test_head_has_the_headers_and_no_body(shared: Live) -> None:
    answer = shared.http.head(f"/v1/jobs/{shared.submit()}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


def test_the_cache_spares_the_database(live: Live) -> None:
    job_id = live.submit()
    hits, misses = looked("hit"), looked("miss")
    live.get(job_id)
    assert (looked("hit"), looked("miss")) == (hits + 1, misses)
    live.redis.flushall()
    live.get(job_id)
    live.get(job_id)
    assert (looked("hit"), looked("miss")) == (hits + 2, misses + 1)


@pytest.mark.parametrize("body", ["{}", "[]", "5", "no JSON"])
def test_what_is_not_ours_in_the_cache_is_passed_over(live: Live, body: str) -> None:
    job_id = live.submit()
    errors = looked("error")
    live.redis.set(cache_key(job_id), f"7 {body}")
    assert live.get(job_id)["status"] == "queued"
    assert looked("error") == errors + 1


def write(live: Live, job: Job) -> int:
    """1 when the cache took the state, 0 when it had a newer one."""
    with live.redis.pipeline() as pipe:
        write_cache(pipe, job, encode_job(job))
        (answer,) = pipe.execute()
    return int(answer)


def test_an_older_state_never_replaces_a_newer_one(live: Live) -> None:
    job_id = live.submit()
    queued = live.record(job_id)
    processing = live.claim(job_id)
    assert write(live, queued) == 0
    assert live.get(job_id)["status"] == "processing"
    assert write(live, processing) == 0
    live.redis.delete(cache_key(job_id))
    assert write(live, queued) == 1
    assert write(live, processing) == 1
    assert live.get(job_id)["status"] == "processing"


def test_the_cache_can_be_switched_off(serve: Serve) -> None:
    live = serve(status_cache=False)
    job_id = live.submit()
    off = looked("off")
    live.get(job_id)
    live.get(job_id)
    assert looked("off") == off + 2
    assert not live.redis.exists(cache_key(job_id))


@contextmanager
def asking(live: Live, path: str, **headers: str) -> Iterator[list[Any]]:
    """A GET in a thread; its answer and the seconds that it took are in the list at the end of the block."""
    answers: list[Any] = []

    def ask() -> None:
        started = time.monotonic()
        with httpx.Client(base_url=live.url, timeout=PATIENCE) as http:
            answers.extend((http.get(path, headers=headers), time.monotonic() - started))

    thread = threading.Thread(target=ask)
    thread.start()
    yield answers
    thread.join(PATIENCE)
    assert answers


def watched(live: Live, job_id: UUID) -> None:
    wait_for("somebody to wait", lambda: job_id in live.app.state.services.hub._watches)


def subscribed(live: Live) -> None:
    wait_for("the subscription", lambda: dict(live.redis.pubsub_numsub(EVENTS))[EVENTS] > 0)


def without_rechecks(live: Live) -> None:
    """So that only an event can end a wait early."""
    subscribed(live)
    live.app.state.services.hub.recheck_seconds = PATIENCE


def test_a_wait_ends_with_the_event_of_the_last_state(live: Live) -> None:
    without_rechecks(live)
    job_id = live.submit()
    with asking(live, f"/v1/jobs/{job_id}?wait=60") as answers:
        watched(live, job_id)
        live.claim(job_id)
        live.redis.publish(EVENTS, "not a job")
        live.succeed(job_id)
    answer, seconds = answers
    assert answer.json()["status"] == "succeeded"
    assert seconds < 50
    assert not live.app.state.services.hub._watches


def test_a_wait_without_an_end_says_how_the_job_is(live: Live) -> None:
    job_id = live.submit()
    live.claim(job_id)
    with asking(live, f"/v1/jobs/{job_id}?wait=0.5") as answers:
        pass
    answer, seconds = answers
    assert answer.json()["status"] == "processing"
    assert seconds >= 0.5


def test_a_wait_sees_what_no_event_told(live: Live) -> None:
    live.app.state.services.hub.recheck_seconds = 0.2
    job_id = live.submit()
    live.claim(job_id)
    with asking(live, f"/v1/jobs/{job_id}?wait=60") as answers:
        watched(live, job_id)
        live.succeed(job_id, tell=False)
    assert answers[0].json()["status"] == "succeeded"
    assert answers[1] < 50


def test_a_watch_passes_over_what_is_not_newer() -> None:
    async def no_row(_job_id: UUID) -> Job | None:
        return None

    async def watch() -> tuple[Job | None, Job | None]:
        hub, now = Hub(make_async_redis(NOWHERE), no_row), asyncio.get_running_loop().time
        with hub.watch(QUEUED.id) as watch:
            watch.heard.put_nowait(QUEUED)
            late = await watch.wait_for_change(QUEUED.rev, now() + 0.2)
            watch.heard.put_nowait(SUCCEEDED)
            return late, await watch.wait_for_change(SUCCEEDED.rev - 1, now() + PATIENCE)

    assert asyncio.run(watch()) == (None, SUCCEEDED)


def test_wake_ups_do_not_keep_a_watch_from_looking_by_itself() -> None:
    looks: list[UUID] = []

    async def read(job_id: UUID) -> Job | None:
        looks.append(job_id)
        return None

    async def watch() -> None:
        hub, loop = Hub(make_async_redis(NOWHERE), read, recheck_seconds=0.5), asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        with hub.watch(QUEUED.id) as watch:
            while not looks and loop.time() < until:
                loop.call_later(0.05, watch.wake)
                assert await watch.wait_for_change(QUEUED.rev, until) is None
        assert loop.time() < until

    asyncio.run(watch())
    assert looks == [QUEUED.id]


def test_a_wait_for_what_is_over_ends_at_once(live: Live) -> None:
    without_rechecks(live)
    with asking(live, f"/v1/jobs/{live.in_status(Status.FAILED)}?wait=60") as answers:
        pass
    assert answers[0].json()["status"] == "failed"
    assert answers[1] < 50


def test_the_subscription_comes_back(live: Live) -> None:
    without_rechecks(live)
    live.redis.client_kill_filter(_type="pubsub")
    subscribed(live)
    job_id = live.submit()
    with asking(live, f"/v1/jobs/{job_id}?wait=60") as answers:
        watched(live, job_id)
        subscribed(live)
        live.claim(job_id)
        live.fail(job_id)
    assert answers[0].json()["status"] == "failed"
    assert answers[1] < 50


def events_of(text: str) -> list[dict[str, str]]:
    """The events of a stream but those of places, which come when they come."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith((":", "event: place"))]
    return [dict(line.split(": ", 1) for line in block.split("\n")) for block in blocks]


def test_events_tell_every_transition_in_order(live: Live) -> None:
    without_rechecks(live)
    job_id = live.submit()
    with asking(live, f"/v1/jobs/{job_id}/events") as answers:
        watched(live, job_id)
        live.claim(job_id)
        live.succeed(job_id)
    answer = answers[0]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    events = events_of(answer.text)
    assert [event["id"] for event in events] == ["1", "2", "3"]
    assert {event["event"] for event in events} == {"status"}
    assert [json.loads(event["data"])["status"] for event in events] == ["queued", "processing", "succeeded"]
    assert json.loads(events[-1]["data"]) == live.get(job_id)


def test_events_that_come_late_or_twice_are_passed_over(live: Live) -> None:
    without_rechecks(live)
    job_id = live.submit()
    queued = live.record(job_id)
    with asking(live, f"/v1/jobs/{job_id}/events") as answers:
        watched(live, job_id)
        processing = live.claim(job_id)
        for job in (queued, processing):
            live.redis.publish(EVENTS, encode_job(job))
        live.fail(job_id)
    assert [event["id"] for event in events_of(answers[0].text)] == ["1", "2", "3"]


def test_events_go_on_after_the_last_one_that_was_seen(live: Live) -> None:
    job_id = live.in_status(Status.SUCCEEDED)
    rev = live.record(job_id).rev
    path = f"/v1/jobs/{job_id}/events"
    assert [event["id"] for event in events_of(live.http.get(path).text)] == [str(rev)]
    seen_before = live.http.get(path, headers={"Last-Event-ID": str(rev - 1)})
    assert [event["id"] for event in events_of(seen_before.text)] == [str(rev)]
    assert [event["id"] for event in events_of(live.http.get(path, headers={"Last-Event-ID": "x"}).text)] == [str(rev)]
    seen = live.http.get(path, headers={"Last-Event-ID": str(rev)})
    assert (seen.status_code, seen.content) == (204, b"")
    assert live.http.head(path).headers["content-type"].startswith("text/event-stream")


def test_a_stream_says_that_it_lives_and_ends_after_its_time(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_module, "KEEPALIVE_SECONDS", 0.1)
    monkeypatch.setattr(status_module, "STREAM_SECONDS", 1.0)
    job_id = live.submit()
    text = live.http.get(f"/v1/jobs/{job_id}/events").text
    assert ": ping\n\n" in text
    assert [event["id"] for event in events_of(text)] == ["1"]


def test_a_stream_outlives_an_outage_of_the_database(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_module, "STREAM_SECONDS", 60.0)
    subscribed(live)
    hub = live.app.state.services.hub
    job_id = live.submit()

    async def away(_job_id: UUID) -> Job | None:
        from api.errors import DatabaseAway

        outages.append(1)
        raise DatabaseAway

    outages: list[int] = []
    monkeypatch.setattr(hub, "read", away)
    monkeypatch.setattr(hub, "recheck_seconds", 0.1)
    with asking(live, f"/v1/jobs/{job_id}/events") as answers:
        wait_for("outages", lambda: len(outages) > 2)
        live.claim(job_id)
        live.fail(job_id)
    assert [event["id"] for event in events_of(answers[0].text)][-1] == "3"


def test_who_waits_is_let_go_when_the_service_stops(serve: Serve) -> None:
    live = serve()
    without_rechecks(live)
    job_id = live.submit()
    with asking(live, f"/v1/jobs/{job_id}?wait=60") as waited, asking(live, f"/v1/jobs/{job_id}/events") as followed:
        wait_for("both to wait", lambda: len(live.app.state.services.hub._watches.get(job_id, ())) == 2)
        live.server.should_exit = True
    assert waited[0].json()["status"] == "queued"
    assert waited[1] < 50
    assert len(events_of(followed[0].text)) == 1


def test_a_stream_that_begins_while_the_service_stops_has_the_first_state(serve: Serve) -> None:
    live = serve()
    job_id = live.submit()
    live.app.state.services.hub.close()
    assert [event["id"] for event in events_of(live.http.get(f"/v1/jobs/{job_id}/events").text)] == ["1"]
