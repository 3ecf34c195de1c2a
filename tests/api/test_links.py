"""Behind a prefix every link that a client gets begins with it, whether the proxy takes it off the path or not."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount, Route

from api.links import OWN_ROOTS
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG, Live

SET = "/imagemill"
STRIPPING = {"X-Forwarded-Prefix": "/imagemill"}


def links_in(value: Any) -> Iterator[str]:
    """Everything in an answer that looks like a path."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from links_in(part)
    elif isinstance(value, str) and value.startswith("/"):
        yield value


def check_everything(http: httpx.Client, live: Live, begin: str) -> None:
    """Take each way to a link; requests begin with `begin`, links with /imagemill."""
    taken = http.post(f"{begin}/v1/jobs", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"})
    job_id = UUID(taken.json()["id"])
    assert taken.headers["location"] == f"{SET}/v1/jobs/{job_id}"
    live.claim(job_id)
    live.succeed(job_id)
    job = http.get(f"{begin}/v1/jobs/{job_id}").json()
    assert job["result"]["url"] == f"{SET}/v1/jobs/{job_id}/result"
    assert set(map(str, links_in(job))) == {job["result"]["url"], *job["links"].values()}
    assert all(path.startswith(f"{SET}/") for path in links_in(job))
    events = http.get(f"{begin}/v1/jobs/{job_id}/events").text
    assert json.loads(events.partition("data: ")[2].splitlines()[0])["links"] == job["links"]
    assert http.get(f"{begin}/v1/jobs/{uuid4()}").json()["type"] == f"{SET}/problems/job_not_found"
    assert http.get(f"{begin}/openapi.json").json()["servers"][0]["url"] == "."
    assert http.get(f"{begin}/static/style.css").status_code == 200
    sent = http.post(f"{begin}/jobs", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"})
    assert (sent.status_code, sent.headers["location"].rpartition("/")[0]) == (303, f"{SET}/jobs")
    deleted = http.post(f"{begin}/jobs/{job_id}/delete")
    assert (deleted.status_code, deleted.headers["location"]) == (303, f"{SET}/jobs/{job_id}")
    for page in (f"{begin}/", f"{begin}/jobs/{job_id}", f"{begin}/jobs/nothing", f"{begin}/problems/job_not_found"):
        shown = http.get(page)
        assert "<h1" in shown.text, "a page, not a problem"
        assert all(path.startswith(f"{SET}/") for path in re.findall(r'(?:href|action|src)="(/[^"]*)"', shown.text))


@pytest.mark.parametrize("begin", ["", SET], ids=["stripped", "kept"])
@pytest.mark.parametrize("by", ["setting", "header"])
def test_every_link_begins_with_the_prefix(serve: Serve, begin: str, by: str) -> None:
    live = serve(root_path=SET if by == "setting" else "")
    headers = {} if by == "setting" else STRIPPING
    with httpx.Client(base_url=live.url, headers=headers, timeout=60) as http:
        check_everything(http, live, begin)


def test_the_prefix_alone_is_the_form(serve: Serve) -> None:
    live = serve(root_path=SET)
    assert "<h1>Convert images</h1>" in live.http.get(SET).text
    assert live.http.get("/imagemills").status_code == 404


def test_the_setting_wins_over_the_header(serve: Serve) -> None:
    live = serve(root_path=SET)
    assert live.http.get("/v1/nothing", headers={"X-Forwarded-Prefix": "/x"}).json()["type"].startswith(f"{SET}/")


@pytest.mark.parametrize(
    ("sent", "prefix"),
    [
        ("/a", "/a"),
        ("/a/", "/a"),
        ("/a/b-c.d_~", "/a/b-c.d_~"),
        ("/invented, /a", "/a"),
        ("//evil.example", ""),
        ("/\\evil.example", ""),
        ("https://evil.example", ""),
        ("/a/../b", ""),
        ("/.", ""),
        ('/"><script>', ""),
        ("/a?b", ""),
        ("/%2e%2e", ""),
        ("a", ""),
        ("/", ""),
        ("", ""),
        ("/v1", ""),
        ("/jobs/x", ""),
    ],
)
def test_only_a_plain_path_is_taken_from_the_header(shared: Live, sent: str, prefix: str) -> None:
    answer = shared.http.get("/v1/nothing", headers={"X-Forwarded-Prefix": sent})
    assert answer.json()["type"] == f"{prefix}/problems/not_found"


def test_the_header_counts_from_proxies_only(serve: Serve) -> None:
    live = serve(forwarded_allow_ips="10.0.0.1")
    assert live.http.get("/v1/nothing", headers=STRIPPING).json()["type"] == "/problems/not_found"


def test_a_cached_state_has_no_prefix_of_another_request(live: Live) -> None:
    job_id = live.in_status(Status.SUCCEEDED)
    for headers, begin in (({}, ""), (STRIPPING, SET), ({}, "")):
        for _ in range(2):
            job = live.http.get(f"/v1/jobs/{job_id}", headers=headers).json()
            assert job["links"]["self"] == f"{begin}/v1/jobs/{job_id}"


def test_no_prefix_can_be_taken_for_a_path_of_ours(shared: Live) -> None:
    included = [getattr(route, "original_router", None) for route in shared.app.routes]
    routes = [*shared.app.routes, *(route for router in included if router for route in router.routes)]
    roots = {route.path.split("/")[1] for route in routes if isinstance(route, Route | Mount | APIRoute)}
    assert {"v1", "static"} <= roots
    assert roots - {""} <= OWN_ROOTS, "add the first part of the new path to api.links.OWN_ROOTS"
