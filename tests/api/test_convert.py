"""One call from bytes to bytes, and submits that wait."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from conformance.service import wait_for
from core.failures import TruncatedImage
from core.tables import jobs
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, PNG, RESULT, Live


@contextmanager
def work(live: Live, *, fails: bool = False) -> Iterator[None]:
    """Take the next job as a worker would, while the block asks for it."""
    known = _ids(live)

    def run() -> None:
        wait_for("a job", lambda: _ids(live) - known)
        job_id = (_ids(live) - known).pop()
        live.claim(job_id)
        live.fail(job_id) if fails else live.succeed(job_id)

    worker = threading.Thread(target=run)
    worker.start()
    try:
        yield
    finally:
        worker.join()


def _ids(live: Live) -> set[UUID]:
    with live.engine.begin() as connection:
        return set(connection.scalars(select(jobs.c.id)))


def test_a_form_is_answered_with_the_result(live: Live) -> None:
    with work(live):
        answer = live.post(path="/v1/convert")
    assert (answer.status_code, answer.content) == (200, RESULT)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(RESULT))
    assert answer.headers["warning-code"] == "alpha_flattened"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    job = live.http.get(answer.headers["location"]).json()
    assert answer.headers["etag"] == f'"{job["result"]["sha256"]}"'


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("media_type", [None, "image/png", "application/x-www-form-urlencoded"])
def test_the_body_may_be_the_image_itself(live: Live, method: str, media_type: str | None) -> None:
    query = {"target_format": "jpeg", "quality": "70", "filename": "Urlaub.png"}
    headers = {"Content-Type": media_type} if media_type else {}
    with work(live):
        answer = live.http.request(method, "/v1/convert", params=query, content=PNG, headers=headers)
    assert (answer.status_code, answer.content) == (200, RESULT)
    job = live.http.get(answer.headers["location"]).json()
    assert (job["filename"], job["options"], job["source"]["bytes"]) == ("Urlaub.png", {"quality": 70}, len(PNG))


def test_a_body_in_chunks_is_taken(live: Live) -> None:
    pieces = iter([PNG[:10], PNG[10:]])
    answer = live.http.put("/v1/convert?target_format=jpeg&wait=0", content=pieces)
    assert answer.status_code == 202, answer.text


def test_fields_of_a_form_may_stand_in_the_address(live: Live) -> None:
    with work(live):
        answer = live.http.post("/v1/convert?target_format=webp&width=40", files={"file": ("a.png", PNG)})
    job = live.http.get(answer.headers["location"]).json()
    assert (answer.status_code, job["target_format"], job["options"]) == (200, "webp", {"width": 40})


def test_a_failure_is_a_problem_with_its_own_code(live: Live) -> None:
    with work(live, fails=True):
        answer = live.post(path="/v1/convert")
    problem = answer.json()
    assert answer.status_code == 422
    assert (problem["code"], problem["detail"]) == ("truncated_image", TruncatedImage().failure.detail)
    assert live.http.get(answer.headers["location"]).json()["status"] == "failed"
    assert live.http.get(problem["type"]).status_code == 200


def test_what_is_not_over_in_time_is_the_job(live: Live) -> None:
    answer = live.post(path="/v1/convert?wait=0")
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    ("query", "body", "status", "code"),
    [
        ("", PNG, 422, "unknown_target_format"),
        ("target_format=docx", PNG, 422, "unknown_target_format"),
        ("target_format=jpeg", b"", 400, "empty_file"),
        ("target_format=jpeg", b"no image", 415, "unsupported_media_type"),
        ("target_format=jpeg&quality=101", PNG, 422, "bad_option"),
        ("target_format=jpeg&speed=9", PNG, 422, "bad_option"),
        ("target_format=jpeg&quality=1&quality=2", PNG, 400, "malformed_request"),
        ("target_format=jpeg&target_format=png", PNG, 400, "malformed_request"),
        ("target_format=jpeg&wait=61", PNG, 400, "malformed_request"),
        ("target_format=jpeg&wait=soon", PNG, 400, "malformed_request"),
        ("target_format=jpeg&wait=-1", PNG, 400, "malformed_request"),
        ("target_format=jpeg&wait=nan", PNG, 400, "malformed_request"),
        ("target_format=jpeg", PNG * 20_000, 413, "too_large"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(serve: Serve, query: str, body: bytes, status: int, code: str) -> None:
    live = serve(max_upload_bytes=1_000_000)
    answer = live.http.put(f"/v1/convert?{query}", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert live.counts() == (0, 0, 0)


def test_a_field_in_both_places_is_refused(live: Live) -> None:
    answer = live.post(path="/v1/convert?target_format=png")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


@pytest.mark.parametrize("header", [{}, {"Prefer": "respond-async, wait=20"}])
def test_a_submit_that_waits_is_a_201_once_the_job_is_over(live: Live, header: dict[str, str]) -> None:
    path = "/v1/jobs" if header else "/v1/jobs?wait=20"
    with work(live):
        answer = live.http.post(path, files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"}, headers=header)
    assert (answer.status_code, answer.json()["status"]) == (201, "succeeded")
    assert answer.headers.get("preference-applied") == ("wait=20" if header else None)
    assert "retry-after" not in answer.headers


def test_a_submit_that_waits_in_vain_is_a_202(live: Live) -> None:
    answer = live.post(path="/v1/jobs?wait=0.2")
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")


@pytest.mark.parametrize("prefer", ["wait=", "wait=x", "wait=-5", "return=minimal", "wait", "", "wait=12345"])
def test_a_preference_that_is_none_is_passed_over(live: Live, prefer: str) -> None:
    answer = live.http.post(
        "/v1/jobs", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"}, headers={"Prefer": prefer}
    )
    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


def test_a_longer_wait_is_taken_and_cut(live: Live) -> None:
    with work(live):
        answer = live.http.post(
            "/v1/jobs", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"}, headers={"Prefer": "wait=60"}
        )
    assert answer.headers["preference-applied"] == "wait=50"


def test_waits_hold_no_connection(serve: Serve) -> None:
    """With one thread for PostgreSQL, ten waiting calls leave room for others."""
    live = serve(threads=1)
    with httpx.Client(base_url=live.url, timeout=60) as http:

        def wait() -> None:
            http.put("/v1/convert?target_format=jpeg&wait=30", content=PNG)

        waiting = [threading.Thread(target=wait) for _ in range(10)]
        for thread in waiting:
            thread.start()
        wait_for("ten jobs", lambda: len(_ids(live)) == 10)
        assert live.http.get("/readyz").status_code == 200
        assert live.post().status_code == 202
        live.server.should_exit = True
        for thread in waiting:
            thread.join()


def test_without_redis_the_result_comes_all_the_same(serve: Serve) -> None:
    live = serve(redis_url=NOWHERE)
    with work(live):
        answer = live.post(path="/v1/convert")
    assert (answer.status_code, answer.content) == (200, RESULT)


@pytest.mark.parametrize("query", ["filename=a&filename=b", "wait=0&wait=1"])
def test_a_parameter_given_twice_is_refused(live: Live, query: str) -> None:
    answer = live.http.post(f"/v1/convert?target_format=jpeg&{query}", content=PNG)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
    assert query.partition("=")[0] in answer.json()["detail"]


def test_the_name_in_the_address_goes_before_that_of_the_form(live: Live) -> None:
    answer = live.post(path="/v1/convert?wait=0&filename=Urlaub.png")
    assert (answer.status_code, answer.json()["filename"]) == (202, "Urlaub.png")


def test_a_body_that_is_no_image_is_told_what_may_be_sent(live: Live) -> None:
    answer = live.http.post("/v1/convert?target_format=jpeg", json={"file": "a.png"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "multipart/form-data with the image in the field file" in answer.json()["detail"]


def test_an_answer_that_takes_no_ranges_promises_none(live: Live) -> None:
    with work(live):
        answer = live.post(path="/v1/convert")
    assert answer.status_code == 200
    assert "accept-ranges" not in answer.headers
