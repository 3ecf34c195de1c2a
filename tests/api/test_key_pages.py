"""The page of the key: entered once, kept by a cookie, forgotten by a button."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine

from api.callers import KEY_COOKIE
from conformance.service import PATIENCE
from tests.api.conftest import Serve
from tests.api.keyed import new_key
from tests.api.live import PNG, Live

STATIC = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjR+/g=="


@pytest.fixture
def keyed(serve: Serve) -> Live:
    return serve(auth="keys", keys=f"shop={STATIC}", forwarded_allow_ips="127.0.0.1")


@pytest.fixture
def browser(keyed: Live) -> Iterator[httpx.Client]:
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": keyed.url}
    with httpx.Client(base_url=keyed.url, timeout=PATIENCE, headers=headers) as http:
        yield http


def test_a_person_enters_a_key_once_and_forgets_it(engine: Engine, browser: httpx.Client) -> None:
    _, key = new_key(engine, "Ana's laptop")
    assert "This service asks for a key." in browser.get("/").text
    entered = browser.post("/key", data={"key": f" {key}\n", "next": ""})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie
    assert "This service asks for a key." not in browser.get("/").text
    page = browser.get("/key").text
    assert "Ana&#39;s laptop" in page
    assert key not in page

    sent = browser.post("/jobs", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"})
    assert sent.status_code == 303
    assert browser.get(sent.headers["location"]).status_code == 200
    assert browser.get("/v1" + sent.headers["location"]).status_code == 200

    forgotten = browser.post("/key/forget")
    assert (forgotten.status_code, forgotten.headers["location"]) == (303, "/key")
    assert KEY_COOKIE not in browser.cookies
    assert browser.get(sent.headers["location"]).status_code == 401


@pytest.mark.parametrize("key", [STATIC])
def test_a_key_of_any_characters_comes_back_from_its_cookie(browser: httpx.Client, key: str) -> None:
    assert browser.post("/key", data={"key": key}).status_code == 303
    assert "<strong>shop</strong>" in browser.get("/key").text


def test_a_wrong_key_shows_the_page_again(browser: httpx.Client) -> None:
    for key in ("", "hello", "im_" + "a" * 10 + "_" + "A" * 43):
        answer = browser.post("/key", data={"key": key})
        assert answer.status_code == 401
        assert KEY_COOKIE not in answer.headers.get("set-cookie", "")
        assert "This key is not valid" in answer.text
        assert '<form action="/key"' in answer.text


def test_a_form_of_another_site_sets_no_cookie(browser: httpx.Client, engine: Engine) -> None:
    _, key = new_key(engine)
    for path in ("/key", "/key/forget"):
        answer = browser.post(path, data={"key": key}, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert KEY_COOKIE not in answer.headers.get("set-cookie", "")


def test_a_page_without_a_key_leads_to_the_page_and_back(browser: httpx.Client, engine: Engine) -> None:
    _, key = new_key(engine)
    job = f"/jobs/{uuid4()}"
    refused = browser.get(job)
    assert refused.status_code == 401
    link = re.search(r'href="(/key\?next=[^"]+)"', refused.text)
    assert link
    assert f'value="{job}"' in browser.get(link[1]).text
    assert browser.post("/key", data={"key": key, "next": job}).headers["location"] == job


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example", "/\\evil.example", "/v1/jobs", "jobs"])
def test_no_link_leads_from_the_page_to_another_site(browser: httpx.Client, engine: Engine, where: str) -> None:
    _, key = new_key(engine)
    assert browser.post("/key", data={"key": key, "next": where}).headers["location"] == "/"


def test_a_body_that_is_too_large_is_refused(browser: httpx.Client) -> None:
    assert browser.post("/key", data={"key": "a" * 100_000}).status_code == 400


def test_the_cookie_is_secure_on_https_and_stays_below_the_prefix(serve: Serve, engine: Engine) -> None:
    live = serve(auth="keys", root_path="/imagemill")
    _, key = new_key(engine)
    headers = {"X-Forwarded-Proto": "https", "Sec-Fetch-Site": "same-origin"}
    answer = live.http.post("/key", data={"key": key}, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/imagemill/")
    parts = {part.strip() for part in answer.headers["set-cookie"].lower().split(";")}
    assert {"secure", "path=/imagemill"} <= parts


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"files": {"key": (None, "im_a")}}, "must be the field key of a form"),
        ({"json": {"key": "im_a"}}, "must be the field key of a form"),
        ({"data": {"key": "a" * 60_000}}, "more than 8,192 bytes"),
        ({"data": {"key": ["im_a", "im_b"]}}, "more than once there is: key"),
    ],
)
def test_a_form_that_is_none_of_ours_says_why(browser: httpx.Client, sent: dict[str, Any], sentence: str) -> None:
    answer = browser.post("/key", **sent)
    assert answer.status_code == 400
    assert sentence in answer.text
