"""The chosen format and options outlive a reload and another language; a link and a refusal go before them."""

from playwright.sync_api import Page, expect

from api.presets import find_preset
from conformance.page.browser import Guard
from tests.e2e.page.panel import give, unfold
from tests.e2e.page.steps import open_form

SEND_PLAINLY = """(quality) => {
  const form = document.querySelector("#form");
  form.elements.namedItem("quality").value = quality;
  HTMLFormElement.prototype.submit.call(form);
}"""
"""The form is sent as a browser does before its scripts are there."""


def choose(page: Page) -> None:
    page.select_option("#target_format", "webp")
    unfold(page)
    give(page, quality="61", lossless="true", width="500")


def chosen(page: Page) -> tuple[str, str, bool, str]:
    return (
        page.locator("#target_format").input_value(),
        page.locator("#quality").input_value(),
        page.locator("#lossless").is_checked(),
        page.locator("#width").input_value(),
    )


def reload(page: Page) -> None:
    page.reload()
    page.locator("#files[multiple]").wait_for(state="attached")


def test_choices_outlive_a_reload_and_another_language(page: Page) -> None:
    open_form(page)
    choose(page)
    reload(page)
    assert chosen(page) == ("webp", "61", True, "500")
    # What the format does not take is kept as well.
    page.select_option("#target_format", "png")
    page.get_by_role("link", name="Русский").click()
    page.locator("html[lang=ru] #files[multiple]").wait_for(state="attached")
    expect(page.locator("#quality")).to_be_hidden()
    page.select_option("#target_format", "webp")
    assert chosen(page) == ("webp", "61", True, "500")
    unfold(page)
    page.locator("button.clear").click()
    reload(page)
    assert chosen(page) == ("webp", "", False, "")


def test_a_link_goes_before_what_was_chosen_and_its_reload_keeps_what_was_changed(page: Page) -> None:
    open_form(page)
    choose(page)
    web = find_preset("web")
    assert web is not None
    open_form(page, "/?preset=web")
    assert chosen(page) == (web.target, web.fields.get("quality", ""), False, web.fields["width"])
    give(page, width="77")
    reload(page)
    assert chosen(page) == (web.target, web.fields.get("quality", ""), False, "77")


def test_a_refused_form_keeps_what_was_refused(page: Page, console: Guard) -> None:
    console.expect(r"status of 400 ")
    open_form(page)
    choose(page)
    page.evaluate(SEND_PLAINLY, "999")
    page.locator(".refusal").wait_for()
    page.locator("#files[multiple]").wait_for(state="attached")
    assert chosen(page) == ("webp", "999", True, "500")
