"""Scripts, styles and words have a version in their address: kept for good, and never of two releases together."""

import re
from pathlib import Path
from urllib.parse import urljoin

import pytest

from api.static_files import DIRECTORY
from api.static_version import ASK_AGAIN, DIGITS, FOREVER, VERSION, hash_files
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import Live
from tests.api.test_pages import page

OTHER = "0" * DIGITS
NAMES = ("app/main.js", "app/app.css", "style.css", "icon.svg", "vendor/idb-keyval.js")


@pytest.mark.parametrize("name", NAMES)
def test_what_has_our_version_is_kept_for_good(shared: Live, name: str) -> None:
    answer = shared.http.get(f"/static/{VERSION}/{name}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, FOREVER)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == shared.http.get(f"/static/{name}").content
    again = shared.http.get(f"/static/{VERSION}/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, FOREVER)


@pytest.mark.parametrize("name", NAMES)
def test_another_version_gets_the_file_of_today_and_may_not_keep_it(shared: Live, name: str) -> None:
    answer = shared.http.get(f"/static/{OTHER}/{name}")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, ASK_AGAIN)
    assert answer.content == shared.http.get(f"/static/{name}").content
    # By date and size, files of two releases can look the same.
    assert not {"etag", "last-modified"} & set(answer.headers)


def test_words_are_kept_by_their_version(shared: Live) -> None:
    for asked, caching in ((VERSION, FOREVER), (OTHER, ASK_AGAIN), ("", ASK_AGAIN)):
        answer = shared.http.get("/words/ru.json", params={"v": asked})
        assert answer.headers["cache-control"] == caching
        assert answer.json() == shared.http.get("/words/ru.json").json()


@pytest.mark.parametrize(
    "path", [f"{VERSION}/app/none.js", f"{VERSION}/", f"{VERSION}/../../app.py", f"{OTHER[1:]}/style.css"]
)
def test_a_version_leads_to_nothing_else(shared: Live, path: str) -> None:
    assert shared.http.get(f"/static/{path}").status_code == 404


def test_all_that_pages_load_has_our_version_below_any_prefix(serve: Serve) -> None:
    live = serve(root_path="/imagemill")
    for path in ("/", f"/jobs/{live.in_status(Status.QUEUED)}", "/formats", "/nothing"):
        html = live.http.get(f"/imagemill{path}", headers={"Accept": "text/html"}).text
        loaded = re.findall(r'(?:src|href)="(/[^"]*/(?:static|words)/[^"]+)"', html)
        assert f"/imagemill/static/{VERSION}/style.css" in loaded
        for address in loaded:
            assert live.http.get(address).headers["cache-control"] == FOREVER, address
    assert f'"version": "{VERSION}"' in live.http.get("/imagemill/").text


def test_what_modules_import_has_their_version() -> None:
    """A path from the root would leave the version, and stay in a browser from another release."""
    for path in (DIRECTORY / "app").glob("*.js"):
        source = path.read_text(encoding="utf-8")
        for address in re.findall(r"""(?:\bfrom |\bimport\(|\bimport |new URL\()["']([^"']+)["']""", source):
            at = f"/static/{VERSION}/app/{path.name}"
            assert urljoin(at, address).startswith(f"/static/{VERSION}/"), (path.name, address)


def test_what_the_reference_loads_stays_as_it_was(shared: Live) -> None:
    for address in page(shared, "/docs")[0].addresses:
        if "reference" in address:
            assert shared.http.get(f"/{address}").headers["cache-control"] == "public, max-age=3600"


def test_other_names_or_bytes_are_another_version(tmp_path: Path) -> None:
    found = set()
    for name, text in (("a.js", "1"), ("a.js", "2"), ("b.js", "2")):
        path = tmp_path / name
        path.write_text(text)
        found.add(hash_files(tmp_path, [path]))
    assert len(found) == 3
