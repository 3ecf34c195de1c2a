"""The API goes away while the page is open, the line is slow, the line is cut: the page says so, and ends by itself."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect

from conformance.page.browser import Guard, fresh_context
from conformance.page.driving import drop_files
from conformance.page.samples import make_png
from tests.e2e.page.conftest import Site, running_site
from tests.e2e.page.steps import SECONDS, open_form, start, wait_for_state, wait_until_over

MEGABYTES = float(os.environ.get("IMAGEMILL_PAGE_MEGABYTES", "6"))
"""How large the file is that goes over a line of 5 Mbit/s. `make page-line` takes 45, which is 72 s."""
CUT = r"ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|ERR_INTERNET_DISCONNECTED"
WATCH_PROGRESS = """(list) => {
  window.seen = [];
  new MutationObserver(() => {
    const bar = list.querySelector("progress");
    if (bar && bar.position >= 0) window.seen.push(bar.position);
  }).observe(list, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


@pytest.fixture
def own_site(
    chromium: Browser, postgres_url: str, migrated_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A service whose API may be killed."""
    assert chromium
    assert migrated_url
    with running_site(postgres_url, tmp_path_factory.mktemp("own")) as site:
        yield site


@contextmanager
def without_api(site: Site, number: signal.Signals) -> Iterator[None]:
    """End the API by that signal, and start it again on the same port."""
    site.api.send(number)
    site.api.wait()
    yield
    site.service.start("api", port=str(site.api.probe_port))


def test_the_api_is_stopped_and_killed_while_the_page_is_open(
    own_site: Site, chromium: Browser, console: Guard
) -> None:
    console.expect(CUT, r"status of 503")
    with fresh_context(chromium, base_url=own_site.url) as context:
        console.watch(context)
        page = context.new_page()
        open_form(page)
        drop_files(page, [make_png("slow.png", hold=6), make_png("late.png")])
        page.select_option("#target_format", "webp")
        start(page)
        wait_for_state(page, "slow.png", "processing")
        with without_api(own_site, signal.SIGTERM):
            expect(page.locator("#notice")).not_to_be_empty(timeout=SECONDS)
        assert wait_until_over(page, 2) == {"slow.png": "succeeded", "late.png": "succeeded"}
        expect(page.locator("#notice")).to_be_empty(timeout=SECONDS)
