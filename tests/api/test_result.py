import hashlib
import logging
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete
from starlette.datastructures import Headers

from api.dispositions import content_disposition
from api.downloads import Span, requested_span
from api.errors import RangeNotSatisfiable
from core.tables import results
from core.transitions import Status
from tests.api.live import RESULT, Live

SIZE = len(RESULT)
ETAG = f'"{hashlib.sha256(RESULT).hexdigest()}"'


@pytest.fixture(scope="session")
def done(shared: Live) -> str:
    """The address of a result."""
    return f"/v1/jobs/{shared.in_status(Status.SUCCEEDED)}/result"


def test_the_whole_result_with_the_contracts_headers(shared: Live, done: str) -> None:
    answer = shared.http.get(done)
    assert answer.status_code == 200
    assert answer.content == RESULT
    assert answer.headers["content-length"] == str(SIZE)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["etag"] == ETAG
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cache-control"] == "private"
    assert answer.headers["content-disposition"] == "attachment; filename=\"photo.jpg\"; filename*=UTF-8''photo.jpg"


def test_head_has_the_same_headers_and_no_body(shared: Live, done: str) -> None:
    named = {"X-Request-Id": "the-same"}
    head, get = shared.http.head(done, headers=named), shared.http.get(done, headers=named)
    assert (head.status_code, head.content) == (200, b"")
    del head.headers["date"], get.headers["date"]
    assert head.headers == get.headers


@pytest.mark.parametrize("tag", [ETAG, f"W/{ETAG}", f'"other", {ETAG}', "*"])
def test_what_is_known_is_not_sent_again(shared: Live, done: str, tag: str) -> None:
    answer = shared.http.get(done, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", ETAG)
    assert shared.http.get(done, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=1048570-1048590", 1_048_570, 1_048_591),
        ("bytes=2000000-", 2_000_000, SIZE),
        ("bytes=-100", SIZE - 100, SIZE),
        ("bytes=-9999999", 0, SIZE),
        ("BYTES=5-9999999", 5, SIZE),
    ],
)
def test_a_range(shared: Live, done: str, asked: str, start: int, end: int) -> None:
    answer = shared.http.get(done, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == RESULT[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["content-length"] == str(end - start)
    head = shared.http.head(done, headers={"Range": asked})
    assert (head.status_code, head.headers["content-length"]) == (206, str(end - start))


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0"])
def test_a_range_outside_of_the_result(shared: Live, done: str, asked: str) -> None:
    answer = shared.http.get(done, headers={"Range": asked})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=-", "bytes=9-3", "lines=1-2", "bytes", "bytes=a-b"])
def test_what_is_no_single_range_gets_the_whole(asked: str) -> None:
    assert requested_span(Headers({"range": asked}), SIZE, ETAG) is None


def test_a_range_counts_only_if_the_result_is_the_one_that_is_meant() -> None:
    asked = {"range": "bytes=0-9"}
    assert requested_span(Headers({**asked, "if-range": ETAG}), SIZE, ETAG) == Span(0, 10)
    for other in ('"other"', f"W/{ETAG}", "Sat, 14 Mar 2026 15:09:26 GMT"):
        assert requested_span(Headers({**asked, "if-range": other}), SIZE, ETAG) is None
    with pytest.raises(RangeNotSatisfiable):
        requested_span(Headers({"range": "bytes=5-"}), 5, ETAG)


@pytest.mark.parametrize(
    ("status", "code", "refusal"),
    [
        (Status.QUEUED, 409, "not_ready"),
        (Status.PROCESSING, 409, "not_ready"),
        (Status.FAILED, 409, "job_failed"),
        (Status.CANCELED, 410, "canceled"),
        (Status.EXPIRED, 410, "expired"),
    ],
)
def test_what_has_no_result_says_why(shared: Live, status: Status, code: int, refusal: str) -> None:
    answer = shared.http.get(f"/v1/jobs/{shared.in_status(status)}/result")
    assert (answer.status_code, answer.json()["code"]) == (code, refusal)
    if status is Status.FAILED:
        assert "ends before the image does" in answer.json()["detail"]


def test_bytes_that_are_gone_are_410(shared: Live) -> None:
    job_id = shared.in_status(Status.SUCCEEDED)
    erase(shared, job_id)
    for ask in (shared.http.get, shared.http.head):
        assert ask(f"/v1/jobs/{job_id}/result").status_code == 410


def test_bytes_that_go_during_a_download_break_it(shared: Live, caplog: pytest.LogCaptureFixture) -> None:
    """A download that ends early must not look like a whole one. It is foreseen, so there is no traceback."""
    big = RESULT * 8
    job_id = shared.submit()
    shared.claim(job_id)
    shared.succeed(job_id, data=big)
    with shared.http.stream("GET", f"/v1/jobs/{job_id}/result") as answer:
        pieces = answer.iter_raw()
        next(pieces)
        erase(shared, job_id)
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize(
    ("filename", "fallback"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Größe.png", "Grosse.png"),
        ('a"b\\c%41.png', "a_b_c_41.png"),
        ("日本.png", "RiBen-40f19387.png"),
        ("it's; x=1.png", "it's; x=1.png"),
    ],
)
def test_a_name_arrives_in_both_forms(filename: str, fallback: str) -> None:
    header = content_disposition(filename)
    kind, plain, extended = header.split("; filename")
    assert kind == "attachment"
    assert plain == f'="{fallback}"'
    assert unquote(extended.removeprefix("*=UTF-8''")) == filename
    assert header.isascii()
    assert not set("\"'; \\") & set(extended.removeprefix("*=UTF-8''"))


def test_an_umlaut_survives_the_whole_way(shared: Live) -> None:
    job_id = shared.submit()
    shared.claim(job_id)
    shared.succeed(job_id, filename='Größe "1".jpg', data=b"x")
    answer = shared.http.get(f"/v1/jobs/{job_id}/result")
    assert "filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.jpg" in answer.headers["content-disposition"]


def erase(live: Live, job_id: UUID) -> None:
    with live.engine.begin() as connection:
        connection.execute(delete(results).where(results.c.job_id == job_id))
