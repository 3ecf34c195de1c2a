"""The presets of the form, against what the service takes."""

import pytest

from api.controls import CHOICES, CONTROLS, GROUPS, Control, group_title
from api.presets import PRESETS, Preset, find_preset
from api.wording import ENGLISH, LANGUAGES, read_room, words_for
from core.formats import find
from core.options import BY_NAME, parse_options


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_service_takes_a_preset_for_its_target(preset: Preset) -> None:
    target = find(preset.target)
    assert target is not None
    assert target.name == preset.target, "the form offers names, no aliases"
    values = parse_options(target, preset.fields)
    assert values.keys() == preset.fields.keys()
    for name, value in values.items():
        # The form and its script compare texts, and leave out what holds in any case.
        assert str(value).lower() == preset.fields[name]
        assert value != BY_NAME[name].default


def test_each_preset_is_another_one_and_is_found_by_its_name() -> None:
    assert len({(preset.target, *sorted(preset.fields.items())) for preset in PRESETS}) == len(PRESETS)
    assert all(find_preset(preset.name) is preset for preset in PRESETS)
    assert find_preset("toast") is None


def test_presets_promise_what_their_fields_do() -> None:
    web, email, archive, icon, printed = PRESETS
    assert "2048" in web.sentence
    assert web.fields == {"width": "2048", "height": "2048"}
    assert "metadata" not in web.fields, "stripped by default, as its sentence says"
    assert "1 MB" in email.sentence
    assert email.fields["max_bytes"] == "1000000"
    assert {archive.fields["metadata"], archive.fields["color"]} == {"keep"}
    assert "16, 32, 48 and 256" in icon.sentence
    assert icon.fields["sizes"] == "16,32,48,256"
    assert "A4 at 300 dpi" in printed.sentence
    assert printed.fields == {"paper": "a4", "dpi": "300"}


@pytest.mark.parametrize("control", [control for control in CONTROLS if control.choices], ids=lambda one: one.name)
def test_every_choice_has_a_name_and_the_default_is_the_first(control: Control) -> None:
    default = "unchosen" if control.option.default is None else str(control.option.default).lower()
    assert CHOICES[control.name].keys() == {*control.choices, default}
    for language in LANGUAGES:
        words = words_for(language)
        (value, first), *others = control.list_choices(words)
        assert value == ""
        assert first.startswith(control.name_choice(default, words))
        assert [choice for choice, _ in others] == [choice for choice in control.choices if choice != default]
        assert len({first, *(name for _, name in others)}) == 1 + len(others)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != ENGLISH])
def test_every_option_group_choice_and_preset_is_told_in_every_language(language: str) -> None:
    wanted = {f"option.{control.name}.{part}" for control in CONTROLS for part in ("label", "sentence", "allowed")}
    wanted |= {f"choice.{name}.{choice}" for name, choices in CHOICES.items() for choice in choices} | {
        "choice.standard"
    }
    wanted |= {f"preset.{preset.name}.{part}" for preset in PRESETS for part in ("label", "sentence")}
    words = words_for(language)
    known = read_room(language, "options").keys()
    assert {key for key in known if key.startswith(("option.", "choice.", "preset."))} == wanted
    assert sum(key.startswith("group.") for key in known) == len(GROUPS)
    assert all(group_title(group, words) != group for group in GROUPS)
