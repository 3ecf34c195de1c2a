"""Pages with lists, for people: a batch, the jobs of a key, and the formats."""

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.callers import KEY_COOKIE
from api.controls import CONTROLS
from conformance.service import PATIENCE
from core.formats import FORMATS
from tests.api.conftest import Serve
from tests.api.keyed import holder
from tests.api.live import PNG, Live
from tests.api.test_pages import Page, page


def send(live: Live, *names: str) -> Any:
    files = [("file", (name, b"text" if name.endswith(".txt") else PNG)) for name in names]
    return live.http.post("/v1/batches", files=files, data={"target_format": "jpeg"}).json()


def test_a_batch_is_a_table_with_what_became_of_each_file(shared: Live) -> None:
    batch = send(shared, "done.png", "broken.png", "waits.png", "notes.txt")
    done, broken, *_ = (UUID(job["id"]) for job in batch["jobs"] if "id" in job)
    shared.claim(done)
    shared.succeed(done, "done.jpg")
    shared.claim(broken)
    shared.fail(broken)
    shown, text = page(shared, f"/batches/{batch['id']}")
    rows = re.findall(r'<tr data-state="(\w+)">', text)
    assert rows == ["succeeded", "failed", "queued", "refused"]
    assert f"/v1/jobs/{done}/result" in shown.addresses
    assert f"/jobs/{broken}" in shown.addresses
    assert f"/v1/batches/{batch['id']}/result?partial=true" in shown.addresses
    for sentence in ("JPEG has no transparency", "ends before the image does", "not an image of a format"):
        assert sentence in text
    assert shown.refresh is not None
    assert f'"batch": "{batch["id"]}"' in text
    assert "3 of 4 done" in text
    shared.http.delete(
        next(job["links"]["self"] for job in batch["jobs"] if job.get("id") not in {str(done), str(broken), None})
    )
    text = page(shared, f"/batches/{batch['id']}")[1]
    assert "All done: 1 converted, 1 failed, 1 not accepted, 1 canceled" in text


def test_a_batch_that_is_over_offers_all_as_zip_and_does_not_refresh(shared: Live) -> None:
    batch = send(shared, "a.png")
    job_id = UUID(batch["jobs"][0]["id"])
    shared.claim(job_id)
    shared.succeed(job_id)
    shown, _ = page(shared, f"/batches/{batch['id']}")
    assert f"/v1/batches/{batch['id']}/result" in shown.addresses
    assert shown.refresh is None


def test_a_page_of_a_batch_is_held_until_something_changes(shared: Live) -> None:
    batch = send(shared, "a.png", "b.png")
    address = f"/batches/{batch['id']}"
    seen = Page(shared.http.get(address).text).refresh
    assert seen
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(shared.http.get, seen.partition("url=")[2])
        shared.claim(UUID(batch["jobs"][0]["id"]))
        answer = held.result(PATIENCE)
    assert "Converting" in answer.text


def test_an_empty_batch_says_so(shared: Live) -> None:
    batch = shared.http.post("/v1/batches", files={"nothing": (None, b"")}).json()
    assert "There is nothing in this list yet." in page(shared, f"/batches/{batch['id']}")[1]


def test_the_button_of_a_batch_deletes_all(shared: Live) -> None:
    batch = send(shared, "a.png", "b.png")
    address = f"/batches/{batch['id']}"
    assert shared.http.post(f"{address}/delete", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    answer = shared.http.post(f"{address}/delete")
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    text = page(shared, address)[1]
    assert re.findall(r'<tr data-state="(\w+)">', text) == ["canceled", "canceled"]
    assert "/delete" not in text
    assert "a.png" not in text


@pytest.mark.parametrize("path", [f"/batches/{UUID(int=4)}", "/batches/nonsense"])
def test_an_unknown_batch_is_a_page_that_says_what_next(shared: Live, path: str) -> None:
    text = page(shared, path, 404)[1]
    assert "No such list" in text
    assert "Convert images" in text


def test_without_keys_the_page_says_why_there_is_no_list(shared: Live) -> None:
    text = page(shared, "/jobs")[1]
    assert "There is no list here." in text
    assert "<table" not in text


def test_a_key_has_a_list_page_by_page(serve: Serve) -> None:
    live = serve(auth="keys")
    with holder(live, "ana") as ana, holder(live, "ben") as ben:
        names = [f"photo-{number}.png" for number in range(23)]
        for who, name in [*((ana, name) for name in names), (ben, "other.png")]:
            who.http.post("/v1/jobs", files={"file": (name, PNG)}, data={"target_format": "jpeg"})
        with httpx.Client(base_url=live.url, cookies={KEY_COOKIE: ana.key}, timeout=PATIENCE) as browser:
            first = browser.get("/jobs").text
            assert first.count("<tr data-state=") == 20
            assert "photo-22.png" in first
            assert "photo-2.png" not in first
            following = re.search(r'rel="next" href="([^"]+)"', first)
            assert following
            second = browser.get(unescape(following[1])).text
            assert second.count("<tr data-state=") == 3
            assert 'rel="next"' not in second
            assert "other.png" not in first + second
            assert "None of your images is in this state." in browser.get("/jobs?status=failed").text
            wrong = browser.get("/jobs?status=lost")
            assert wrong.status_code == 400
            assert "status must be one of" in unescape(wrong.text)


def test_a_list_asks_for_the_key_and_comes_back(serve: Serve) -> None:
    live = serve(auth="keys")
    refused = live.http.get("/jobs")
    assert refused.status_code == 401
    assert 'href="/key?next=/jobs"' in refused.text
    assert 'value="/jobs"' in live.http.get("/key?next=/jobs").text
    assert live.http.get("/formats").status_code == 200


def test_formats_are_told_to_people(shared: Live) -> None:
    shown, text = page(shared, "/formats")
    plain = unescape(text)
    assert all(f'<th scope="row">{fmt.title}</th>' in text for fmt in FORMATS)
    assert all(control.option.sentence in plain and control.option.allowed in plain for control in CONTROLS)
    assert "50 MB" in text
    anchors = [address for address in shown.addresses if address.startswith("#")]
    assert len(anchors) > 50
    assert {anchor[1:] for anchor in anchors} <= {*shown.ids}
