"""The API goes away while the page is open, the line is slow, the line is cut: the page says so, and ends by itself."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

from conformance.page.driving import drop_files, find_row, list_rows, take_line
from conformance.page.samples import make_bitmap, make_png
from conformance.page.site import Site
from tests.e2e.page.steps import SECONDS, choose, count_jobs, open_form, start, wait_for_state, wait_until_over

MEGABYTES = float(os.environ.get("IMAGEMILL_PAGE_MEGABYTES", "6"))
"""How large the file is that goes over a line of 5 Mbit/s. `make page-line` takes 45, which is 72 s."""
WATCH_PROGRESS = """() => {
  const list = document.querySelector("#list");
  window.seen = [];
  new MutationObserver(() => {
    const bar = list.querySelector("progress");
    if (bar && bar.position >= 0) window.seen.push(bar.position);
  }).observe(list, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


@contextmanager
def without_api(site: Site, number: signal.Signals) -> Iterator[None]:
    """End the API by that signal, and start it again on the same port."""
    api = site.service.processes[-1]
    api.send(number)
    api.wait()
    yield
    site.service.start("api", port=str(api.probe_port))


def test_the_api_is_stopped_and_killed_while_the_page_waits(own_site: Site, own_page: Page) -> None:
    page = own_page
    worker = next(process for process in own_site.service.processes if process.name == "worker")
    worker.send(signal.SIGTERM)
    worker.wait()
    open_form(page)
    drop_files(page, [make_png("a.png"), make_png("b.png")])
    start(page, "webp")
    # Nobody converts, so the page is still waiting whenever an outage begins.
    for name in ("a.png", "b.png"):
        wait_for_state(page, name, "queued")
    for number in (signal.SIGTERM, signal.SIGKILL):
        with without_api(own_site, number):
            expect(page.locator("#notice")).not_to_be_empty(timeout=SECONDS)
        expect(page.locator("#notice")).to_be_empty(timeout=SECONDS)
    own_site.service.start("worker")
    assert wait_until_over(page, 2) == {"a.png": "succeeded", "b.png": "succeeded"}


def test_the_api_is_killed_in_the_middle_of_an_upload(own_site: Site, own_page: Page) -> None:
    page = own_page
    open_form(page)
    with take_line(page, megabits=5):
        choose(page, [make_bitmap("big.bmp", MEGABYTES)])
        start(page, "webp")
        wait_for_progress(page)
        with without_api(own_site, signal.SIGKILL):
            expect(page.locator("#notice")).not_to_be_empty(timeout=SECONDS)
    assert wait_until_over(page, 1) == {"big.bmp": "succeeded"}
    assert count_jobs(own_site.service) == 1


def wait_for_progress(page: Page, share: float = 0.2) -> None:
    """Wait until that share of the first upload has gone."""
    page.wait_for_function(
        "(share) => document.querySelector('#list progress')?.position > share", arg=share, timeout=SECONDS
    )


def test_a_large_file_on_a_slow_line_shows_its_progress_to_the_end(page: Page) -> None:
    open_form(page)
    page.evaluate(WATCH_PROGRESS)
    with take_line(page, megabits=5):
        choose(page, [make_bitmap("big.bmp", MEGABYTES)])
        start(page, "webp")
        row = wait_for_state(page, "big.bmp", "uploading")
        expect(row).to_contain_text("B/s", timeout=SECONDS)
        assert wait_until_over(page, 1) == {"big.bmp": "succeeded"}
    seen = page.evaluate("window.seen")
    assert seen == sorted(seen)
    assert len(set(seen)) >= 5
    assert seen[-1] > 0.8


def test_on_a_slow_network_everything_works(page: Page) -> None:
    with take_line(page, megabits=0.4, latency=400):
        open_form(page)
        choose(page, [make_png("a.png"), make_png("b.png")])
        expect(list_rows(page)).to_have_count(2)
        start(page, "webp")
        assert wait_until_over(page, 2) == {"a.png": "succeeded", "b.png": "succeeded"}
        expect(find_row(page, "a.png").locator("a.download")).to_be_visible()
