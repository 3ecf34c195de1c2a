"""The page /docs: its files are the chosen ones, and a browser that holds to its policy shows every call."""

import re
import subprocess
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from shutil import which

import httpx
import pytest

from conformance.browser.chromium import FLAGS, PROGRAMS
from conformance.service import PATIENCE
from tests.openapi.conftest import read_document
from tools.fetch_reference import FILES, PACKAGE, TARGET
from tools.npm_packages import WrongPackage, check_archive, digest

ROOT = Path(__file__).parents[2]


def test_the_files_are_those_of_the_chosen_version() -> None:
    assert {name: digest((TARGET / name).read_bytes()) for name in FILES} == FILES


def test_another_archive_is_refused() -> None:
    with pytest.raises(WrongPackage, match="not sha512-"):
        check_archive(PACKAGE, b"something else")


def test_the_package_holds_every_file_of_the_pages() -> None:
    globs = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["api"]
    packed = {path for glob in globs for path in (ROOT / "api").glob(glob) if path.is_file()}
    assert packed == {
        path
        for folder in ("static", "templates", "words")
        for path in (ROOT / "api" / folder).rglob("*")
        if path.is_file()
    }


class Addresses(HTMLParser):
    """Collects what a page loads and links to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"src", "href"}]


def test_every_address_of_the_page_is_relative_and_answers(api_url: str) -> None:
    page = httpx.get(f"{api_url}/docs", timeout=PATIENCE)
    reader = Addresses()
    reader.feed(page.text)
    assert len(reader.found) >= 7
    for address in reader.found:
        assert not re.match(r"/|\w+:", address), address
        assert httpx.get(page.url.join(address), timeout=PATIENCE).status_code == 200, address
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy


@pytest.mark.skipif(not any(map(which, PROGRAMS)), reason="chromium is not installed")
def test_a_browser_shows_every_call_and_blocks_nothing(api_url: str, document: Path, tmp_path: Path) -> None:
    program = next(filter(None, map(which, PROGRAMS)))
    done = subprocess.run(
        [program, *FLAGS, f"--user-data-dir={tmp_path}", "--enable-logging=stderr", "--virtual-time-budget=60000", "--dump-dom", f"{api_url}/docs"],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not said, said
    shown = set(re.findall(r'id="operations-(?!tag-)\w+-(\w+)"', done.stdout))
    paths = read_document(document)["paths"].values()  # type: ignore[attr-defined]
    wanted = {operation["operationId"] for path in paths for operation in path.values()}
    assert wanted
    assert shown == wanted
