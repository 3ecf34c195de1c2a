"""A page that stays open: results expire, storage fills up, other tabs add and erase, a comparison hides the list."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from conformance.page.driving import drop_files, find_row, list_rows, paste_files
from conformance.page.samples import make_png
from tests.e2e.page.steps import open_form, start, wait_for_state

FILL_STORAGE = """() => {
  IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
}"""


def convert(page: Page, *names: str) -> None:
    drop_files(page, map(make_png, names))
    for name in names:
        expect(find_row(page, name)).to_have_count(1)
    start(page, "webp")
    for name in names:
        wait_for_state(page, name, "succeeded")


def test_a_result_expires_while_the_page_is_open(page: Page) -> None:
    page.clock.install()
    open_form(page)
    convert(page, "a.png")
    page.clock.fast_forward(int(timedelta(hours=25).total_seconds() * 1000))
    row = wait_for_state(page, "a.png", "expired")
    expect(row.locator("a.download")).to_have_count(0)
    expect(row.locator(".trouble")).to_be_visible()
    expect(row.locator("button.retry")).to_be_visible()


@pytest.mark.parametrize("place", ["list", "batch"])
def test_a_wrong_clock_expires_nothing(page: Page, place: str) -> None:
    page.clock.install(time=datetime.now(UTC) + timedelta(days=3))
    open_form(page)
    convert(page, "a.png")
    if place == "batch":
        with page.expect_response(lambda answer: "/v1/batches/" in answer.url and "events" not in answer.url):
            page.click("#batch-link")
        wait_for_state(page, "a.png", "succeeded")
    page.clock.run_for(2000)
    wait_for_state(page, "a.png", "succeeded")


def test_full_storage_is_told_once(page: Page) -> None:
    open_form(page)
    convert(page, "a.png")
    expect(page.locator("#notice")).to_be_empty()
    page.evaluate(FILL_STORAGE)
    convert(page, "b.png", "c.png")
    expect(page.locator("#notice p")).to_have_count(1)
    expect(page.locator("#notice")).to_contain_text("can keep nothing more")


def test_a_row_of_another_tab_gets_its_picture(page: Page, context: BrowserContext) -> None:
    open_form(page)
    other = context.new_page()
    open_form(other)
    drop_files(page, [make_png("a.png"), make_png("b.png")])
    for tab in (page, other):
        expect(tab.locator("#list .thumb img")).to_have_count(2)


def test_no_file_joins_a_batch_that_another_tab_erased(page: Page, context: BrowserContext) -> None:
    open_form(page)
    convert(page, "a.png")
    first = page.locator("#batch-link").get_attribute("href")
    other = context.new_page()
    open_form(other)
    other.click("#erase-all")
    other.click("#erase-all")
    expect(list_rows(page)).to_have_count(0)
    convert(page, "b.png")
    assert page.locator("#batch-link").get_attribute("href") != first


def test_files_behind_an_open_comparison_are_told(page: Page) -> None:
    open_form(page)
    convert(page, "a.png")
    find_row(page, "a.png").locator("button.preview").click()
    expect(page.locator("dialog[open]")).to_be_visible()
    drop_files(page, [make_png("b.png")], onto="dialog")
    expect(list_rows(page)).to_have_count(2)
    expect(page.locator("dialog[open]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#notice")).to_contain_text("1 image added")


def test_back_closes_the_comparison_and_leaves_the_page_only_then(page: Page) -> None:
    open_form(page)
    convert(page, "a.png")
    button = find_row(page, "a.png").locator("button.preview")
    dialog = page.locator("dialog[open]")
    for way in ("back", "Escape", "Escape", "back"):
        button.click()
        expect(dialog).to_be_visible()
        if way == "back":
            page.go_back()
        else:
            page.keyboard.press(way)
        expect(dialog).to_have_count(0)
        expect(button).to_be_focused()
    button.click()
    expect(dialog).to_be_visible()
    page.reload()
    wait_for_state(page, "a.png", "succeeded")
    expect(dialog).to_have_count(0)
    page.wait_for_function("() => history.state === null")
    page.go_back()
    assert page.url == "about:blank"


def test_a_field_keeps_what_is_pasted_into_it(page: Page) -> None:
    open_form(page)
    page.select_option("#target_format", "jpeg")
    page.locator("details summary").first.click()
    page.locator("#width").focus()
    paste_files(page, [make_png("a.png")])
    page.locator("#convert").focus()
    paste_files(page, [make_png("b.png")])
    expect(find_row(page, "b.png")).to_have_count(1)
    expect(list_rows(page)).to_have_count(1)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["it is next", "1 image is before it", "2 images are before it", "5 images are before it"]),
        ("ru", ["следующее", "перед ним 1 изображение", "перед ним 2 изображения", "перед ним 5 изображений"]),
    ],
)
def test_a_queued_row_says_how_many_are_before_it(page: Page, language: str, said: list[str]) -> None:
    page.goto(f"/language/{language}?next=/")
    open_form(page)
    drop_files(page, [make_png(f"{number}.png", hold=600) for number in range(10)])
    expect(list_rows(page)).to_have_count(10)
    start(page, "webp")
    for sentence in said:
        expect(page.locator("#list .state").filter(has_text=sentence)).to_have_count(1)
    page.click("#erase-all")
    page.click("#erase-all")
    expect(list_rows(page)).to_have_count(0)
