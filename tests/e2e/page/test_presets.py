"""Presets as buttons, and the keyboard's way through them and the options."""

import pytest
from playwright.sync_api import Page, expect

from api.presets import PRESETS, Preset
from tests.e2e.page.panel import fields_of, give, give_by_script, is_valid, message_of, open_panel, unfold


@pytest.fixture
def panel(page: Page) -> Page:
    return open_panel(page)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_chooses_its_target_and_fields(panel: Page, preset: Preset) -> None:
    button = panel.locator(f"button[data-preset={preset.name}]")
    expect(button).to_have_attribute("aria-pressed", "false")
    give_by_script(panel, "jpeg", {"progressive": "true", "rotate": "90"})
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(panel.locator('[data-preset][aria-pressed="true"]')).to_have_count(1)
    assert panel.locator("#target_format").input_value() == preset.target
    assert fields_of(panel) == preset.fields
    assert is_valid(panel)
    assert preset.sentence in button.inner_text()
    count = len(preset.fields)
    expect(panel.locator(".given")).to_have_text(f"{count} set")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert fields_of(panel) == {}


def test_a_changed_preset_is_no_longer_chosen(panel: Page) -> None:
    unfold(panel)
    web = panel.locator("button[data-preset=web]")
    web.click()
    give(panel, width="1000")
    expect(web).to_have_attribute("aria-pressed", "false")
    give(panel, width="2048")
    expect(web).to_have_attribute("aria-pressed", "true")
    panel.select_option("#target_format", "png")
    expect(web).to_have_attribute("aria-pressed", "false")


def test_the_keyboard_alone_does(panel: Page) -> None:
    panel.locator("#files").focus()
    panel.keyboard.press("Tab")
    assert panel.evaluate("() => document.activeElement.dataset.preset") == PRESETS[0].name
    panel.keyboard.press("Space")
    assert fields_of(panel) == PRESETS[0].fields
    _tab_to(panel, "target_format")
    _tab_to(panel, "")
    assert panel.evaluate("() => document.activeElement.tagName") == "SUMMARY"
    panel.keyboard.press("Enter")
    _tab_to(panel, "width")
    panel.keyboard.type("0")
    _tab_to(panel, "fit")
    expect(message_of(panel, "width")).to_be_visible()
    panel.keyboard.press("ArrowDown")
    assert panel.locator("#fit").input_value() == "cover"
    _tab_to(panel, "enlarge")
    panel.keyboard.press("Space")
    assert panel.locator("#enlarge").is_checked()


def _tab_to(page: Page, id_: str) -> None:
    """Press Tab until that control has the focus, which it takes only when it is not hidden."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.id") == id_:
            return
    raise AssertionError(f"Tab does not reach {id_!r}")
