"""Forms of other sites are refused, our own are taken, by what a browser sends in each situation."""

import httpx
import pytest

from api.same_site import COOKIE
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG, Live

OURS = {"Cookie": f"{COOKIE}=1"}
EVIL = "http://evil.example"


def post(live: Live, path: str, headers: dict[str, str]) -> httpx.Response:
    """From a browser without a past: no cookie that the headers do not have."""
    files = {"file": ("a.png", PNG), "target_format": (None, b"gif")}
    return httpx.post(f"{live.url}{path}", headers=headers, files=files, timeout=60)


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site", **OURS}, False),
        ({"Sec-Fetch-Site": "same-site", **OURS}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://mill.lan", "Host": "mill.lan"}, False),
        ({}, True),
        ({"Origin": "https://mill.example", "Host": "mill.example"}, True),
        ({"Origin": "http://mill.lan", "Host": "mill.lan:80"}, True),
        ({"Origin": "http://mill.lan:80", "Host": "mill.lan"}, True),
        ({"Origin": "https://mill.lan", "Host": "mill.lan:443"}, True),
        ({"Referer": "http://mill.lan/jobs/x", "Host": "mill.lan"}, True),
        ({"Referer": f"{EVIL}/mill.lan", "Host": "mill.lan"}, False),
        ({"Origin": EVIL}, False),
        ({"Origin": EVIL, "Referer": "http://mill.lan/", "Host": "mill.lan"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "null", **OURS}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://mill.lan.evil.example", "Host": "mill.lan"}, False),
        ({"Origin": "http://mill.lan", "Host": "127.0.0.1:8000"}, False),
        ({"Origin": "http://mill.lan", "Host": "127.0.0.1:8000", **OURS}, True),
        ({"Origin": "http://mill.lan:8080", "Host": "mill.lan", **OURS}, True),
        ({"Origin": "http://mill.lan:8080", "Host": "mill.lan:80", **OURS}, True),
        ({"Origin": "http://mill.lan:8080", "Host": "mill.lan:80"}, False),
        ({"Origin": "http://10.1.0.1", "Host": "127.1.0.1:8000", **OURS}, True),
        ({"Origin": "http://[2001:db8::7]", "Host": "127.0.0.1:8000", **OURS}, True),
        # From the same site the browser brings the cookie along. These are no names that a proxy put in place of ours.
        ({"Origin": "http://mill.lan:9999", "Host": "mill.lan:8000", **OURS}, False),
        ({"Origin": "http://evil.corp.example", "Host": "mill.corp.example", **OURS}, False),
        ({"Origin": "http://evil.corp.example", "Host": "a.b.corp.example:8000", **OURS}, False),
        ({"Origin": "http://corp.example", "Host": "mill.corp.example", **OURS}, False),
        ({"Origin": "http://evil.corp.example", "Host": "b", "X-Forwarded-Host": "mill.corp.example", **OURS}, False),
        ({"Origin": "http://mill.lan", "Host": "imagemill", "X-Forwarded-Host": "mill.lan"}, True),
        ({"Origin": "http://mill.lan:8080", "Host": "imagemill", "X-Forwarded-Host": "mill.lan:8080"}, True),
        ({"Origin": "http://mill.lan", "Host": "b", "X-Forwarded-Host": "mill.lan, inner.lan"}, True),
        ({"Origin": EVIL, "Host": "imagemill", "X-Forwarded-Host": "mill.lan"}, False),
    ],
)
def test_forms_of_other_sites_are_refused(shared: Live, headers: dict[str, str], taken: bool) -> None:
    job_id = shared.submit()
    deleted = post(shared, f"/jobs/{job_id}/delete", headers)
    assert deleted.status_code == (303 if taken else 403)
    assert shared.record(job_id).status is (Status.CANCELED if taken else Status.QUEUED)
    sent = post(shared, "/jobs", headers)
    assert sent.status_code == (303 if taken else 403)
    if not taken:
        assert "another site" in sent.text


def test_a_host_that_no_proxy_forwarded_is_not_believed(serve: Serve) -> None:
    live = serve(forwarded_allow_ips="10.0.0.1")
    headers = {"Origin": EVIL, "Host": "imagemill", "X-Forwarded-Host": "evil.example"}
    assert post(live, "/jobs", headers).status_code == 403


def test_an_origin_beside_the_list_of_hosts_does_not_pass_by_the_cookie(serve: Serve) -> None:
    live = serve(allowed_hosts="mill.corp.example, imagemill, imagemill.corp.example")
    for name, host, status in (
        ("mill", "imagemill", 303),
        ("mill", "imagemill.corp.example", 303),
        ("evil", "imagemill", 403),
        ("evil", "mill.corp.example", 403),
    ):
        headers = {"Origin": f"http://{name}.corp.example", "Host": host, **OURS}
        assert post(live, "/jobs", headers).status_code == status


@pytest.mark.parametrize("page", ["/", "/jobs/nothing", "/problems/cross_site"])
def test_each_page_sets_the_cookie_for_our_own_forms_only(shared: Live, page: str) -> None:
    headers = {"X-Forwarded-Prefix": "/imagemill"}
    (cookie,) = httpx.get(f"{shared.url}{page}", headers=headers).headers.get_list("set-cookie")
    parts = cookie.split("; ")
    assert {part.lower() for part in parts[1:]} == {"path=/imagemill", "httponly", "samesite=strict"}
    assert parts[0] == f"{COOKIE}=1"
    assert "set-cookie" not in httpx.get(f"{shared.url}{page}", headers=OURS).headers
    over_tls = httpx.get(f"{shared.url}{page}", headers={"X-Forwarded-Proto": "https"}).headers["set-cookie"]
    assert "; Secure" in over_tls


def test_programs_get_no_cookie(shared: Live) -> None:
    for path in ("/v1/formats", "/openapi.json", "/static/style.css", "/livez", "/v1/nothing"):
        assert "set-cookie" not in httpx.get(f"{shared.url}{path}").headers
