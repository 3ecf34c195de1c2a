"""What all pages share: weight, compression, the policy, the manifest, and errors as pages for people."""

import gzip
import re
from io import BytesIO

import httpx
import pytest
from PIL import Image

from api.compression import LEAST_BYTES
from api.static_version import VERSION
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import RESULT, Live
from tests.api.test_pages import Page, page

MOST_BYTES = 60_000
"""What the first view may weigh, over the wire."""


def wire_bytes(live: Live, address: str) -> int:
    """The bytes of an answer's body as they are sent to a browser."""
    with live.http.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200, address
        return sum(len(piece) for piece in answer.iter_raw())


def test_the_first_view_is_light(shared: Live) -> None:
    html = shared.http.get("/").text
    linked = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', html)) - {f"/static/{VERSION}/icon-180.png"}
    assert sum(address.endswith(".js") for address in linked) > 8, "the modules are in the page"
    weights = {address: wire_bytes(shared, address) for address in {"/", f"/words/en.json?v={VERSION}", *linked}}
    assert sum(weights.values()) < MOST_BYTES, weights


def test_a_page_names_all_modules_that_are_loaded_at_once(shared: Live) -> None:
    named = {address for address in page(shared, "/")[0].addresses if address.endswith(".js")}
    assert f"/static/{VERSION}/app/home.js" in named
    for address in named:
        text = re.sub(r"/\*.*?\*/", "", shared.http.get(address).text, flags=re.DOTALL)
        imported = re.findall(r"""\bfrom\s+["']([^"']+)["']|^import\s+["']([^"']+)["']""", text, re.MULTILINE)
        for path in filter(None, (one or other for one, other in imported)):
            assert str(httpx.URL(f"http://x{address}").join(path).path) in named, (address, path)


def test_pages_and_static_files_are_compressed(shared: Live) -> None:
    for address in ("/", "/static/style.css", "/words/ru.json", "/formats"):
        answer = shared.http.get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip", address
        assert "Accept-Encoding" in answer.headers["vary"]
        plain = shared.http.get(address, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert len(plain.content) > LEAST_BYTES


def test_downloads_and_the_api_are_sent_as_they_are(shared: Live) -> None:
    job_id = shared.in_status(Status.SUCCEEDED)
    headers = {"Accept-Encoding": "gzip"}
    result = shared.http.get(f"/v1/jobs/{job_id}/result", headers=headers)
    assert "content-encoding" not in result.headers
    assert (result.content, result.headers["content-length"]) == (RESULT, str(len(RESULT)))
    for address in ("/v1/formats", f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/events"):
        assert "content-encoding" not in shared.http.get(address, headers=headers).headers


def test_a_part_of_a_static_file_is_a_part_of_the_file(shared: Live) -> None:
    whole = shared.http.get("/static/style.css").content
    part = shared.http.get("/static/style.css", headers={"Range": "bytes=10-1999", "Accept-Encoding": "gzip"})
    assert (part.status_code, part.content) == (206, whole[10:2000])


def test_a_page_below_a_prefix_is_compressed_and_its_api_is_not(serve: Serve) -> None:
    live = serve(root_path="/imagemill")
    headers = {"Accept-Encoding": "gzip"}
    assert live.http.get("/imagemill/", headers=headers).headers["content-encoding"] == "gzip"
    assert "content-encoding" not in live.http.get("/imagemill/v1/formats", headers=headers).headers
    with live.http.stream("GET", "/imagemill/", headers=headers) as answer:
        assert b"<!doctype html>" in gzip.decompress(b"".join(answer.iter_raw()))


def test_no_page_has_code_or_style_of_its_own(shared: Live) -> None:
    for path in ("/", f"/jobs/{shared.in_status(Status.QUEUED)}", "/jobs", "/formats", "/problems/expired"):
        text = page(shared, path)[1]
        assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", text)
        scripts = re.findall(r"<script([^>]*)>", text)
        assert all('src="/static/' in script or 'type="application/json"' in script for script in scripts)


def test_data_for_scripts_cannot_end_its_element(shared: Live) -> None:
    """Values of the page's data may hold anything."""
    block = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', shared.http.get("/").text)
    assert block
    assert not re.search(r"[<>&']", block[1])


def test_the_manifest_makes_the_page_installable(serve: Serve) -> None:
    live = serve(root_path="/imagemill")
    link = re.search(r'rel="manifest" href="([^"]+)"', live.http.get("/imagemill/").text)
    assert link
    answer = live.http.get(link[1])
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = answer.json()
    at = httpx.URL(f"http://x{link[1]}")
    assert at.join(manifest["start_url"]).path == at.join(manifest["scope"]).path == "/imagemill/"
    sides = set()
    for icon in manifest["icons"]:
        drawn = live.http.get(at.join(icon["src"]).path)
        assert drawn.status_code == 200
        if icon["type"] == "image/png":
            with Image.open(BytesIO(drawn.content)) as image:
                assert f"{image.width}x{image.height}" == icon["sizes"]
                corner = image.convert("RGBA").getpixel((0, 0))
                assert isinstance(corner, tuple)
                assert (corner[3] == 255) == (icon.get("purpose") == "maskable")
                sides.add(image.width)
    assert {192, 512} <= sides
    assert live.http.get("/imagemill/manifest.webmanifest", headers={"Accept-Language": "ru"}).json()["lang"] == "ru"


@pytest.mark.parametrize("path", ["/nothing", "/favicon.ico", "/jobs/a/b/c"])
def test_a_person_at_an_unknown_address_sees_a_page(shared: Live, path: str) -> None:
    answer = shared.http.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "/" in Page(answer.text).addresses


def test_a_program_at_an_unknown_address_gets_a_problem(shared: Live) -> None:
    for path, accept in (("/nothing", "*/*"), ("/v1/nothing", "text/html")):
        answer = shared.http.get(path, headers={"Accept": accept})
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_page_that_an_outage_keeps_away_comes_back_by_itself(shared: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = shared.in_status(Status.QUEUED)

    async def away(*_: object, **__: object) -> None:
        from api.errors import DatabaseAway

        raise DatabaseAway

    shared.redis.flushall()
    monkeypatch.setattr("api.pages.current_job", away)
    answer = shared.http.get(f"/jobs/{job_id}")
    assert answer.status_code == 503
    assert Page(answer.text).refresh == "5"
    assert "come_back.js" in answer.text
    assert "Nothing that was taken is lost" in answer.text
