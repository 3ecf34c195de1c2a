"""One line for each request that changed something or was refused, and the id that leads to it."""

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import structlog
from sqlalchemy import select
from structlog.testing import capture_logs

from conformance.service import PATIENCE, wait_for
from core.tables import batches
from tests.api.conftest import Serve
from tests.api.live import PNG, Live

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACED = {"traceparent": PARENT, "X-Request-Id": "mine-1"}
Lines = list[Any]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with capture_logs(processors=(structlog.contextvars.merge_contextvars,)) as found:
        yield found


def line_of(lines: Lines, answer: httpx.Response) -> Any:
    """The one line of the request with this answer. It is written when the answer has been sent."""
    name = answer.headers["x-request-id"]

    def find() -> Lines:
        return [line for line in lines if line["event"] == "request" and line["request_id"] == name]

    (line,) = wait_for("the line of the request", find)
    return line


def submit(live: Live, **headers: str) -> httpx.Response:
    return live.http.post(
        "/v1/jobs", files={"file": ("secret name.png", PNG)}, data={"target_format": "jpeg"}, headers=headers
    )


def test_a_request_that_changes_something_has_its_line(live: Live, lines: Lines) -> None:
    answer = submit(live, **TRACED)
    assert answer.headers["x-request-id"] == "mine-1"
    line = line_of(lines, answer)
    sent = int(answer.request.headers["content-length"])
    told = {
        name: line[name] for name in ("client", "method", "route", "status", "code", "bytes_in", "bytes_out", "job")
    }
    assert told == {
        "client": "127.0.0.1",
        "method": "POST",
        "route": "/v1/jobs",
        "status": 202,
        "code": "",
        "bytes_in": sent,
        "bytes_out": len(answer.content),
        "job": answer.json()["id"],
    }
    assert line["traceparent"] == PARENT
    assert line["seconds"] > 0
    (submitted,) = (line for line in lines if line["event"] == "submitted")
    assert (submitted["request_id"], submitted["traceparent"]) == ("mine-1", PARENT)
    assert "secret name" not in str(lines)


def test_a_read_that_succeeds_has_none_and_one_that_is_refused_has(live: Live, lines: Lines) -> None:
    read = live.http.get("/v1/formats")
    refused = live.http.get("/v1/jobs/nothing")
    page = live.http.get("/jobs/nothing", headers={"Accept": "text/html"})
    assert line_of(lines, refused)["code"] == "job_not_found"
    assert (line_of(lines, page)["route"], line_of(lines, page)["status"]) == ("/jobs/{job_id}", 404)
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    assert read.headers["x-request-id"] not in {line.get("request_id") for line in lines}


def test_every_read_has_its_line_where_that_is_asked_for(serve: Serve, lines: Lines) -> None:
    answer = serve(log_requests="all").http.head("/v1/formats")
    line = line_of(lines, answer)
    assert (line["method"], line["route"], line["status"], line["bytes_in"]) == ("HEAD", "/v1/formats", 200, 0)


def test_the_client_is_the_one_that_a_believed_proxy_tells(serve: Serve, lines: Lines) -> None:
    told = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    assert line_of(lines, submit(serve(), **told))["client"] == "198.51.100.7"
    assert line_of(lines, submit(serve(forwarded_allow_ips="10.0.0.1"), **told))["client"] == "127.0.0.1"


def test_a_file_is_named_where_that_is_asked_for(serve: Serve, lines: Lines) -> None:
    submit(serve(log_filenames=True))
    (submitted,) = (line for line in lines if line["event"] == "submitted")
    assert submitted["filename"] == "secret name.png"


def test_a_defect_is_found_by_the_id_of_its_answer(live: Live, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.routes.submit", break_down)
    answer = submit(live)
    line = line_of(lines, answer)
    assert (line["status"], line["code"]) == (500, "internal")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_person_is_shown_the_id_of_a_defect(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("api.pages.submit", break_down)
    page = live.http.post("/jobs", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"})
    assert page.status_code == 500
    assert f"Request {page.headers['x-request-id']}<" in page.text
    refused = live.http.get("/jobs/nothing")
    assert refused.headers["x-request-id"] not in refused.text


def test_what_could_not_be_read_has_a_line_too(live: Live, lines: Lines) -> None:
    address = urlsplit(live.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE) as wire:
        wire.sendall(b"GET / HTTP/7.7\r\n\r\n")
        answer = b"".join(iter(lambda: wire.recv(65536), b"")).decode()
    (line,) = (line for line in lines if line["event"] == "request refused unread")
    assert f"x-request-id: {line['request_id']}\r\n" in answer
    assert f'"request_id":"{line["request_id"]}"' in answer
    assert (line["status"], line["client"]) == (400, "127.0.0.1")


def test_the_trace_is_kept_with_the_job_and_the_batch(live: Live) -> None:
    job = live.record(submit(live, **TRACED).json()["id"])
    assert job.traceparent == PARENT
    assert live.record(submit(live, traceparent="nonsense").json()["id"]).traceparent is None
    files = [("file", ("a.png", PNG)), ("file", ("b.png", PNG))]
    batch = live.http.post("/v1/batches", files=files, data={"target_format": "jpeg"}, headers=TRACED).json()
    assert {live.record(job["id"]).traceparent for job in batch["jobs"]} == {PARENT}
    with live.engine.begin() as connection:
        assert connection.execute(select(batches.c.traceparent)).scalar_one() == PARENT


def test_one_request_has_nothing_of_the_one_before_it(live: Live, lines: Lines) -> None:
    submit(live, **TRACED)
    second = line_of(lines, submit(live))
    assert "traceparent" not in second
    assert second["request_id"] != "mine-1"
