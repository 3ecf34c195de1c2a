"""Forecast the processor time of a conversion, and say what would fit when it takes far too long.

The figures are those of photographs on one machine. A picture of few details takes a tenth, and a fast machine a half.
So only what is far beyond the limit is refused by them.
"""

from dataclasses import replace

from core.cost_figures import READING, WRITING, WRITING_LOSSLESS
from core.formats import Format
from core.option_defaults import BY_TARGET
from core.options import Options

MEGA = 1_000_000

STEPS = 0.04
"""Seconds for each megapixel between decoder and encoder: to sRGB, resize, flatten."""

SEARCHES = 7
"""How often a search for `max_bytes` encodes, as a rule."""

UNMEASURED = 1.0
"""For a format whose figures nobody has measured yet."""

HEAVY_SECONDS = 1.0
"""From here on a conversion needs a processor of its own: it would slow all others down for too long."""

EXACT_FITS = frozenset({"cover", "fill", "pad"})
"""With enlarge, these make a result of exactly the width and height that are given."""

REFUSED_FACTOR = 3
"""How many times the limit a forecast must be for a conversion to be refused without a try."""


def forecast_seconds(
    target: str, options: Options, *, pixels: int, source: str = "", source_pixels: int = 0, searches: int = SEARCHES
) -> float:
    """Return the seconds for writing `pixels` to that format, and for reading `source_pixels` if they are given."""
    tries = searches if options.max_bytes is not None else 1
    writing = (STEPS + find_pace(target, options) * tries) * pixels
    return (writing + READING.get(source, UNMEASURED) * source_pixels) / MEGA


def find_pace(target: str, options: Options) -> float:
    """Return the encoder's seconds for each megapixel."""
    figures = list_paces(target, lossless=options.lossless)
    return figures[min(find_effort(target, options), len(figures) - 1)]


def list_paces(target: str, *, lossless: bool = False) -> tuple[float, ...]:
    """Return the encoder's seconds for each megapixel by effort, or one figure where there are no efforts."""
    return (lossless and WRITING_LOSSLESS.get(target)) or WRITING.get(target) or (UNMEASURED,)


def find_effort(target: str, options: Options) -> int:
    """Return the effort that counts."""
    return int(options.effort if options.effort is not None else BY_TARGET["effort"].get(target) or 0)


def find_fitting_effort(target: str, options: Options, *, pixels: int, limit: float) -> int | None:
    """Return the highest effort below the present one with which so many pixels fit into `limit` seconds."""
    for effort in reversed(range(find_effort(target, options))):
        if forecast_seconds(target, replace(options, effort=effort), pixels=pixels, searches=1) <= limit:
            return effort
    return None


def is_too_costly(target: str, options: Options, *, pixels: int, limit: float) -> bool:
    """Return whether so many pixels cannot be written within `limit` seconds, whatever they show."""
    return forecast_seconds(target, options, pixels=pixels, searches=1) > REFUSED_FACTOR * limit


def count_certain_pixels(options: Options) -> int:
    """Return the pixels of a result whose size no picture can change, else 0."""
    is_certain = options.enlarge and options.fit in EXACT_FITS
    return (options.width or 0) * (options.height or 0) if is_certain else 0


def advise_cheaper(target: Format, options: Options, *, pixels: int, limit: float) -> str:
    """Return a sentence about what would fit into `limit` seconds."""
    area = find_fitting_area(target.name, options, limit=limit)
    smaller = f"Make the image smaller (about {area / MEGA:.2g} megapixels fit)"
    effort = (
        find_fitting_effort(target.name, options, pixels=pixels, limit=limit) if "effort" in target.options else None
    )
    return f"{smaller}." if effort is None else f"{smaller}, or give effort {effort} or less."


def find_fitting_area(target: str, options: Options, *, limit: float) -> float:
    """Return how many pixels fit into `limit` seconds."""
    return MEGA * limit / forecast_seconds(target, options, pixels=MEGA, searches=1)
