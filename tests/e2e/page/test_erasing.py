"""What cannot be undone is asked once, in its own place, and every way out of the question keeps everything."""

from playwright.sync_api import Locator, Page, expect

from conformance.page.driving import drop_files, list_rows
from conformance.page.samples import make_png
from tests.e2e.page.steps import open_form, start, wait_until_over

NAMES = ["a.png", "b.png", "c.png"]


def ask(page: Page) -> Locator:
    """Press the button for the first time, and return it with its question."""
    erase = page.locator("#erase-all")
    expect(erase).to_have_text("Erase all")
    erase.click()
    expect(erase).to_have_text("Erase 3 images for good?")
    expect(erase).to_be_focused()
    return erase


def check_asking(page: Page) -> None:
    """Every way out of the question is taken, and then the question is answered with the keyboard."""
    cancel = page.locator(".asked button").nth(1)
    expect(cancel).to_be_hidden()
    erase = ask(page)
    page.keyboard.press("Escape")
    expect(erase).to_have_text("Erase all")
    expect(erase).to_be_focused()
    ask(page)
    cancel.click()
    expect(cancel).to_be_hidden()
    expect(erase).to_be_focused()
    ask(page)
    page.locator("h1").click()
    expect(erase).to_have_text("Erase all")
    ask(page)
    page.keyboard.press("Shift+Tab")
    expect(erase).to_have_text("Erase all")
    erase.dblclick()
    expect(list_rows(page)).to_have_count(3)
    page.locator("h1").click()
    ask(page)
    page.keyboard.press("Tab")
    expect(cancel).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(list_rows(page)).to_have_count(0)
    expect(page.locator("#notice")).to_contain_text("3 images were erased")


def test_the_list_asks_before_it_erases_everything(page: Page) -> None:
    open_form(page)
    drop_files(page, map(make_png, NAMES))
    expect(list_rows(page)).to_have_count(3)
    check_asking(page)
    expect(page.locator("#files")).to_be_focused()


def test_the_page_of_a_batch_asks_too(page: Page) -> None:
    open_form(page)
    drop_files(page, map(make_png, NAMES))
    start(page, "webp")
    wait_until_over(page, 3)
    page.click("#batch-link")
    expect(list_rows(page)).to_have_count(3)
    # The table for browsers without scripts says the same.
    expect(page.locator("#plain")).to_have_count(0)
    check_asking(page)


def test_the_question_counts_what_is_there(page: Page) -> None:
    open_form(page)
    drop_files(page, map(make_png, NAMES))
    expect(list_rows(page)).to_have_count(3)
    ask(page)
    page.evaluate("() => document.querySelector('#list button.remove').click()")
    expect(page.locator("#erase-all")).to_have_text("Erase 2 images for good?")
