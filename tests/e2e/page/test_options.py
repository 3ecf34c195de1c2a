"""The options panel in Chromium: it shows what the target takes, and says what the service would refuse."""

import pytest
from playwright.sync_api import Page, expect

from api.controls import CONTROLS, Control
from api.wording import words_for
from conformance.page.browser import PHONE, Guard
from conformance.page.samples import make_png
from conformance.service import PATIENCE
from core.formats import TARGETS, Format, find
from core.option_defaults import find_default
from core.options import parse_options
from tests.e2e.page.panel import START, fields_of, give, give_by_script, is_valid, message_of, open_panel, unfold
from tests.e2e.page.steps import as_payload

LOOK = """(names) => {
  const controls = names.map((name) => document.getElementById(name));
  const name = (which) => controls.filter(which).map((it) => it.id);
  return [name((it) => it.checkVisibility()), name((it) => !it.disabled)];
}"""
"""Which controls are shown, and which are sent: at once, for there are hundreds to ask about."""


@pytest.fixture
def panel(page: Page) -> Page:
    """The form with its panel, and without the list of files, which other tests are about."""
    return open_panel(page)


def test_only_what_the_target_takes_is_shown_and_sent(panel: Page) -> None:
    unfold(panel)
    for target in TARGETS:
        panel.select_option("#target_format", target.name)
        shown, enabled = panel.evaluate(LOOK, [control.name for control in CONTROLS])
        assert set(shown) == set(enabled) == target.options
        groups = panel.locator("#options fieldset:visible")
        assert groups.count() == groups.filter(has=panel.locator(".option:visible")).count()
    assert panel.locator(".takers").count() == 0, "the target is known"


def test_defaults_are_visible(panel: Page) -> None:
    unfold(panel)
    for target in TARGETS:
        panel.select_option("#target_format", target.name)
        for control in (control for control in CONTROLS if control.name in target.options):
            _expect_default(panel, control, target)


def _expect_default(panel: Page, control: Control, target: Format) -> None:
    field, default = panel.locator(f"#{control.name}"), find_default(control.option, target)
    if control.choices:
        assert field.locator("option:checked").inner_text().endswith("(default)")
    elif control.option.highest is not None:
        assert (field.get_attribute("placeholder") or "") == ("" if default is None else str(default))
        said = f"Default for {target.title}: {default}."
        assert (said in panel.locator(f"#{control.name}-hint").inner_text()) == (default is not None)


def test_what_is_hidden_is_kept_and_not_sent(panel: Page) -> None:
    unfold(panel)
    panel.select_option("#target_format", "webp")
    give(panel, quality="70", lossless="true", width="500")
    panel.select_option("#target_format", "png")
    assert fields_of(panel) == {"width": "500"}
    assert panel.evaluate("() => window.panel.fieldsFor('jpeg')") == {"quality": "70", "width": "500"}
    panel.select_option("#target_format", "webp")
    assert fields_of(panel) == {"quality": "70", "lossless": "true", "width": "500"}


def test_a_file_with_a_target_of_its_own_gets_only_what_does_something_there(panel: Page) -> None:
    give_by_script(panel, "jpeg", {"background": "red", "width": "40", "quality": "9"})
    assert is_valid(panel)
    for target in TARGETS:
        fields = panel.evaluate("(name) => window.panel.fieldsFor(name)", target.name)
        assert parse_options(target, fields)["width"] == 40
    assert panel.evaluate("() => window.panel.fieldsFor('png')") == {"width": "40"}
    assert panel.evaluate("() => window.panel.fieldsFor('bmp')") == {"width": "40", "background": "red"}


def test_a_message_comes_in_place_and_goes_when_it_is_right(panel: Page) -> None:
    unfold(panel)
    width = panel.locator("#width")
    expect(message_of(panel, "width")).to_be_hidden()
    width.fill("99999")
    assert not is_valid(panel)
    expect(message_of(panel, "width")).to_have_text("This must be a whole number from 1 to 65,535.")
    expect(width).to_have_attribute("aria-invalid", "true")
    assert "width-wrong" in (width.get_attribute("aria-describedby") or "").split()
    expect(panel.locator(".given")).to_have_text("1 to correct")
    expect(panel.locator("p[role=status]")).to_have_text(
        "Width in pixels: This must be a whole number from 1 to 65,535."
    )
    width.fill("999")
    expect(message_of(panel, "width")).to_be_hidden()
    expect(width).to_have_attribute("aria-invalid", "false")
    assert is_valid(panel)
    expect(panel.locator(".given")).to_have_text("1 set")


def test_who_is_still_typing_is_not_told_before_leaving_the_field(panel: Page) -> None:
    unfold(panel)
    panel.clock.install()
    panel.locator("#crop").press_sequentially("16")
    expect(message_of(panel, "crop")).to_be_hidden()
    assert not is_valid(panel)
    panel.locator("#crop").press_sequentially(":9")
    panel.clock.run_for(5000)
    expect(message_of(panel, "crop")).to_be_hidden()
    panel.locator("#crop").press_sequentially(":")
    panel.clock.run_for(5000)
    expect(message_of(panel, "crop")).to_contain_text("or a ratio like 16:9")
    panel.locator("#crop").press("Backspace")
    expect(message_of(panel, "crop")).to_be_hidden()
    panel.locator("#crop").press("Backspace")
    panel.locator("#crop").press("Tab")
    expect(message_of(panel, "crop")).to_be_visible()


def test_what_is_no_number_at_all_is_told_too(panel: Page) -> None:
    unfold(panel)
    panel.locator("#quality").press_sequentially("1e")
    panel.locator("#quality").blur()
    expect(message_of(panel, "quality")).to_have_text("This must be a whole number from 1 to 100.")
    assert not is_valid(panel)


@pytest.mark.parametrize(
    ("target", "given", "field", "said", "mended"),
    [
        ("png", {"background": "red"}, "background", "PNG keeps transparency", {"background": ""}),
        ("jpeg", {"fit": "cover"}, "fit", "This needs a width or a height.", {"width": "9"}),
        ("jpeg", {"enlarge": "true"}, "enlarge", "This needs a width or a height.", {"height": "9"}),
        ("png", {"dither": "false"}, "dither", "Give a number of colours", {"colors": "16"}),
        ("gif", {"loop": "3", "page": "2"}, "loop", "Clear this, or the page.", {"page": ""}),
        ("gif", {"loop": "3", "animation": "first"}, "loop", "keep the animation", {"animation": ""}),
        ("webp", {"lossless": "true", "max_bytes": "9"}, "max_bytes", "no quality to search", {"lossless": "false"}),
        ("icns", {"sizes": "16,48"}, "sizes", "ICNS has pictures of 16, 32, 64", {"sizes": "16"}),
        ("ico", {"sizes": "16,257"}, "sizes", "at most 256 pixels, and none of 257", {"sizes": "16,256"}),
    ],
)  # fmt: skip
def test_rules_are_told_before_sending(
    panel: Page, target: str, given: dict[str, str], field: str, said: str, mended: dict[str, str]
) -> None:
    unfold(panel)
    panel.select_option("#target_format", target)
    give(panel, **given)
    expect(message_of(panel, field)).to_contain_text(said)
    assert not is_valid(panel)
    assert panel.locator(".option .wrong:visible").count() == 1
    give(panel, **mended)
    expect(message_of(panel, field)).to_be_hidden()
    assert is_valid(panel)
    found = find(target)
    assert found is not None
    parse_options(found, fields_of(panel))


def test_what_does_nothing_is_said_and_sent_all_the_same(panel: Page) -> None:
    unfold(panel)
    panel.select_option("#target_format", "webp")
    give(panel, quality="70", lossless="true", width="40", fit="cover")
    assert "Lossless goes before it." in panel.locator("#quality-hint").inner_text()
    assert "when width and height are both given" in panel.locator("#fit-hint").inner_text()
    assert is_valid(panel)
    give(panel, lossless="false", height="30")
    assert "Lossless" not in panel.locator("#quality-hint .note").inner_text()
    assert panel.locator("#fit-hint .note").inner_text() == ""


def test_a_problem_in_the_closed_panel_is_shown(panel: Page) -> None:
    unfold(panel)
    give(panel, background="red")
    unfold(panel)
    assert is_valid(panel)
    panel.select_option("#target_format", "png")
    expect(panel.locator(".given")).to_have_text("1 to correct")
    expect(panel.locator("#background")).to_be_hidden()
    panel.evaluate("() => window.panel.showProblem()")
    expect(panel.locator("#background")).to_be_focused()


def test_on_a_phone_the_groups_begin_folded_and_say_what_is_set(page: Page) -> None:
    page.set_viewport_size(PHONE)
    panel = open_panel(page)
    give_by_script(panel, "webp", {"quality": "70", "lossless": "true", "fit": "cover", "width": "40"})
    said = "Width in pixels: 40, Fit into width and height: Cover, the rest is cut off, Quality: 70, Lossless"
    expect(panel.locator("#options > summary .chosen")).to_have_text(said)
    unfold(panel)
    expect(panel.locator("#options > summary .chosen")).to_be_hidden()
    expect(panel.locator("#options .group[open]")).to_have_count(0)
    heads = panel.locator("#options .group > summary .chosen")
    assert heads.all_inner_texts()[:2] == [said.partition(", Quality")[0], "Quality: 70, Lossless"]
    give_by_script(panel, "webp", {"quality": "700"})
    panel.evaluate("() => window.panel.showProblem()")
    expect(panel.locator("#quality")).to_be_focused()
    expect(panel.locator("#options .group[open]")).to_have_count(1)


def test_all_is_cleared_at_once(panel: Page) -> None:
    unfold(panel)
    clear = panel.get_by_role("button", name="Clear all options")
    expect(clear).to_be_hidden()
    give(panel, width="7", fit="fill", rotate="90", background="red", quality="5")
    clear.click()
    assert fields_of(panel) == {}
    expect(clear).to_be_hidden()
    expect(panel.locator("#options > summary")).to_be_focused()


def test_sliders_pickers_and_readings_stand_beside_their_fields(panel: Page) -> None:
    unfold(panel)
    slider = panel.get_by_role("slider", name="Quality")
    assert slider.input_value() == "75", "the default of JPEG"
    slider.press("ArrowRight")
    assert fields_of(panel) == {"quality": "76"}
    give(panel, quality="30")
    assert slider.input_value() == "30"
    picker = panel.locator('input[type="color"]')
    give(panel, background="Orange")
    assert picker.input_value() == "#ffa500"
    picker.fill("#00ff00")
    assert fields_of(panel) == {"quality": "30", "background": "#00ff00"}
    give(panel, max_bytes="500000")
    expect(panel.locator(".reading")).to_have_text("= 500 kB")
    assert fields_of(panel) == {"quality": "30", "background": "#00ff00", "max_bytes": "500000"}


def test_what_only_the_service_knows_is_told_after(panel: Page, console: Guard) -> None:
    console.expect(r"status of 422 ")
    unfold(panel)
    # A colour of the system, which is one for the browser.
    give(panel, background="ButtonFace")
    assert is_valid(panel)
    panel.set_input_files("#files", [as_payload(make_png("a.png"))])
    panel.evaluate("() => document.querySelector('#form').submit()")
    panel.wait_for_url("**/jobs", timeout=PATIENCE * 1000)
    panel.evaluate(START)
    expect(message_of(panel, "background")).to_contain_text("This must be a colour as #rrggbb")
    assert not is_valid(panel)
    give(panel, background="silver")
    expect(message_of(panel, "background")).to_be_hidden()
    assert is_valid(panel)


def test_answers_of_the_service_stand_at_their_fields(panel: Page) -> None:
    errors = [{"field": "width", "detail": "The width is odd."}, {"field": "upload", "detail": "The upload is gone."}]
    assert panel.evaluate("(errors) => window.panel.showErrors(errors)", errors) == ["The upload is gone."]
    unfold(panel)
    expect(message_of(panel, "width")).to_have_text("The width is odd.")
    assert not is_valid(panel)
    give(panel, height="9")
    expect(message_of(panel, "width")).to_be_hidden()
    assert is_valid(panel)


def test_it_speaks_the_persons_language(page: Page) -> None:
    panel, words = open_panel(page, "/language/ru?next=/"), words_for("ru")
    unfold(panel)
    expect(panel.locator("#options > summary")).to_contain_text(words.say("panel.title"))
    give(panel, width="0", enlarge="true")
    expect(message_of(panel, "width")).to_have_text(
        "Нужно целое число от 1 до 65 535.".replace("65 535", "65\u00a0535")
    )
    give(panel, width="")
    expect(message_of(panel, "enlarge")).to_have_text(words.say("rule.enlarge"))
    expect(panel.locator(".given")).to_have_text("1 нужно исправить")
    give(panel, enlarge="false", quality="5", rotate="90")
    expect(panel.locator(".given")).to_have_text("задано 2")
    assert "По умолчанию для JPEG: 75." in panel.locator("#quality-hint").inner_text()
    assert panel.locator("#fit option:checked").inner_text() == "Вписать (по умолчанию)"


@pytest.mark.parametrize("size", [PHONE, {"width": 640, "height": 450}], ids=["phone", "zoomed"])
def test_nothing_sticks_out(panel: Page, size: dict[str, int]) -> None:
    unfold(panel)
    panel.set_viewport_size(size)  # type: ignore[arg-type]  # width and height
    for target in TARGETS:
        panel.select_option("#target_format", target.name)
        assert panel.evaluate("() => document.documentElement.scrollWidth") <= size["width"], target.name
