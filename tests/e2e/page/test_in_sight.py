"""What a person did shows: the list comes into sight, and says what is so, and no more."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from conformance.page.browser import PHONE, Guard, fresh_context
from conformance.page.driving import list_rows
from conformance.page.samples import make_png
from conformance.page.site import Site
from tests.e2e.page.steps import choose, open_form, start, wait_until_over

LAPTOP: ViewportSize = {"width": 1280, "height": 800}


@pytest.fixture(params=[LAPTOP, PHONE], ids=["laptop", "phone"])
def screen(request: pytest.FixtureRequest, chromium: Browser, site: Site, console: Guard) -> Iterator[Page]:
    """A tab as high as people have them."""
    with fresh_context(chromium, base_url=site.url, viewport=request.param) as context:
        console.watch(context)
        yield context.new_page()


def test_added_and_started_rows_come_into_sight(screen: Page) -> None:
    open_form(screen)
    choose(screen, [make_png("a.png"), make_png("b.png")])
    expect(list_rows(screen).first).to_be_in_viewport()
    screen.evaluate("() => window.scrollTo({ top: 0, behavior: 'instant' })")
    # A press of a key, unlike a click, does not scroll by itself.
    screen.locator("#convert").evaluate("(it) => it.focus({ preventScroll: true })")
    start(screen, "webp")
    expect(list_rows(screen).first).to_be_in_viewport(ratio=1)
    wait_until_over(screen, 2)
    assert screen.evaluate("() => document.activeElement.id") == "convert"


def test_a_second_press_is_no_complaint_and_new_files_end_one(page: Page) -> None:
    open_form(page)
    page.click("#convert")
    expect(page.locator("#notice")).to_contain_text("nothing to convert")
    choose(page, [make_png("a.png", hold=4)])
    expect(page.locator("#notice")).to_be_empty()
    page.dblclick("#convert")
    wait_until_over(page, 1)
    expect(page.locator("#notice")).to_be_empty()
