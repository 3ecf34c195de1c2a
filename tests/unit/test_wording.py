"""The words of the pages: both languages have all of them, with the same values in them."""

import json
import re
from collections.abc import Iterator
from inspect import get_annotations

import pytest

from api.examples import REFUSALS
from api.facts import PROSE
from api.sentences import Told, tell_code
from api.wording import (
    DIRECTORY,
    ENGLISH,
    FROM_CODE,
    LANGUAGES,
    ROOMS,
    Entry,
    merge_rooms,
    negotiate_language,
    read_room,
    script_words,
    strip_formats,
    words_for,
)
from core.failures import FailureCode
from core.losses import WARNINGS, Loss, WarningCode
from core.transitions import Status

PLACEHOLDER = re.compile(r"\{(\w*)\}")
CATEGORIES = {"en": {"one", "other"}, "ru": {"one", "few", "many", "other"}}
OTHERS = [language for language in LANGUAGES if language != ENGLISH]


def placeholders(entry: Entry) -> set[str]:
    forms = [entry] if isinstance(entry, str) else list(entry.values())
    return {name for form in forms for name in PLACEHOLDER.findall(form)}


def is_from_code(key: str) -> bool:
    """The English texts of options and presets stand in the code."""
    return key.startswith(FROM_CODE)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("language", OTHERS)
def test_each_room_has_the_same_keys_and_values_in_every_language(language: str, room: str) -> None:
    english, other = read_room(ENGLISH, room), read_room(language, room)
    assert english.keys() == {key for key in other if not is_from_code(key)}
    for key, entry in english.items():
        assert placeholders(entry) == placeholders(other[key]), key
        assert isinstance(entry, str) == isinstance(other[key], str), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_those_of_the_language(language: str) -> None:
    plurals = [(key, entry) for key, entry in merge_rooms(language, ROOMS).items() if not isinstance(entry, str)]
    assert [key for key, entry in plurals if set(entry) != CATEGORIES[language]] == []
    assert [key for key, _ in plurals if key in read_room(language, "pages")] == [], "templates cannot choose"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_there_twice(language: str) -> None:
    def pairs() -> Iterator[str]:
        for room in ROOMS:
            text = (DIRECTORY / language / f"{room}.json").read_text(encoding="utf-8")
            yield from (key for key, _ in json.loads(text, object_pairs_hook=list))

    found = list(pairs())
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"), ("de", "en"), ("ru", "ru"), ("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("en;q=0.5, ru;q=0.7", "ru"),
        ("de, en;q=0.9, ru;q=0.8", "en"), ("ru;q=0, en;q=0.1", "en"), ("RU", "ru"), ("ru;q=much", "en"), ("*", "en"),
    ],
)  # fmt: skip
def test_the_language_follows_the_header(header: str, language: str) -> None:
    assert negotiate_language(header) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_scripts_load_no_words_that_the_page_has_already(language: str) -> None:
    words = json.loads(script_words(language))
    assert "panel.clear" in words
    assert not [key for key in words if is_from_code(key)]


def test_every_code_has_a_sentence_in_every_language() -> None:
    wanted = {
        *(f"problem.{example.code}" for example in REFUSALS),
        *(f"problem.{example.code}.title" for example in REFUSALS),
        *(f"failure.{code}" for code in FailureCode),
        *(f"warning.{code}" for code in WarningCode),
        *(f"status.{name}" for name in [*Status, "refused"]),
    }
    for language in LANGUAGES:
        assert read_room(language, "codes").keys() == wanted


def test_sentences_of_codes_use_only_what_the_page_knows() -> None:
    limits = {"upload", "pixels", "frames", "result", "seconds", "hours"}
    for language in LANGUAGES:
        for key, entry in read_room(language, "codes").items():
            kind, _, code = key.partition(".")
            facts = placeholders(strip_formats(WARNINGS[WarningCode(code)].sentence)) if kind == "warning" else limits
            assert placeholders(entry) <= facts, key


@pytest.mark.parametrize("kind", WARNINGS.values(), ids=lambda kind: kind.code)
def test_a_loss_is_told_with_its_facts_in_every_language(kind: type[Loss]) -> None:
    values = {name: 12345 if fact is int else f"({name}) [x]" for name, fact in get_annotations(kind).items()}
    detail = kind(**values).warned.detail
    told = tell_code("warning", {"code": kind.code, "detail": detail}, words_for("ru"), {})
    plain = {name: value for name, value in values.items() if name not in PROSE}
    assert [value for value in plain.values() if str(value) not in re.sub(r"(?<=\d)\s(?=\d)", "", told.text)] == []
    assert told.more == (detail if len(plain) < len(values) else "")


def test_a_loss_of_a_newer_worker_is_told_as_it_said_it() -> None:
    said = {"code": "alpha_flattened", "detail": "The background shows."}
    assert tell_code("warning", said, words_for("ru"), {}) == Told("", "The background shows.")
