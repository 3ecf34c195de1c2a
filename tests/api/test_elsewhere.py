"""Pages of other origins (CORS), names of other hosts, and the addresses of clients, over real HTTP."""

from typing import Any

import httpx
import pytest

from tests.api.conftest import Serve
from tests.api.live import PNG, Live

APP = "https://app.example.com"
SUBMIT = {"files": {"file": ("a.png", PNG)}, "data": {"target_format": "jpeg"}}


def preflight(
    live: Live, origin: str, path: str = "/v1/jobs", method: str = "POST", headers: str = ""
) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return httpx.options(
        f"{live.url}{path}", headers=asked | ({"Access-Control-Request-Headers": headers} if headers else {})
    )


@pytest.mark.parametrize("allowed", [f"{APP}, http://localhost:3000", "*"])
def test_a_page_of_an_allowed_origin_may_call_and_read_the_headers(serve: Serve, allowed: str) -> None:
    live = serve(cors_origins=allowed)
    before = preflight(live, APP, headers="authorization, content-type, idempotency-key, prefer")
    assert before.status_code == 200
    answer = live.http.post("/v1/jobs", headers={"Origin": APP}, **SUBMIT)  # type: ignore[arg-type]
    for headers in (before.headers, answer.headers):
        assert headers["access-control-allow-origin"] == (allowed if allowed == "*" else APP)
        assert "access-control-allow-credentials" not in headers
    told = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert told >= {"location", "retry-after", "etag", "content-disposition", "warning-code", "idempotency-replayed"}
    assert told >= {"preference-applied", "ratelimit", "ratelimit-policy"}
    problem = live.http.get("/v1/nothing", headers={"Origin": APP})
    assert (problem.status_code, "access-control-allow-origin" in problem.headers) == (404, True)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://app.example.com", f"{APP}.evil.example", "null"])
def test_a_page_of_another_origin_may_not(serve: Serve, origin: str) -> None:
    live = serve(cors_origins=APP)
    assert preflight(live, origin).status_code == 400
    for answer in (preflight(live, origin), live.http.get("/v1/formats", headers={"Origin": origin})):
        assert "access-control-allow-origin" not in answer.headers


def test_the_pages_are_shared_with_nobody(serve: Serve) -> None:
    live = serve(cors_origins="*", root_path="/imagemill")
    shared = [path for path in ("/v1/formats", "/openapi.json", "/problems/canceled") if _is_shared(live, path)]
    kept = [path for path in ("/", "/jobs/x", "/static/style.css", "/livez") if not _is_shared(live, path)]
    assert (len(shared), len(kept)) == (3, 4)


def _is_shared(live: Live, path: str) -> bool:
    answers = [live.http.get(f"{begin}{path}", headers={"Origin": APP}) for begin in ("", "/imagemill")]
    (found,) = {"access-control-allow-origin" in answer.headers for answer in answers}
    return found


def test_without_the_setting_nobody_is_allowed(shared: Live) -> None:
    assert preflight(shared, APP).status_code == 405
    assert "access-control-allow-origin" not in shared.http.get("/v1/formats", headers={"Origin": APP}).headers


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Host": "mill.example"}, True),
        ({"Host": "MILL.example:8080"}, True),
        ({"Host": "a.lan"}, True),
        ({"Host": "evil.example"}, False),
        ({"Host": "mill.example.evil.example"}, False),
        ({"Host": "127.0.0.1"}, False),
        ({"Host": "mill.example,evil.example"}, False),
        ({"Host": "mill.example", "X-Forwarded-Host": "a.lan"}, True),
        ({"Host": "mill.example", "X-Forwarded-Host": "evil.example"}, False),
        ({"Host": "evil.example", "X-Forwarded-Host": "mill.example"}, False),
    ],
)
def test_only_the_hosts_of_the_list_are_answered(serve: Serve, headers: dict[str, str], allowed: bool) -> None:
    live = serve(allowed_hosts="mill.example, *.lan")
    answer = live.http.get("/v1/formats", headers=headers)
    assert answer.status_code == (200 if allowed else 421)
    if not allowed:
        assert answer.json()["code"] == "host_not_allowed"
        assert "IMAGEMILL_ALLOWED_HOSTS" in answer.json()["detail"]
    page = live.http.get("/", headers=headers)
    assert (page.status_code, "<h1" in page.text) == (200 if allowed else 421, True)
    for probe in ("/livez", "/readyz"):
        assert live.http.get(probe, headers=headers).status_code == 200
    assert live.http.post("/v1/jobs", headers=headers, **SUBMIT).status_code == (202 if allowed else 421)  # type: ignore[arg-type]


def limited(live: Live, *forwarded: str) -> list[int]:
    """Two uploads each; the limit is one an address."""
    sent: list[Any] = [
        live.http.post("/v1/jobs", headers={"X-Forwarded-For": entry}, **SUBMIT)  # type: ignore[arg-type]
        for entry in forwarded
    ]
    return [answer.status_code for answer in sent]


@pytest.mark.parametrize("trusted", ["*", "127.0.0.1"])
def test_an_invented_first_entry_is_no_address_of_its_own(serve: Serve, trusted: str) -> None:
    live = serve(rate_limit="1/day", forwarded_allow_ips=trusted)
    said = limited(live, "1.1.1.1, 198.51.100.7", "2.2.2.2, 198.51.100.7", "3.3.3.3, 4.4.4.4, 198.51.100.7:99")
    assert said == [202, 429, 429]
    assert limited(live, "198.51.100.8", "198.51.100.8") == [202, 429]


def test_a_stranger_cannot_say_who_it_is(serve: Serve) -> None:
    live = serve(rate_limit="1/day", forwarded_allow_ips="10.0.0.1")
    assert limited(live, "1.1.1.1", "2.2.2.2") == [202, 429]
