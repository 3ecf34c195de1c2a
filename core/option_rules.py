"""What options may not be given beside each other, without each other, or for one target.

Each rule finds at most one field that is wrong. An option that can do nothing is wrong too: whoever gives it expects
something else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.formats import Alpha, Format
from core.option_kinds import OptionValue

Values = Mapping[str, OptionValue]


@dataclass(frozen=True, slots=True)
class WrongOption:
    """One wrong field and the sentence about it."""

    field: str
    detail: str


def _refuse_idle_background(target: Format, values: Values) -> WrongOption | None:
    """Refuse a background without a visible effect."""
    if "background" not in values or target.alpha is not Alpha.FULL or values.get("fit") == "pad":
        return None
    return WrongOption(
        "background",
        f"{target.title} keeps transparency, so background is only for the border of fit=pad. Leave it out, or give fit=pad.",
    )


def _refuse_idle_fit(_target: Format, values: Values) -> WrongOption | None:
    """Refuse a fit other than the default without a side. With one, the other follows the picture."""
    fit = values.get("fit", "inside")
    if fit == "inside" or {"width", "height"} & values.keys():
        return None
    return WrongOption("fit", f"fit={fit} is for width and height. Give them, or leave out fit.")


def _refuse_idle_enlarge(_target: Format, values: Values) -> WrongOption | None:
    if not values.get("enlarge") or {"width", "height"} & values.keys():
        return None
    return WrongOption("enlarge", "enlarge=true is for width or height. Give one of them, or leave out enlarge.")


def _refuse_idle_dither(target: Format, values: Values) -> WrongOption | None:
    """Refuse dither where no colours are reduced. GIF, alone in having alpha on or off, reduces them in any case."""
    if values.get("dither", True) or "colors" in values or target.alpha is Alpha.BINARY:
        return None
    return WrongOption(
        "dither", "dither=false is for the palette that colors asks for. Give colors, or leave out dither."
    )


def _refuse_idle_loop(_target: Format, values: Values) -> WrongOption | None:
    """Refuse a number of plays for a picture that stands still."""
    if "loop" not in values or not ("page" in values or values.get("animation") == "first"):
        return None
    single = "page" if "page" in values else "animation=first"
    return WrongOption("loop", f"loop is for an animation, and {single} takes one frame. Leave out one of the two.")


def _refuse_search_without_loss(_target: Format, values: Values) -> WrongOption | None:
    if "max_bytes" not in values or not values.get("lossless"):
        return None
    return WrongOption(
        "max_bytes", "max_bytes searches for a quality, and lossless=true has none. Leave out one of the two."
    )


def _refuse_foreign_sizes(target: Format, values: Values) -> WrongOption | None:
    sides = [int(side) for side in str(values.get("sizes", "")).split(",") if side]
    foreign = [side for side in sides if not target.holds_side(side)]
    if not foreign:
        return None
    return WrongOption(
        "sizes",
        f"{target.title} has pictures of {target.shown_sides} pixels, and none of {foreign[0]}. Give other numbers in sizes.",
    )


Rule = Callable[[Format, Values], WrongOption | None]

RULES: tuple[Rule, ...] = (
    _refuse_idle_background, _refuse_idle_fit, _refuse_idle_enlarge, _refuse_idle_dither, _refuse_idle_loop,
    _refuse_search_without_loss, _refuse_foreign_sizes,
)  # fmt: skip
