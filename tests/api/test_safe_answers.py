"""What keeps other sites away: headers of every answer, and calls that pages of others make a browser send."""

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG, Live
from tests.api.test_resumable import TUS
from tests.api.test_submit import connected, read_all

EVIL = "https://evil.example"
APP = "https://app.example.com"
CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": EVIL}
SENT = {"files": {"file": ("a.png", PNG)}, "data": {"target_format": "gif"}}
KEPT = {"/static/style.css", "/static/icon.svg", "/manifest.webmanifest"}
"""What may be kept on purpose."""


def check_safe(answer: httpx.Response, *, is_kept: bool = False) -> None:
    told = f"{answer.request.method} {answer.request.url.path} {answer.status_code}"
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"], told
    assert answer.headers.get_list("cross-origin-resource-policy") == ["same-origin"], told
    (cache,) = answer.headers.get_list("cache-control")
    assert is_kept or "no-store" in cache, told


@pytest.mark.parametrize(
    "path",
    ["/", "/livez", "/readyz", "/v1/formats", "/openapi.json", "/docs", "/formats", "/jobs/x", "/v1/jobs/x", "/nothing",
     "/problems/none", "/v1/jobs/x/result", "/static/none.js", "/static/", "/static/style.css", "/manifest.webmanifest",
     "/metrics", "/v1/convert", "/v1/uploads/x", "/batches/x"],
)  # fmt: skip
def test_every_answer_keeps_other_sites_out(shared: Live, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "BREW", "OPTIONS"):
        check_safe(shared.http.request(method, path), is_kept=path in KEPT and method in {"GET", "HEAD"})


def test_answers_about_jobs_too(shared: Live) -> None:
    job_id = shared.in_status(Status.SUCCEEDED)
    check_safe(shared.http.get(f"/v1/jobs/{job_id}"))
    result = shared.http.get(f"/v1/jobs/{job_id}/result")
    check_safe(result, is_kept=True)
    assert result.headers["cache-control"] == "private"
    check_safe(shared.http.get(f"/v1/jobs/{job_id}/result", headers={"If-None-Match": "*"}), is_kept=True)
    check_safe(shared.http.get(f"/v1/jobs/{job_id}/events"))
    check_safe(shared.http.delete(f"/v1/jobs/{job_id}"))


def test_a_defect_and_what_is_no_http_keep_other_sites_out(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr("api.pages.form_page", fail)
    answer = live.http.get("/")
    assert answer.status_code == 500
    check_safe(answer)
    with connected(live) as wire:
        wire.sendall(b"no http\r\n\r\n")
        wire.shutdown(socket.SHUT_WR)
        told = read_all(wire).lower()
    assert told.startswith(b"http/1.1 400")
    for line in (
        b"x-content-type-options: nosniff",
        b"cross-origin-resource-policy: same-origin",
        b"cache-control: no-store",
    ):
        assert told.count(line) == 1


def test_metrics_are_not_on_the_port_of_everybody(shared: Live) -> None:
    assert shared.http.get("/metrics").status_code == 404


CALLS = [
    ("POST", "/v1/jobs", SENT),
    ("POST", "/v1/convert", SENT),
    ("PUT", "/v1/convert?target_format=gif", {"content": PNG}),
    ("POST", "/v1/batches", SENT),
    ("POST", "/v1/uploads", {"headers": {**TUS, "Upload-Length": "5"}}),
    ("DELETE", "/v1/jobs/{job}", {}),
]


@pytest.mark.parametrize(("method", "path", "given"), CALLS, ids=[f"{call[0]} {call[1]}" for call in CALLS])
def test_no_page_of_another_site_makes_a_browser_do_this(
    live: Live, method: str, path: str, given: dict[str, dict[str, str]]
) -> None:
    job_id = live.submit()
    before = live.counts()
    for headers in (CROSS, {"Origin": EVIL}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}):
        more = {**given, "headers": {**given.get("headers", {}), **headers}}
        answer = live.http.request(method, path.format(job=job_id), **more)  # type: ignore[arg-type] # of httpx
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
        assert "IMAGEMILL_CORS_ORIGINS" in answer.json()["detail"]
    assert live.counts() == before
    assert live.record(job_id).status is Status.QUEUED


@pytest.mark.parametrize("allowed", [APP, "*"])
def test_a_page_that_is_named_and_our_own_and_programs_pass(serve: Serve, allowed: str) -> None:
    live = serve(cors_origins=allowed)
    ours = f"http://{urlsplit(live.url).netloc}"
    for headers in (
        {"Origin": APP, "Sec-Fetch-Site": "cross-site"},
        {"Origin": ours},
        {"Sec-Fetch-Site": "same-origin"},
        {},
    ):
        answer = live.http.post("/v1/jobs", headers=headers, **SENT)  # type: ignore[arg-type] # of httpx
        assert answer.status_code == 202
    refused = live.http.post("/v1/jobs", headers=CROSS, **SENT)  # type: ignore[arg-type] # of httpx
    assert refused.status_code == (202 if allowed == "*" else 403)


def test_reading_is_not_refused(shared: Live) -> None:
    assert shared.http.get("/v1/formats", headers=CROSS).status_code == 200
