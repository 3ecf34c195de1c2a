"""The words of the pages in each language, and whose language a request asks for.

They lie in `words/<language>/<room>.json`. A value is a sentence with {placeholders}, or an object of plural forms by
their CLDR category, which only scripts use (Intl.PluralRules). A key is unique over all rooms. Both languages have the
same keys, but for those of FROM_CODE: their English stands in the code (core.options, api.controls, api.presets), so
only other languages have them.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType

from starlette.requests import Request

from core.losses import WARNINGS

ENGLISH = "en"
LANGUAGES: Mapping[str, str] = MappingProxyType({ENGLISH: "English", "ru": "Русский"})
"""The languages, each with its own name for itself."""

ROOMS = ("pages", "app", "options", "compare", "codes")
SCRIPT_ROOMS = ("app", "options", "compare", "codes")
"""What scripts load. The words of the templates stay here."""

FROM_CODE = ("option.", "group.", "choice.", "preset.")
"""Keys of texts whose English stands in the code. They come in the page itself, so scripts do not load them."""

COOKIE = "language"
DIRECTORY = Path(__file__).parent / "words"

Entry = str | Mapping[str, str]


class Words:
    """The words of one language."""

    def __init__(self, language: str, entries: Mapping[str, Entry]) -> None:
        self.language = language
        self._entries = entries

    def say(self, key: str, /, **values: object) -> str:
        """Return the sentence of the key with these values in it. Raises KeyError for an unknown key."""
        entry = self._entries[key]
        if not isinstance(entry, str):
            raise TypeError(f"{key} has plural forms, which only scripts can choose from")
        return entry.format_map(values) if values else entry

    def say_or(self, otherwise: str, key: str, /, **values: object) -> str:
        """Return the sentence of the key, or `otherwise` where this language has none."""
        return self.say(key, **values) if key in self._entries else otherwise

    def has(self, key: str) -> bool:
        """Return whether there is such a key."""
        return key in self._entries


@cache
def words_for(language: str) -> Words:
    """Return all words of one of LANGUAGES."""
    return Words(language, merge_rooms(language, ROOMS))


@cache
def script_words(language: str) -> bytes:
    """Return the words that scripts need, as JSON."""
    words = {key: entry for key, entry in merge_rooms(language, SCRIPT_ROOMS).items() if not key.startswith(FROM_CODE)}
    if language != ENGLISH:
        # The API's own sentences, so that scripts find the facts in them.
        words |= {f"sentence.{code}": strip_formats(loss.sentence) for code, loss in WARNINGS.items()}
    return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()


def strip_formats(template: str) -> str:
    """Return the template with bare names in its places, as scripts read it."""
    return "".join(text + (f"{{{name}}}" if name else "") for text, name, _, _ in Formatter().parse(template))


def merge_rooms(language: str, rooms: tuple[str, ...]) -> dict[str, Entry]:
    """Return the entries of these rooms together."""
    return {key: entry for room in rooms for key, entry in read_room(language, room).items()}


def read_room(language: str, room: str) -> dict[str, Entry]:
    """Return the entries of one file."""
    entries: dict[str, Entry] = json.loads((DIRECTORY / language / f"{room}.json").read_text(encoding="utf-8"))
    return entries


def language_of(request: Request) -> str:
    """Return the language that the person chose, else the one that the browser asks for."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else negotiate_language(request.headers.get("accept-language", ""))


def negotiate_language(header: str) -> str:
    """Return the first of our languages in the order of an Accept-Language; English without any."""
    asked = sorted((_read_range(part) for part in header.split(",")), key=lambda pair: -pair[1])
    known = (tag for tag, weight in asked if weight > 0 and tag in LANGUAGES)
    return next(known, ENGLISH)


def _read_range(part: str) -> tuple[str, float]:
    """Return the language of `ru-RU;q=0.8` without its region, and its weight; 0 for an unreadable one."""
    tag, _, weight = part.partition(";q=")
    try:
        return tag.strip().partition("-")[0].lower(), float(weight or 1)
    except ValueError:
        return "", 0.0
