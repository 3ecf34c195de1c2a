"""Idempotency-Key: the same request twice makes one job, whatever happens to the first one's answer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from conformance.service import wait_for
from core.publisher import Publisher
from janitor.expiry import expire_jobs
from janitor.settings import JanitorSettings
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, PNG, RESULT, Live, picture
from tests.api.test_convert import work

REPLAYED = "idempotency-replayed"
SOON = 15
"""Seconds that a mark may outlive its process."""


def send(
    live: Live, key: str, data: bytes = PNG, name: str = "a.png", path: str = "/v1/jobs", **fields: str
) -> httpx.Response:
    form = {"target_format": "jpeg", **fields}
    return live.http.post(path, files={"file": (name, data)}, data=form, headers={"Idempotency-Key": key})


def test_the_same_request_gets_the_stored_answer(live: Live) -> None:
    first = send(live, "one", quality="80")
    live.claim(UUID(first.json()["id"]))
    live.succeed(UUID(first.json()["id"]))
    again = send(live, "one", quality="80")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers.get(REPLAYED), again.headers.get(REPLAYED)) == (None, "true")
    assert live.counts()[0] == 1


@pytest.mark.parametrize(
    "other",
    [
        {"data": picture(9)},
        {"name": "b.png"},
        {"quality": "79"},
        {"target_format": "webp"},
        {"path": "/v1/convert?wait=0"},
    ],
    ids=str,
)
def test_another_payload_is_refused(live: Live, other: dict[str, str]) -> None:
    send(live, "one")
    answer = send(live, "one", **other)  # type: ignore[arg-type] # fields of several types
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert live.counts()[0] == 1


def test_options_that_mean_the_same_are_the_same(live: Live) -> None:
    send(live, "one", quality="80")
    assert send(live, "one", quality=" 80 ").headers[REPLAYED] == "true"


@pytest.mark.parametrize("redis", [True, False])
def test_while_the_first_is_being_taken_the_second_is_told_so(serve: Serve, redis: bool) -> None:
    live = serve() if redis else serve(redis_url=NOWHERE)
    with socket.create_connection(("127.0.0.1", int(live.url.rpartition(":")[2]))) as first:
        head = "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nIdempotency-Key: one\r\nContent-Length: 1000\r\n"
        first.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n".encode())
        wait_for("the first to be held", lambda: live.app.state.services.taking)
        answer = send(live, "one")
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
        assert int(answer.headers["retry-after"]) > 0
    wait_for("the first to be gone", lambda: not live.app.state.services.taking)
    assert send(live, "one").status_code == 202


def test_another_process_tells_it_by_redis(serve: Serve) -> None:
    one, other = serve(), serve()
    with half_sent(one, "one"):
        assert send(other, "one").status_code == 409


@contextmanager
def half_sent(live: Live, key: str) -> Iterator[str]:
    """A request whose file comes in for as long as the block; gives the name of its mark."""
    with socket.create_connection(("127.0.0.1", int(live.url.rpartition(":")[2]))) as client:
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nIdempotency-Key: {key}\r\nContent-Length: 1000\r\n"
        client.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n".encode())
        [mark] = wait_for("the mark", lambda: live.redis.keys("imagemill:taking:*"))
        yield mark


def test_the_mark_of_a_killed_process_is_gone_soon(serve: Serve) -> None:
    live = serve().wait_for_redis()
    with half_sent(live, "one") as mark:
        assert 0 < live.redis.ttl(mark) <= SOON
        live.redis.expire(mark, 1000)
        wait_for("the mark to be renewed", lambda: live.redis.ttl(mark) <= SOON)
        assert send(live, "one").status_code == 409


def test_a_mark_that_is_anothers_by_now_is_left_alone(serve: Serve) -> None:
    live = serve().wait_for_redis()
    with half_sent(live, "one") as mark:
        live.redis.set(mark, "another's", ex=1000)
    wait_for("the request to be gone", lambda: not live.app.state.services.taking)
    assert live.redis.get(mark) == "another's"


def test_a_process_that_stops_takes_its_marks_away(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drain is over while the file still comes in, and nothing else would take the mark away in the time of the test."""
    monkeypatch.setattr("api.taking.MARK_SECONDS", 1000)
    stopping, other = serve(api_drain_seconds=0).wait_for_redis(), serve()
    with half_sent(stopping, "one") as mark:
        stopping.server.should_exit = True
        wait_for("the mark to go", lambda: not other.redis.exists(mark))
        assert send(other, "one").status_code == 202


def test_both_at_once_make_one_job_even_without_redis(serve: Serve) -> None:
    """Two processes that know nothing of each other: PostgreSQL alone decides."""
    lives = [serve(redis_url=NOWHERE), serve(redis_url=NOWHERE)]
    for number in range(10):
        answers = send_at_once(lives, f"key-{number}")
        assert {answer.status_code for answer in answers} <= {202, 409}
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    assert lives[0].counts()[0] == 10


def send_at_once(lives: list[Live], key: str) -> list[httpx.Response]:
    answers: list[httpx.Response] = []

    def run(live: Live) -> None:
        answers.append(send(live, key))

    threads = [threading.Thread(target=run, args=(live,)) for live in lives]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_submit_whose_answer_was_lost_is_found_again(live: Live) -> None:
    """The connection is cut after COMMIT: the client has no answer, and asks again."""
    body = b"".join(
        [
            b'--b\r\nContent-Disposition: form-data; name="target_format"\r\n\r\njpeg\r\n',
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + PNG + b"\r\n--b--\r\n",
        ]
    )
    head = f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nIdempotency-Key: one\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", int(live.url.rpartition(":")[2]))) as client:
        client.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + body)
        wait_for("the commit", lambda: live.counts()[0] == 1)
    again = send(live, "one")
    assert (again.status_code, again.headers.get(REPLAYED)) == (202, "true")
    assert live.counts()[0] == 1
    assert live.get(UUID(again.json()["id"]))["status"] == "queued"


def test_a_conversion_sent_again_gets_the_same_bytes(live: Live) -> None:
    with work(live):
        first = send(live, "one", path="/v1/convert")
    again = send(live, "one", path="/v1/convert")
    assert (first.status_code, first.content) == (again.status_code, again.content) == (200, RESULT)
    assert again.headers[REPLAYED] == "true"


def test_a_refused_request_leaves_its_key_free(live: Live) -> None:
    assert send(live, "one", quality="101").status_code == 422
    assert send(live, "one", quality="100").status_code == 202


def test_a_full_queue_refuses_no_repetition(serve: Serve) -> None:
    live = serve(max_queued=1)
    first = send(live, "one")
    wait_for("the jobs to be counted again", lambda: send(live, str(uuid4())).status_code == 503)
    assert send(live, "one").json()["id"] == first.json()["id"]


@pytest.mark.parametrize("key", [b"", b"a b", b"x" * 256, "schlüssel".encode(), b'""'])
def test_a_key_that_is_none_is_refused(live: Live, key: bytes) -> None:
    answer = live.http.post(
        "/v1/jobs",
        files={"file": ("a.png", PNG)},
        data={"target_format": "jpeg"},
        headers=[(b"Idempotency-Key", key)],
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert "Idempotency-Key" in answer.json()["detail"]


def test_two_keys_in_one_request_are_refused(live: Live) -> None:
    answer = live.http.post(
        "/v1/jobs",
        files={"file": ("a.png", PNG)},
        data={"target_format": "jpeg"},
        headers=[("Idempotency-Key", "one"), ("Idempotency-Key", "two")],
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_a_quoted_key_is_the_same_as_a_bare_one(live: Live) -> None:
    assert send(live, '"one"').json()["id"] == send(live, "one").json()["id"]


def test_a_key_is_free_again_after_a_day_and_its_row_goes(live: Live) -> None:
    first = send(live, "one")
    with live.engine.begin() as connection:
        connection.execute(text("UPDATE idempotency SET created_at = now() - interval '25 hours'"))
    assert send(live, "one").json()["id"] != first.json()["id"]
    with live.engine.begin() as connection:
        connection.execute(text("UPDATE idempotency SET created_at = now() - interval '25 hours'"))
    expire_jobs(live.engine, Publisher(live.redis, cache=True), JanitorSettings())
    with live.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM idempotency")).scalar_one() == 0
