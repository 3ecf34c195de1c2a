"""The options of a conversion: one table of what each takes, and the parsed result.

Options come as form fields, all text. `parse_options` turns them into JSON values (what the job
shows and stores); `Options` is the typed view that the engine reads.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from core.formats import TARGETS, Format
from core.option_kinds import (
    MAX_CROP,
    MOST_SIDES,
    Option,
    OptionValue,
    one_of,
    read_color,
    read_crop,
    read_sizes,
    switch,
    text,
    whole_number,
)
from core.option_rules import RULES, WrongOption

MAX_SIDE = 65_535

HIGH_QUALITY = 90
"""From here on colour is stored in full resolution too, which takes memory."""

WHITE = "#ffffff"

A_SIDE = f"a whole number of pixels from 1 to {MAX_SIDE}"
SIDES = "; ".join(f"{fmt.title} has {fmt.shown_sides}" for fmt in TARGETS if "sizes" in fmt.options)

OPTIONS: tuple[Option, ...] = (
    whole_number("quality", 1, 100, "Lower is smaller, higher is truer. Each encoder has its own default."),
    switch("lossless", "Encode every pixel as it is. It goes before quality."),
    whole_number(
        "max_bytes", 1, 999_999_999,
        "Search the best quality, up to the given one, whose result has at most so many bytes.",
        allowed="a whole number of bytes from 1 to 999999999",
    ),
    one_of(
        "subsampling", ("420", "422", "444"), None,
        "The resolution of colour: 444 is full, 422 half across, 420 half both ways. Without it 420, from quality 90 on 444.",
    ),
    one_of("rotate", (0, 90, 180, 270), 0, "Turn the picture clockwise by so many degrees, as it is displayed."),
    text(
        "crop", read_crop, f"x,y,width,height in pixels like 10,20,300,200, or a ratio like 16:9 (no number over {MAX_CROP}, no side of 0)", "10,20,300,200",
        "Cut out a part, before resizing: pixels from the left and from the top, width and height; or the largest part of a ratio, from the middle.",
    ),
    whole_number("width", 1, MAX_SIDE, "The width of the result in pixels. Without it, it follows the height.", allowed=A_SIDE),
    whole_number("height", 1, MAX_SIDE, "The height of the result in pixels. Without it, it follows the width.", allowed=A_SIDE),
    one_of(
        "fit", ("inside", "cover", "fill", "pad"), "inside",
        "How width and height are met: inside stays within both, cover cuts the middle out, fill distorts, pad adds a border.",
    ),
    switch("enlarge", "Let width and height make a picture larger than it is."),
    text(
        "background", read_color, "#rrggbb, #rgb or a CSS colour name like orange (transparent is no colour)", "white",
        "The colour under transparent parts where the format has none, and of the border of fit=pad. Without it white, and a clear border where the format has transparency.",
    ),
    one_of(
        "metadata", ("strip", "safe", "keep"), "strip",
        "All is removed (strip), all but author, copyright, title and description (safe), or what the format can hold is kept.",
    ),
    one_of("color", ("srgb", "keep"), "srgb", "The colours are converted for screens (srgb), or left with their colour profile (keep)."),
    whole_number("colors", 2, 256, "Reduce the picture to a palette of at most so many colours."),
    switch("dither", "Mix the colours of a reduced palette by patterns of dots.", default=True),
    one_of("animation", ("keep", "first"), "keep", "Every frame or page is kept if the format can hold several, or only the first."),
    whole_number("loop", 0, 65_535, "How often an animation plays; 0 is forever. Without it, as often as the original."),
    whole_number("page", 1, 100_000, "Take only this page, frame or picture of a file with several, from 1."),
    whole_number(
        "effort", 0, 9, "More effort takes longer and makes smaller files.", allowed="a whole number from 0 (fastest) to 9"
    ),
    switch("progressive", "Store the picture so that it shows coarsely first."),
    whole_number("dpi", 1, 10_000, "The resolution for printing, in dots per inch. Without it, that of the original."),
    one_of(
        "paper", ("fit", "a4", "letter"), "fit",
        "The pages: fit has the picture's own size; a4 and letter are sheets with the picture in the middle, smaller where it must be.",
    ),
    text(
        "sizes", read_sizes, f"up to {MOST_SIDES} different numbers of pixels like 16,32,48 ({SIDES})", "16,32,48",
        "The sides of the pictures in an icon. Without it, all usual ones up to the picture's larger side.",
    ),
)  # fmt: skip
BY_NAME = {option.name: option for option in OPTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The requested options, with the contract's defaults for the others.

    None means "the encoder's default". `width` and `height` are in pixels, `background` is #rrggbb, `rotate` in
    degrees clockwise, `loop` 0 is forever, `page` counts from 1. `crop` and `sizes` are texts as core.option_kinds
    reads them. `quality` is whole as asked for; the search for `max_bytes` tries parts too.
    """

    quality: float | None = None
    lossless: bool = False
    max_bytes: int | None = None
    subsampling: str | None = None
    rotate: int = 0
    crop: str | None = None
    width: int | None = None
    height: int | None = None
    fit: str = "inside"
    enlarge: bool = False
    background: str | None = None
    metadata: str = "strip"
    color: str = "srgb"
    colors: int | None = None
    dither: bool = True
    animation: str = "keep"
    loop: int | None = None
    page: int | None = None
    effort: int | None = None
    progressive: bool = False
    dpi: int | None = None
    paper: str = "fit"
    sizes: str | None = None

    @classmethod
    def of(cls, values: Mapping[str, OptionValue]) -> Self:
        """Make options of what `parse_options` returned (or the job record holds)."""
        return cls(**values)  # type: ignore[arg-type] # `parse_options` read each value as its field has it

    @property
    def flat_color(self) -> str:
        """Return the color to lay transparency on."""
        return self.background or WHITE

    @property
    def has_full_chroma(self) -> bool:
        """Return whether color is stored in full resolution."""
        highest = self.quality or (100 if self.max_bytes else 0)
        return self.subsampling == "444" if self.subsampling else highest >= HIGH_QUALITY

    @property
    def sides(self) -> tuple[int, ...]:
        """Return the requested sides of an icon's pictures."""
        return tuple(int(side) for side in self.sizes.split(",")) if self.sizes else ()


class WrongOptions(Exception):
    """One or more options are wrong; `errors` names each field. `advice` is a sentence about all of them, or empty."""

    def __init__(self, errors: Iterable[WrongOption], advice: str = "") -> None:
        self.errors, self.advice = tuple(errors), advice
        super().__init__(" ".join(error.detail for error in self.errors))


def parse_options(target: Format, fields: Mapping[str, str]) -> dict[str, OptionValue]:
    """Return the given options as JSON values. An empty field counts as not given.

    Raises WrongOptions with one entry for every field that is wrong. When each is right by itself, it is one for every
    field that is wrong beside the others, or without one.
    """
    values: dict[str, OptionValue] = {}
    wrong: list[WrongOption] = []
    advice = ""
    for name, given in fields.items():
        if not given.strip():
            continue
        if (problem := _problem(target, name)) is not None:
            wrong.append(WrongOption(name, problem))
            advice = f"{target.title} takes: {_listed(target.options)}."
        elif (value := BY_NAME[name].read(given.strip())) is None:
            wrong.append(WrongOption(name, f"{name} must be {BY_NAME[name].allowed}, not {show_text(given)}."))
        else:
            values[name] = value
    if not wrong:
        wrong = [found for rule in RULES if (found := rule(target, values)) is not None]
    if wrong:
        raise WrongOptions(wrong, advice)
    return values


def _problem(target: Format, name: str) -> str | None:
    if name not in BY_NAME:
        return f"{show_text(name)} is not an option."
    if name not in target.options:
        return f"{target.title} takes no {name}. Leave it out."
    return None


def _listed(names: frozenset[str]) -> str:
    return ", ".join(option.name for option in OPTIONS if option.name in names)


def show_text(given: str) -> str:
    """Return a user's text as it may stand in a sentence: short, printable, in quotes."""
    clean = "".join(char if char.isprintable() else "?" for char in given)
    return f"'{clean[:40]}…'" if len(clean) > 40 else f"'{clean}'"
