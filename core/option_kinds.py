"""The kinds of options: how each reads the text of a form field, and what it says of itself.

Everything that is told of an option (API, form, documentation) comes from its row in core.options.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from core.css_colors import CSS_COLORS

OptionValue = int | str | bool

MAX_CROP = 99_999
"""The largest number of a crop, in pixels or of a ratio."""

MOST_SIDES = 20
"""Pictures that one icon may have."""

Read = Callable[[str], OptionValue | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option.

    `sentence` says what it does. `allowed` completes the sentence "… must be …". `read` returns None for a bad text.
    A number lies between `lowest` and `highest`, or is one of `choices`. `default` None: the sentence says what then.
    `example` is a good text of an option that has neither range nor choices.
    """

    name: str
    sentence: str
    allowed: str
    read: Read
    type: Literal["integer", "boolean", "string"]
    lowest: int | None = None
    highest: int | None = None
    choices: tuple[int | str, ...] = ()
    default: OptionValue | None = None
    example: str = ""


def whole_number(name: str, lowest: int, highest: int, sentence: str, *, allowed: str = "") -> Option:
    """Return an option of whole numbers. Without a value, the encoder or the picture decides."""

    def read(text: str) -> int | None:
        if not re.fullmatch(r"[0-9]{1,9}", text):
            return None
        return value if lowest <= (value := int(text)) <= highest else None

    allowed = allowed or f"a whole number from {lowest} to {highest}"
    return Option(
        name=name, sentence=sentence, allowed=allowed, read=read, type="integer", lowest=lowest, highest=highest
    )


def one_of(name: str, choices: tuple[int | str, ...], default: int | str | None, sentence: str) -> Option:
    """Return an option with a few values, all numbers or all words."""
    known: dict[str, int | str] = {str(choice): choice for choice in choices}
    *most, last = known
    return Option(
        name=name, sentence=sentence, allowed=f"{', '.join(most)} or {last}",
        read=lambda text: known.get(text.lower()),
        type="integer" if isinstance(choices[0], int) else "string", choices=choices, default=default,
    )  # fmt: skip


def switch(name: str, sentence: str, *, default: bool = False) -> Option:
    """Return an option with the values on and off."""
    return Option(
        name=name, sentence=sentence, allowed="true or false", read=_read_switch, type="boolean", default=default
    )


def text(name: str, read: Read, allowed: str, example: str, sentence: str) -> Option:
    """Return an option with a syntax of its own. `allowed` names `example`."""
    return Option(name=name, sentence=sentence, allowed=allowed, read=read, type="string", example=example)


def _read_switch(text: str) -> bool | None:
    return {"true": True, "1": True, "on": True, "yes": True,
            "false": False, "0": False, "off": False, "no": False}.get(text.lower())  # fmt: skip


def read_color(text: str) -> str | None:
    """Return a color as #rrggbb."""
    text = CSS_COLORS.get(text.lower(), text.lower())
    if re.fullmatch(r"#[0-9a-f]{3}", text):
        return "#" + "".join(digit * 2 for digit in text[1:])
    return text if re.fullmatch(r"#[0-9a-f]{6}", text) else None


def read_crop(text: str) -> str | None:
    """Return a part of a picture as `x,y,width,height` in pixels, or as a ratio `width:height`, without blanks."""
    text = text.replace(" ", "")
    if not re.fullmatch(r"[0-9]{1,5}(,[0-9]{1,5}){3}|[0-9]{1,5}:[0-9]{1,5}", text):
        return None
    separator = ":" if ":" in text else ","
    numbers = [int(number) for number in text.split(separator)]
    return separator.join(str(number) for number in numbers) if all(numbers[-2:]) else None


def read_sizes(text: str) -> str | None:
    """Return the sides of an icon's pictures, in pixels, smallest first, with commas between. None has a side twice."""
    text = text.replace(" ", "")
    if not re.fullmatch(r"[0-9]{1,4}(,[0-9]{1,4})*", text):
        return None
    sides = sorted(int(side) for side in text.split(","))
    fits = sides[0] and len(set(sides)) == len(sides) <= MOST_SIDES
    return ",".join(str(side) for side in sides) if fits else None
