"""The keys of the setting IMAGEMILL_KEYS: an installation starts with them, without a command in a container."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.setting_errors import WrongSecret, show_value

LEAST_CHARACTERS = 32
LEAST_DIFFERENT = 12
"""A random text of 32 hexadecimal digits has fewer different ones in one of a million cases."""
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
KEY = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token may be made of (RFC 6750, section 2.1)."""


@dataclass(frozen=True, slots=True)
class _Entry:
    place: str
    name: str
    key: str


def read_static_keys(text: str) -> Mapping[str, str]:
    """Return the keys by their names. Raises WrongSecret, whose sentence names an entry and never shows a key."""
    entries = [_read_entry(number, entry.strip()) for number, entry in enumerate(text.split(","), 1) if entry.strip()]
    for entry in entries:
        _check_entry(entry)
    _refuse_twice("the name", [entry.name for entry in entries], show=True)
    _refuse_twice("the key", [entry.key for entry in entries], show=False)
    return {entry.name: entry.key for entry in entries}


def _read_entry(number: int, text: str) -> _Entry:
    name, separator, key = text.partition("=")
    name = name.strip()
    if not separator:
        raise WrongSecret(f"must be name=key,name=key: entry {number} has no =.")
    place = f"entry {number} ({name})" if NAME.fullmatch(name) else f"entry {number}"
    return _Entry(place, name, key.strip())


def _check_entry(entry: _Entry) -> None:
    """Raise WrongSecret for a name or a key that will not do."""
    if not NAME.fullmatch(entry.name):
        raise WrongSecret(
            f"must be name=key,name=key: the name of {entry.place} must be 1 to 40 lower-case letters, digits and "
            "hyphens between them."
        )
    if not KEY.fullmatch(entry.key):
        raise WrongSecret(f"holds a key in {entry.place} with characters other than letters, digits and ._~+/-=.")
    if len(entry.key) < LEAST_CHARACTERS or len(set(entry.key)) < LEAST_DIFFERENT:
        raise WrongSecret(
            f"holds a key in {entry.place} that could be guessed: it needs at least {LEAST_CHARACTERS} characters, "
            f"{LEAST_DIFFERENT} of them different. docs/keys-and-limits.md says how to make one."
        )


def _refuse_twice(what: str, values: list[str], *, show: bool) -> None:
    for number, value in enumerate(values, 1):
        if value in values[: number - 1]:
            shown = f" {show_value(value)}" if show else ""
            raise WrongSecret(f"holds {what}{shown} twice: again in entry {number}.")
