"""imagemill behind a real nginx, by the configurations of docs/behind-a-proxy.md."""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from api.status import KEEPALIVE_SECONDS
from api.waits import MOST_SECONDS
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG, RESULT, Live
from tests.markdown import page_of
from tests.proxy.nginx import PAGE, documented, needs_nginx, running_nginx

pytestmark = needs_nginx

ROOT, TLS, BARE = "At the root of a host", "With TLS", "With nothing but proxy_pass"
STRIPPED, KEPT = "Below a path that nginx takes off", "Below a path that stays"
BELOW = "/imagemill"
PREFIXES = {ROOT: "", TLS: "", BARE: "", STRIPPED: BELOW, KEPT: BELOW}
FORM = {"file": ("photo.png", PNG), "target_format": (None, b"jpeg")}
EVIL = "http://evil.example"


def served(serve: Serve, heading: str, **settings: str) -> Live:
    """The API as the page says it is to be set."""
    return serve(root_path=BELOW if heading == KEPT else "", **settings)


def test_every_configuration_of_the_page_is_run() -> None:
    assert sum(block.language == "nginx" for block in page_of(PAGE).code) == len(PREFIXES)
    assert len({documented(heading) for heading in PREFIXES}) == len(PREFIXES)


@pytest.mark.parametrize("heading", PREFIXES)
def test_a_person_clicks_through_the_pages(serve: Serve, heading: str) -> None:
    """As a browser does over plain http: with Origin, without Sec-Fetch-Site, following what the pages say."""
    live = served(serve, heading)
    with running_nginx(heading, live.url) as proxy, proxy.client(Origin=proxy.url) as browser:
        form = browser.get(f"{PREFIXES[heading]}/")
        assert form.status_code == 200
        for path in sorted(re.findall(r'href="(/[^"#]*)"', form.text), key=lambda path: "/language/en" in path):
            # A link to a language leads back to the page. English is the last, for what is read below.
            assert browser.get(path, follow_redirects=True).status_code == 200, path
        (action,) = re.findall(r'<form [^>]*action="([^"]+)"', form.text)
        sent = browser.post(action, files=FORM)
        assert sent.status_code == 303
        page = browser.get(sent.headers["location"])
        assert 'class="state queued"' in page.text
        job_id = UUID(sent.headers["location"].rpartition("/")[2])
        live.claim(job_id)
        live.succeed(job_id)
        page = browser.get(sent.headers["location"])
        (download,) = re.findall(r'id="download" class="button" href="([^"]+)"', page.text)
        assert browser.get(download).content == RESULT
        (delete,) = re.findall(r'<form action="([^"]+)"', page.text)
        assert browser.post(delete).headers["location"] == sent.headers["location"]
        assert live.record(job_id).status is Status.EXPIRED


@pytest.mark.parametrize("heading", PREFIXES)
def test_a_program_follows_the_links(serve: Serve, heading: str) -> None:
    live = served(serve, heading)
    with running_nginx(heading, live.url) as proxy, proxy.client() as http:
        begin = PREFIXES[heading]
        document = http.get(f"{begin}/openapi.json")
        server = document.url.join(document.json()["servers"][0]["url"])
        taken = http.post(f"{str(server).rstrip('/')}/v1/jobs", files=FORM)
        assert taken.status_code == 202
        job = http.get(taken.headers["location"]).json()
        live.claim(UUID(job["id"]))
        live.succeed(UUID(job["id"]))
        assert http.get(job["links"]["result"]).content == RESULT
        assert http.get(job["links"]["result"], headers={"Range": "bytes=5-9"}).content == RESULT[5:10]
        assert http.head(job["links"]["result"]).headers["content-length"] == str(len(RESULT))
        problem = http.get(f"{job['links']['self']}/nothing")
        assert "<h1>There is no such page</h1>" in http.get(problem.json()["type"]).text


@pytest.mark.parametrize("heading", PREFIXES)
@pytest.mark.parametrize("origin", [EVIL, "null", "{scheme}://localhost.evil.example:{port}"])
def test_a_form_of_another_site_is_refused(serve: Serve, heading: str, origin: str) -> None:
    """Its browser has our cookie from an earlier visit, and does not send it along: SameSite=Strict."""
    live = served(serve, heading)
    job_id = live.submit()
    with running_nginx(heading, live.url) as proxy:
        place = urlsplit(proxy.url)
        headers = {"Origin": origin.format(scheme=place.scheme, port=place.port)}
        with proxy.client(**headers) as attacker:
            assert attacker.post(f"{PREFIXES[heading]}/jobs", files=FORM).status_code == 403
        with proxy.client(**headers) as attacker:
            assert attacker.post(f"{PREFIXES[heading]}/jobs/{job_id}/delete").status_code == 403
        assert (live.record(job_id).status, live.counts()[0]) == (Status.QUEUED, 1)


HOST, FORWARDED = "proxy_set_header Host", "proxy_set_header X-Forwarded-Host"
HIDDEN = {
    "no port": ((f"{HOST} $http_host", f"{HOST} $host"), (f"{FORWARDED} $http_host", f"{FORWARDED} $host")),
    "port 80": ((f"{HOST} $http_host", f"{HOST} $host:80"), (f"{FORWARDED} $http_host", f'{FORWARDED} ""')),
    "proxy_host": ((f"{HOST} $http_host", f"{HOST} $proxy_host"), (f"{FORWARDED} $http_host", f'{FORWARDED} ""')),
    "forwarded": ((f"{HOST} $http_host", f"{HOST} $proxy_host"),),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_our_form_is_taken_where_nginx_hides_our_name(serve: Serve, name: str) -> None:
    live = serve()
    with running_nginx(ROOT, live.url, changed=HIDDEN[name]) as proxy:
        with proxy.client(Origin=proxy.url) as browser:
            browser.get("/")
            assert browser.post("/jobs", files=FORM).status_code == 303
        with proxy.client(Origin=EVIL) as attacker:
            assert attacker.post("/jobs", files=FORM).status_code == 403


@pytest.mark.parametrize("trusted", ["127.0.0.2", "*"])
def test_a_limit_counts_clients_and_not_what_they_invent(serve: Serve, trusted: str) -> None:
    live = serve(rate_limit="1/day", forwarded_allow_ips=trusted)
    # The client is 127.0.0.1, which must not be a believed proxy itself.
    with running_nginx(ROOT, live.url, more="proxy_bind 127.0.0.2;") as proxy, proxy.client() as http:
        said = [http.post("/v1/jobs", files=FORM, headers={"X-Forwarded-For": f"6.6.6.{n}"}) for n in range(3)]
    assert [answer.status_code for answer in said] == [202, 429, 429]


def test_what_a_client_sends_under_the_names_of_the_proxy_is_dropped(serve: Serve) -> None:
    live = serve(allowed_hosts="localhost")
    forged = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    with running_nginx(ROOT, live.url) as proxy, proxy.client(**forged) as http:
        page = http.get("/")
    assert page.status_code == 200
    assert "/evil" not in page.text
    assert "secure" not in page.headers["set-cookie"].lower()


def test_over_tls_the_cookie_is_secure(serve: Serve) -> None:
    live = serve()
    with running_nginx(TLS, live.url) as proxy, proxy.client() as http:
        assert "; secure" in http.get("/").headers["set-cookie"].lower()


def events_of(answer: httpx.Response) -> Iterator[str]:
    """The status in each event that has one, when it comes."""
    for line in answer.iter_lines():
        if line.startswith("data: ") and "status" in (told := json.loads(line.removeprefix("data: "))):
            yield told["status"]


@pytest.mark.parametrize("buffering", ["on", "off"])
@pytest.mark.parametrize("heading", [ROOT, BARE])
def test_each_event_comes_at_once(serve: Serve, heading: str, buffering: str) -> None:
    """The next change happens only when the event before has come through."""
    live = serve()
    job_id = live.submit()
    more = f"proxy_buffering {buffering};"
    with running_nginx(heading, live.url, more=more) as proxy, proxy.client() as http:
        with http.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
            events = events_of(answer)
            assert next(events) == "queued"
            live.claim(job_id)
            assert next(events) == "processing"
            live.succeed(job_id)
            assert list(events) == ["succeeded"]
        assert http.get(f"/v1/jobs/{job_id}/result").content == RESULT


def test_no_answer_is_silent_for_as_long_as_nginx_waits() -> None:
    assert not any("proxy_read_timeout" in documented(heading) for heading in PREFIXES), "60 s, nginx's default"
    assert max(KEEPALIVE_SECONDS, MOST_SECONDS) < 60


def test_nginx_cuts_what_is_silent_for_longer(serve: Serve) -> None:
    live = serve()
    job_id = live.submit()
    with running_nginx(ROOT, live.url, more="proxy_read_timeout 1s;") as proxy, proxy.client() as http:
        assert http.get(f"/v1/jobs/{job_id}?wait=45").status_code == 504
        assert http.get(f"/v1/jobs/{job_id}").json()["status"] == "queued"


LARGE = PNG + bytes(45_000_000)


@pytest.mark.parametrize("buffered", ["on", "off"])
def test_a_large_upload_passes_buffered_or_not(serve: Serve, buffered: str) -> None:
    live = serve()
    changed = (("proxy_request_buffering off", f"proxy_request_buffering {buffered}"),)
    with running_nginx(ROOT, live.url, changed=changed) as proxy, proxy.client() as http:
        taken = http.post("/v1/jobs", files={**FORM, "file": ("large.png", LARGE)})
    assert (taken.status_code, taken.json()["source"]["bytes"]) == (202, len(LARGE))


def test_a_file_above_our_limit_is_our_refusal_and_above_nginx_its_own(serve: Serve) -> None:
    live = serve(max_upload_bytes=1_000_000)
    changed = (("51m", "4m"),)
    with running_nginx(ROOT, live.url, changed=changed) as proxy, proxy.client() as http:
        ours = http.post("/v1/jobs", files={**FORM, "file": ("a.png", PNG + bytes(2_000_000))})
        assert (ours.status_code, ours.json()["code"]) == (413, "too_large")
        theirs = http.post("/v1/jobs", files={**FORM, "file": ("a.png", PNG + bytes(5_000_000))})
        assert (theirs.status_code, "nginx" in theirs.text) == (413, True)
    assert live.counts()[0] == 0


def test_the_path_without_its_slash_is_the_form(serve: Serve) -> None:
    for heading in (STRIPPED, KEPT):
        live = served(serve, heading)
        with running_nginx(heading, live.url) as proxy, proxy.client() as http:
            found = http.get(BELOW, follow_redirects=True)
            assert (found.status_code, "<h1>Convert images</h1>" in found.text) == (200, True)
