"""What was deleted elsewhere is said in the list, and by no error page, when somebody wants to download it."""

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from conformance.page.browser import Guard
from conformance.page.driving import drop_files, find_row
from conformance.page.samples import make_png
from tests.e2e.page.steps import open_form, start, wait_for_state, wait_until_over


@pytest.fixture
def listed(page: Page, console: Guard) -> Page:
    """A list with three results."""
    console.expect(r"status of (410|503)")
    open_form(page)
    drop_files(page, map(make_png, ("a.png", "b.png", "c.png")))
    start(page, "webp")
    wait_until_over(page, 3)
    return page


def delete(row: Locator) -> None:
    """Delete a row's result as another program does. No event tells the page, whose stream is over."""
    path = (row.locator("a.download").get_attribute("href") or "").removesuffix("/result")
    assert row.page.request.delete(path).ok


def check(page: Page) -> None:
    """One is deleted, then all: each press says so, and the page stays."""
    address = page.url
    first = find_row(page, "a.png")
    delete(first)
    first.locator("a.download").press("Enter")
    wait_for_state(page, "a.png", "expired")
    expect(first.locator(".trouble")).to_contain_text("deleted")
    expect(first.locator("button.remove")).to_be_focused()
    delete(find_row(page, "b.png"))
    # What is left comes as before.
    with page.expect_download() as coming:
        page.click("a#zip")
    assert coming.value.suggested_filename.endswith(".zip")
    wait_for_state(page, "b.png", "expired")
    delete(find_row(page, "c.png"))
    page.locator("a#zip").press("Enter")
    wait_for_state(page, "c.png", "expired")
    expect(page.locator("#notice")).to_contain_text("deleted")
    expect(page.locator("a#zip")).to_have_count(0)
    expect(page.locator("#erase-all")).to_be_focused()
    assert page.url == address


def test_the_list_says_what_is_gone(listed: Page) -> None:
    check(listed)


def test_the_page_of_a_batch_says_what_is_gone(listed: Page) -> None:
    listed.click("#batch-link")
    wait_for_state(listed, "c.png", "succeeded")
    check(listed)


def test_an_outage_is_told_and_takes_nothing(listed: Page, context: BrowserContext) -> None:
    context.route("**/result", lambda route: route.fulfill(status=503, body="{}"))
    row = find_row(listed, "a.png")
    row.locator("a.download").click()
    expect(listed.locator("#notice")).to_contain_text("does not answer")
    context.unroute_all()
    with listed.expect_download():
        row.locator("a.download").click()
    expect(listed.locator("#notice")).to_be_empty()
