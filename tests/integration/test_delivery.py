"""One attempt at a real receiver over TLS, verified there with the package of Standard Webhooks."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from conformance.names import cache_key
from core.record import advance
from core.redis_client import RedisClient
from core.status_cache import decode_cached
from core.transitions import CANCEL
from core.webhook_secrets import decode_secret
from core.webhook_urls import read_allowance
from janitor.webhooks.delivery import Attempt, Result
from janitor.webhooks.sender import Sender
from janitor.webhooks.signing import sign_message
from tests.integration.conftest import Submit
from tests.integration.receiver import Post, Receiver, answer_with, receiving
from tests.integration.webhooks import (
    ALLOWANCE,
    end_job,
    make_certificate,
    make_courier,
    make_due,
    make_sender,
    read_job,
    read_row,
)

DAY_AGO = "created_at = now() - interval '24 hours 1 second'"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def receiver(files: tuple[Path, Path]) -> Iterator[Receiver]:
    with receiving(files[1]) as receiver:
        yield receiver
    assert receiver.unverified == []


@pytest.fixture
def sender(engine: Engine, client: RedisClient, files: tuple[Path, Path]) -> Sender:
    return make_sender(engine, client, make_courier(files[0]))


def send_next(sender: Sender) -> None:
    message = sender.claim_next()
    assert message is not None
    sender.deliver(message)


def change(engine: Engine, assignments: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE webhooks SET {assignments}"))


def test_a_message_is_delivered_once_and_verified(
    engine: Engine, client: RedisClient, submit: Submit, receiver: Receiver, sender: Sender
) -> None:
    job_id = end_job(engine, submit, receiver.url())
    send_next(sender)
    (post,) = receiver.posts
    assert post.path == "/hook?key=1"
    assert (post.headers["host"], post.headers["content-type"]) == (
        f"receiver.test:{receiver.port}",
        "application/json",
    )
    assert (post.body["type"], post.body["data"]["id"]) == ("job.canceled", str(job_id))
    row, job = read_row(engine, job_id), read_job(engine, job_id)
    assert (row.state, row.attempts, row.error, row.ended_at is not None) == ("delivered", 1, None, True)
    assert (post.headers["webhook-id"], job.webhook_state, job.rev) == (f"msg_{row.id.hex}", "delivered", 3)
    assert decode_cached(str(client.get(cache_key(job_id)))).webhook_state == "delivered"
    make_due(engine)
    assert sender.claim_next() is None


def test_a_key_signs_with_its_own_secret(engine: Engine, submit: Submit, receiver: Receiver, sender: Sender) -> None:
    receiver.secret = "whsec_a2V5LWEta2V5LWEta2V5LWEta2V5LWEta2V5LWE="  # noqa: S105 - of the test
    with engine.begin() as connection:
        statement = "INSERT INTO api_keys VALUES ('k1', 'a', '\\x00', :secret, now(), NULL)"
        connection.execute(text(statement), {"secret": receiver.secret})
    job_id = end_job(engine, submit, receiver.url(), owner="key:k1")
    send_next(sender)
    assert (len(receiver.posts), read_row(engine, job_id).state) == (1, "delivered")


def test_a_defect_of_ours_counts_as_a_failure(
    engine: Engine, submit: Submit, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("a defect")

    job_id = end_job(engine, submit, "https://receiver.test/")
    monkeypatch.setattr("janitor.webhooks.sender.decode_secret", broken)
    change(engine, DAY_AGO)
    send_next(sender)
    job = read_job(engine, job_id)
    assert (job.webhook_state, job.webhook_error) == ("dead", "The message could not be sent.")


def test_a_failure_is_shown_and_sent_again_later_with_the_same_id(
    engine: Engine, submit: Submit, receiver: Receiver, sender: Sender
) -> None:
    job_id = end_job(engine, submit, receiver.url())
    receiver.answer = answer_with(500)
    send_next(sender)
    job = read_job(engine, job_id)
    assert (job.webhook_state, job.webhook_error, job.rev) == ("pending", "The receiver answered 500.", 3)
    assert sender.claim_next() is None, "not before its time"
    make_due(engine)
    send_next(sender)
    assert read_job(engine, job_id).rev == 3, "nothing new is no revision"
    receiver.answer = answer_with(204, body=b"")
    make_due(engine)
    send_next(sender)
    assert len(set(receiver.ids)) == 1
    assert len(receiver.posts) == 3
    job = read_job(engine, job_id)
    assert (job.webhook_state, job.webhook_error) == ("delivered", None)


def test_after_a_day_it_is_dead_but_not_before_a_last_attempt(
    engine: Engine, submit: Submit, receiver: Receiver, sender: Sender
) -> None:
    job_id = end_job(engine, submit, receiver.url())
    receiver.answer = answer_with(503, {"Retry-After": "86400"})
    change(engine, "created_at = now() - interval '23 hours 50 minutes'")
    send_next(sender)
    with engine.begin() as connection:
        left = connection.execute(text("SELECT due_at - created_at = interval '24 hours' FROM webhooks")).scalar_one()
    assert left, "Retry-After is taken within the hour, and the last attempt comes when the day is over"
    change(engine, f"due_at = now(), {DAY_AGO}")
    send_next(sender)
    job, row = read_job(engine, job_id), read_row(engine, job_id)
    assert (job.webhook_state, row.state, row.attempts) == ("dead", "dead", 2)
    assert row.ended_at is not None


def test_who_says_gone_is_let_alone(engine: Engine, submit: Submit, receiver: Receiver, sender: Sender) -> None:
    job_id = end_job(engine, submit, receiver.url())
    receiver.answer = answer_with(410)
    send_next(sender)
    job = read_job(engine, job_id)
    assert (job.webhook_state, job.webhook_error) == ("dead", "The receiver answered 410: it wants no more messages.")


def test_an_older_claim_does_not_decide_for_a_newer_one(
    engine: Engine, submit: Submit, receiver: Receiver, sender: Sender
) -> None:
    job_id = end_job(engine, submit, receiver.url())
    older = sender.claim_next()
    assert sender.claim_next() is None, "another sender leaves it alone meanwhile"
    make_due(engine)
    newer = sender.claim_next()
    assert older is not None
    assert newer is not None
    receiver.answer = answer_with(410)
    sender.deliver(older)
    assert read_row(engine, job_id).state == "pending"
    receiver.answer = answer_with(200)
    sender.deliver(newer)
    assert read_row(engine, job_id).state == "delivered"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(files: tuple[Path, Path], receiver: Receiver, status: int) -> None:
    with receiving(files[1]) as canary:
        receiver.secret = canary.secret
        receiver.answer = answer_with(status, {"Location": canary.url()})
        attempt = deliver(files, receiver)
    assert (attempt.result, canary.posts, canary.unverified) == (Result.REFUSED, [], [])
    assert "Redirects are not followed" in str(attempt.error)


def deliver(files: tuple[Path, Path], receiver: Receiver, **courier: object) -> Attempt:
    headers = sign_message(decode_secret(receiver.secret), uuid4(), int(time.time()), b"{}")
    return make_courier(files[0], **courier).deliver(receiver.url(), headers, b"{}")  # type: ignore[arg-type]


def test_no_proxy_of_the_environment_is_used(
    files: tuple[Path, Path], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert deliver(files, receiver).result is Result.DELIVERED


def test_a_certificate_counts_for_its_name_and_its_authority(tmp_path: Path, files: tuple[Path, Path]) -> None:
    _, other = make_certificate(tmp_path, "someone.else")
    with receiving(other) as stranger:
        unknown = deliver(files, stranger)
        misnamed = deliver((tmp_path / "ca.pem", other), stranger)
    for attempt in (unknown, misnamed):
        assert attempt.result is Result.UNREACHABLE
        assert attempt.error == "The receiver's certificate is not valid for this host."
    assert stranger.posts == []


def test_what_never_ends_is_ended(files: tuple[Path, Path], receiver: Receiver) -> None:
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler, _post: Post) -> None:
        """A byte of a header now and then: every single wait is short."""
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        until = time.monotonic() + 60
        while not over.wait(0.05) and time.monotonic() < until:
            handler.wfile.write(b"a")

    receiver.answer = drip
    try:
        attempt = deliver(files, receiver, seconds=2.0)
    finally:
        over.set()
    assert (attempt.result, attempt.error) == (Result.UNREACHABLE, "The receiver did not answer within 10 s.")


def test_an_answer_is_read_up_to_its_limit(files: tuple[Path, Path], receiver: Receiver) -> None:
    receiver.answer = answer_with(200, {"X-Large": "a" * 70_000})
    assert deliver(files, receiver).result is Result.UNREACHABLE
    receiver.answer = answer_with(200, {"Content-Length": str(1 << 40)}, body=b"a" * 10_000_000)
    assert deliver(files, receiver).result is Result.DELIVERED, "the status is what counts"


def test_a_host_is_allowed_by_name_and_by_network(files: tuple[Path, Path], receiver: Receiver) -> None:
    for text_, result in (
        ("", Result.FORBIDDEN),
        ("10.0.0.0/8, localhost", Result.FORBIDDEN),
        ("127.0.0.0/8", Result.DELIVERED),
        ("receiver.test", Result.DELIVERED),
    ):
        allowance = read_allowance(text_, http=False)
        assert deliver(files, receiver, allowance=allowance).result is result, text_
    assert ALLOWANCE.names


def test_the_trace_of_the_request_goes_on_to_the_receiver(
    sender: Sender, engine: Engine, submit: Submit, receiver: Receiver
) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    job_id = submit()
    with engine.begin() as connection:
        values = {"url": receiver.url(), "trace": trace, "id": job_id}
        connection.execute(text("UPDATE jobs SET webhook_url = :url, traceparent = :trace WHERE id = :id"), values)
        assert advance(connection, CANCEL, job_id)
    end_job(engine, submit, receiver.url())
    send_next(sender)
    send_next(sender)
    assert [post.headers.get("traceparent") for post in receiver.posts] == [trace, None]
