"""The core without I/O: what is asked again, when, and with which error it ends."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from imagemill_client import (
    BadRequest,
    FileTooLarge,
    ImagemillError,
    JobCanceled,
    JobExpired,
    KeyRefused,
    NotFound,
    RateLimited,
    Refused,
    RetryPolicy,
    ServiceBusy,
    ServiceUnavailable,
    UnexpectedAnswer,
)
from imagemill_client.core import Order, find_job, submit, wait_for_job
from imagemill_client.many import convert_all
from imagemill_client.problems import read_problem, read_retry_after
from imagemill_client.retries import exchange
from imagemill_client.uploads import Upload
from imagemill_client.wire import Lost, Outcome, Pause, Reply, Request, Step

HIGHEST = RetryPolicy(attempts=4, first_pause=1.0, longest_pause=3.0, patience=100.0, chance=lambda: 1.0)
ASK = Request("GET", "/v1/formats")
FINE = Reply(200, {}, b"{}")
JOB_ID = "0a2f1c5e-6b7d-4c1e-9a53-2f4f6d1b8e90"


def problem(status: int, code: str = "", **headers: str) -> Reply:
    body = json.dumps({"code": code, "detail": f"Because of {code}."}).encode() if code else b"<html>"
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def job(status: str = "queued", **more: Any) -> Reply:
    return Reply(200, {}, json.dumps({"id": JOB_ID, "status": status, **more}).encode())


def drive(steps: Any, *outcomes: Outcome) -> tuple[list[Step], Any]:
    """All steps, and what came of them: a value or an error. Pauses are answered by themselves."""
    taken: list[Step] = []
    left = list(outcomes)
    answer: Outcome = None
    try:
        while True:
            step = steps.send(answer)
            taken.append(step)
            answer = None if isinstance(step, Pause) else left.pop(0)
    except StopIteration as done:
        return taken, done.value
    except ImagemillError as error:
        return taken, error


def pauses(steps: list[Step]) -> list[float]:
    return [step.seconds for step in steps if isinstance(step, Pause)]


def test_a_lost_answer_is_asked_again_with_doubling_pauses_up_to_the_longest() -> None:
    steps, reply = drive(exchange(ASK, HIGHEST), Lost("a"), Lost("b"), problem(502), FINE)
    assert (pauses(steps), reply) == ([1.0, 2.0, 3.0], FINE)
    assert [step for step in steps if isinstance(step, Request)] == [ASK] * 4


def test_attempts_end_with_the_last_reason() -> None:
    steps, error = drive(exchange(ASK, HIGHEST), *[Lost("gone")] * 4)
    assert isinstance(error, ServiceUnavailable)
    assert (error.detail, len(pauses(steps))) == ("gone", 3)


@pytest.mark.parametrize("status", [429, 503, 507])
def test_the_service_says_when_to_come_again(status: int) -> None:
    later = problem(status, "later", retry_after="20")
    steps, reply = drive(exchange(ASK, HIGHEST), *[later] * 4, FINE)
    assert reply is FINE
    assert pauses(steps) == [22.0] * 4, "a tenth is chance, so that not all come at once"


def test_patience_ends_and_the_error_says_how_long_it_would_take() -> None:
    steps, error = drive(exchange(ASK, HIGHEST), problem(429, "rate_limited", retry_after="3600"))
    assert isinstance(error, RateLimited)
    assert (error.retry_after, error.code, pauses(steps)) == (3600, "rate_limited", [])


def test_a_key_in_progress_is_waited_for() -> None:
    steps, reply = drive(exchange(ASK, HIGHEST), problem(409, "idempotency_in_progress", retry_after="2"), FINE)
    assert (pauses(steps), reply) == ([2.0], FINE)


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (problem(400, "missing_file"), BadRequest, "missing_file"),
        (problem(401, "key_required"), KeyRefused, "key_required"),
        (problem(401), KeyRefused, "http_401"),
        (problem(404, "job_not_found"), NotFound, "job_not_found"),
        (problem(409, "other"), Refused, "other"),
        (problem(410, "expired"), JobExpired, "expired"),
        (problem(410, "canceled"), JobCanceled, "canceled"),
        (problem(413), FileTooLarge, "http_413"),
        (problem(422, "idempotency_key_reused"), BadRequest, "idempotency_key_reused"),
        (problem(301, location="https://other/"), UnexpectedAnswer, "unexpected_answer"),
    ],
)
def test_what_another_attempt_cannot_change_is_raised_at_once(reply: Reply, kind: type[Exception], code: str) -> None:
    steps, error = drive(exchange(ASK, HIGHEST), reply)
    assert (len(steps), type(error), error.code) == (1, kind, code)


def test_errors_without_a_reason_still_say_something() -> None:
    assert str(read_problem(problem(503))) == "The answer was HTTP status 503 without a reason."
    assert isinstance(read_problem(problem(503)), ServiceBusy)
    assert "https://other/" in str(read_problem(problem(308, location="https://other/")))


def test_an_error_names_the_request_that_the_services_log_knows() -> None:
    assert read_problem(problem(503, **{"x-request-id": "abc"})).request_id == "abc"
    assert read_problem(problem(503)).request_id is None


def test_retry_after_is_seconds_or_a_date() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    found = read_retry_after(problem(429, retry_after=soon))
    assert found is not None
    assert 3000 < found <= 3600
    assert [read_retry_after(problem(429, retry_after=text)) for text in ("", "soon", "-1", "7")] == [
        None,
        None,
        None,
        7,
    ]


def test_all_attempts_of_a_submit_have_the_same_key() -> None:
    steps, done = drive(submit(HIGHEST, Upload.of(b"x"), Order("webp", {"quality": 5})), Lost("a"), Lost("b"), job())
    sent = [step for step in steps if isinstance(step, Request)]
    keys = {step.headers["Idempotency-Key"] for step in sent}
    assert (len(sent), len(keys), done.id) == (3, 1, JOB_ID)
    assert sent[0].fields == {"target_format": "webp", "quality": "5"}
    (given, *_), _ = drive(submit(HIGHEST, Upload.of(b"x"), Order("webp", {}, "mine"), wait=7), job())
    assert isinstance(given, Request)
    assert given.headers == {"Idempotency-Key": "mine", "Prefer": "wait=7"}


def test_a_service_that_does_not_hold_answers_back_is_not_asked_in_a_circle() -> None:
    steps, done = drive(wait_for_job(HIGHEST, JOB_ID, None), job(), job("processing"), job("succeeded"))
    assert (pauses(steps), done.status) == ([1.0, 1.0], "succeeded")


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"id": 1}', b'{"id": "x", "status": "failed", "error": 3}']
)
def test_an_answer_of_another_program_is_told_as_such(body: bytes) -> None:
    _, error = drive(find_job(HIGHEST, JOB_ID), Reply(200, {}, body))
    assert isinstance(error, UnexpectedAnswer)


def batch(status: str, *entries: dict[str, Any]) -> Reply:
    return Reply(200, {}, json.dumps({"id": JOB_ID, "status": status, "jobs": entries}).encode())


def test_a_batch_is_sent_at_once_and_waited_for_as_a_whole() -> None:
    large = {"filename": "b", "status": "refused", "problem": {"code": "too_large", "detail": "No.", "status": 413}}
    running, over = ({"id": JOB_ID, "status": status} for status in ("queued", "failed"))
    uploads = [Upload.of(b"a"), Upload.of(b"b")]
    steps, entries = drive(
        convert_all(HIGHEST, uploads, Order("webp", {}), None),
        batch("open", running, large),
        batch("over", over, large),
    )
    sent = [(step.method, step.path, len(step.files)) for step in steps if isinstance(step, Request)]
    assert sent == [("POST", "/v1/batches", 2), ("GET", f"/v1/batches/{JOB_ID}", 0)]
    assert [(entry.status, getattr(entry, "code", None)) for entry in entries] == [("failed", None), (413, "too_large")]


TAKEN = {"id": JOB_ID, "status": "succeeded"}
JOINED = "1b3f2d6e-7c8e-4d2f-8b64-3f5f7e2c9f01"


def refused(status: int, **more: Any) -> dict[str, Any]:
    return {"filename": "x", "status": "refused", "problem": {"code": "later", "status": status, **more}}


def test_a_file_that_a_limit_keeps_out_of_a_batch_joins_it_later() -> None:
    late = {"id": JOINED, "status": "queued"}
    uploads = [Upload.of(data) for data in (b"a", b"b", b"c")]
    steps, entries = drive(
        convert_all(HIGHEST, uploads, Order("webp", {}), None),
        batch("over", refused(429, retry_after=7), TAKEN, refused(415)),
        problem(429, "rate_limited", retry_after="20"),
        Reply(202, {}, json.dumps(late).encode()),
        batch("over", refused(429), TAKEN, refused(415), {**late, "status": "succeeded"}),
    )
    sent = [step for step in steps if isinstance(step, Request)]
    assert [(step.path, step.fields.get("batch")) for step in sent[:3]] == [
        ("/v1/batches", None),
        ("/v1/jobs", JOB_ID),
        ("/v1/jobs", JOB_ID),
    ]
    assert sent[1] == sent[2], "the same key"
    assert sent[1].headers["Idempotency-Key"] != sent[0].headers["Idempotency-Key"]
    assert sent[1].files == (uploads[0],)
    assert pauses(steps) == [7.0, 22.0]
    assert [(entry.status, getattr(entry, "id", None)) for entry in entries] == [
        ("succeeded", JOINED),
        ("succeeded", JOB_ID),
        (415, None),
    ]


@pytest.mark.parametrize("timeout", [None, 3.0])
def test_without_patience_or_time_left_files_stay_refused(timeout: float | None) -> None:
    policy = RetryPolicy(patience=0.0 if timeout is None else 300.0, chance=lambda: 1.0)
    work = convert_all(policy, [Upload.of(b"a"), Upload.of(b"b")], Order("webp", {}), timeout)
    steps, entries = drive(work, batch("over", refused(429), refused(507)), problem(429, "full", retry_after="30"))
    assert len([step for step in steps if isinstance(step, Request)]) == 2, "the second would be told the same"
    assert [(entry.code, entry.retry_after) for entry in entries] == [("full", 30.0)] * 2


def test_many_or_large_files_are_several_batches() -> None:
    uploads = [Upload.of(b"a")] * 101 + [Upload.of(bytes(60_000_000))] * 2
    steps, _ = drive(
        convert_all(HIGHEST, uploads, Order("webp", {}), None),
        *[batch("over", *[TAKEN] * count) for count in (100, 2, 1)],
    )
    assert [len(step.files) for step in steps if isinstance(step, Request)] == [100, 2, 1]
    keys = {step.headers["Idempotency-Key"] for step in steps if isinstance(step, Request)}
    assert len(keys) == 3
