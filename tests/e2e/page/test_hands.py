"""Other hands and eyes: only a keyboard, a phone, little room, much zoom."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from conformance.page.browser import PHONE, Guard, fresh_context
from conformance.page.driving import drop_files, find_row, list_rows
from conformance.page.samples import make_png, make_ten
from conformance.page.site import Site
from tests.e2e.page.steps import as_payload, choose, open_form, start, wait_until_over

FOCUSED = """() => {
  const it = document.activeElement;
  const style = getComputedStyle(it);
  const box = it.getBoundingClientRect();
  return {
    id: it.id, kind: `${it.localName}.${it.className}`, seen: it.matches(":focus-visible"),
    ring: style.outlineStyle !== "none" || style.boxShadow !== "none", inside: box.width > 0 && box.height > 0,
  };
}"""
MOST_STOPS = 120
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the element that matches is focused. Every stop on the way must be seen."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        assert stop["kind"].startswith("body") or (stop["seen"] and stop["ring"]), stop
        if page.locator(":focus").and_(page.locator(wanted)).count():
            return
    raise AssertionError(f"{wanted} is not reached with {MOST_STOPS} times Tab")


def test_everything_is_done_with_the_keyboard_alone(page: Page) -> None:
    open_form(page)
    tab_to(page, "#files")
    with page.expect_file_chooser() as choosing:
        page.keyboard.press("Space")
    choosing.value.set_files([as_payload(make_png("a.png")), as_payload(make_png("b.png"))])
    expect(list_rows(page)).to_have_count(2)
    tab_to(page, "#target_format")
    page.keyboard.type("WebP")
    tab_to(page, "#convert")
    page.keyboard.press("Enter")
    wait_until_over(page, 2)
    tab_to(page, "a.download")
    with page.expect_download() as downloading:
        page.keyboard.press("Enter")
    assert downloading.value.suggested_filename == "a.webp"
    tab_to(page, "button.remove")
    page.keyboard.press("Enter")
    expect(list_rows(page)).to_have_count(1)
    # Who removes a row goes on from there, not from the top of the page.
    assert page.evaluate("() => document.activeElement !== document.body")


@pytest.fixture
def phone(chromium: Browser, site: Site, console: Guard) -> Iterator[Page]:
    with fresh_context(chromium, base_url=site.url, viewport=PHONE, is_mobile=True, has_touch=True) as context:
        console.watch(context)
        yield context.new_page()


def test_a_phone_needs_no_scrolling_sideways(phone: Page) -> None:
    open_form(phone)
    assert phone.evaluate(TOO_WIDE) <= 0
    choose(phone, make_ten())
    expect(list_rows(phone)).to_have_count(10)
    assert phone.evaluate(TOO_WIDE) <= 0
    start(phone, "jpeg")
    wait_until_over(phone, 10)
    assert phone.evaluate(TOO_WIDE) <= 0
    with phone.expect_download():
        find_row(phone, "logo.png").locator("a.download").tap()


def test_at_twice_the_size_nothing_is_cut(page: Page) -> None:
    # 200 % of zoom on a window of 1280 pixels is a window of 640.
    page.set_viewport_size({"width": 640, "height": 450})
    open_form(page)
    drop_files(page, make_ten())
    expect(list_rows(page)).to_have_count(10)
    assert page.evaluate(TOO_WIDE) <= 0
