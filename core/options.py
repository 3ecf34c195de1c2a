"""The options of a conversion: one table of what each takes, and the parsed result.

Options come as form fields, all text. `parse_options` turns them into JSON values (what the job
shows and stores); `Options` is the typed view that the engine reads.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from core.formats import Format

MAX_SIDE = 65_535

OptionValue = int | str | bool

HIGH_QUALITY = 90
"""From here on colour is stored in full resolution too, which takes memory."""

COLOURS = {
    "white": "#ffffff", "black": "#000000", "gray": "#808080", "silver": "#c0c0c0",
    "red": "#ff0000", "maroon": "#800000", "yellow": "#ffff00", "olive": "#808000",
    "lime": "#00ff00", "green": "#008000", "aqua": "#00ffff", "teal": "#008080",
    "blue": "#0000ff", "navy": "#000080", "fuchsia": "#ff00ff", "purple": "#800080",
}  # fmt: skip
"""The sixteen colour names of HTML 4; anything else is given as #rrggbb."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: `allowed` completes the sentence "… must be …"; `read` returns None for a bad text."""

    name: str
    allowed: str
    read: Callable[[str], OptionValue | None]


def _whole(low: int, high: int) -> Callable[[str], int | None]:
    def read(text: str) -> int | None:
        if not re.fullmatch(r"[0-9]{1,9}", text):
            return None
        return value if low <= (value := int(text)) <= high else None

    return read


def _word(*words: str) -> Callable[[str], str | None]:
    return lambda text: text.lower() if text.lower() in words else None


def _switch(text: str) -> bool | None:
    return {"true": True, "1": True, "on": True, "yes": True,
            "false": False, "0": False, "off": False, "no": False}.get(text.lower())  # fmt: skip


def _colour(text: str) -> str | None:
    text = COLOURS.get(text.lower(), text.lower())
    if re.fullmatch(r"#[0-9a-f]{3}", text):
        return "#" + "".join(digit * 2 for digit in text[1:])
    return text if re.fullmatch(r"#[0-9a-f]{6}", text) else None


OPTIONS: tuple[Option, ...] = (
    Option("quality", "a whole number from 1 to 100", _whole(1, 100)),
    Option("lossless", "true or false", _switch),
    Option("width", f"a whole number of pixels from 1 to {MAX_SIDE}", _whole(1, MAX_SIDE)),
    Option("height", f"a whole number of pixels from 1 to {MAX_SIDE}", _whole(1, MAX_SIDE)),
    Option("fit", "inside, cover or fill", _word("inside", "cover", "fill")),
    Option("enlarge", "true or false", _switch),
    Option("background", "a colour like #ffffff or a name like white", _colour),
    Option("metadata", "strip or keep", _word("strip", "keep")),
    Option("color", "srgb or keep", _word("srgb", "keep")),
    Option("animation", "keep or first", _word("keep", "first")),
    Option("effort", "a whole number from 0 (fastest) to 9", _whole(0, 9)),
    Option("progressive", "true or false", _switch),
    Option("dpi", "a whole number from 1 to 10000", _whole(1, 10_000)),
)
BY_NAME = {option.name: option for option in OPTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked, with the defaults of the contract where nothing was.

    None means "the encoder's default". `width` and `height` are in pixels, `background` is #rrggbb.
    """

    quality: int | None = None
    lossless: bool = False
    width: int | None = None
    height: int | None = None
    fit: str = "inside"
    enlarge: bool = False
    background: str = "#ffffff"
    metadata: str = "strip"
    color: str = "srgb"
    animation: str = "keep"
    effort: int | None = None
    progressive: bool = False
    dpi: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, OptionValue]) -> Self:
        """Make options of what `parse_options` returned (or the job record holds)."""
        return cls(**values)  # type: ignore[arg-type] # `parse_options` read each value as its field has it


@dataclass(frozen=True, slots=True)
class WrongOption:
    """One wrong field and the sentence about it."""

    field: str
    detail: str


class WrongOptions(Exception):
    """One or more options are wrong; `errors` names each field."""

    def __init__(self, errors: Iterable[WrongOption]) -> None:
        self.errors = tuple(errors)
        super().__init__(" ".join(error.detail for error in self.errors))


def parse_options(target: Format, fields: Mapping[str, str]) -> dict[str, OptionValue]:
    """Return the given options as JSON values. An empty field counts as not given.

    Raises WrongOptions with one entry for every field that is wrong.
    """
    values: dict[str, OptionValue] = {}
    wrong: list[WrongOption] = []
    for name, text in fields.items():
        if not text.strip():
            continue
        if (problem := _problem(target, name)) is not None:
            wrong.append(WrongOption(name, problem))
        elif (value := BY_NAME[name].read(text.strip())) is None:
            wrong.append(WrongOption(name, f"{name} must be {BY_NAME[name].allowed}, not {_shown(text)}."))
        else:
            values[name] = value
    if wrong:
        raise WrongOptions(wrong)
    return values


def _problem(target: Format, name: str) -> str | None:
    if name not in BY_NAME:
        return f"{_shown(name)} is not an option. The options of {target.title} are: {_listed(target.options)}."
    if name not in target.options:
        return f"{target.title} takes no {name}. Leave it out; {target.title} takes: {_listed(target.options)}."
    return None


def _listed(names: frozenset[str]) -> str:
    return ", ".join(option.name for option in OPTIONS if option.name in names)


def _shown(text: str) -> str:
    """Return a user's text as it may stand in a sentence: short, printable, in quotes."""
    clean = "".join(char if char.isprintable() else "?" for char in text)
    return f"'{clean[:40]}…'" if len(clean) > 40 else f"'{clean}'"
