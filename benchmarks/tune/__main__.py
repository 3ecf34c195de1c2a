"""`python -m benchmarks.tune [FOLDER]`: size, time and similarity for every effort of every encoder, as a table.

The engine's own settings are used, so the table shows the effect of a user's `effort` and `quality`. With `--write` it goes into docs/encoders.md.
"""

import argparse
import io
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.tune.pictures import load_pictures
from benchmarks.tune.ssim import compute_ssim
from conformance import images
from core.formats import TARGETS, Format, find, is_installed
from core.options import Options
from engine.codecs.plan import WritePlan
from engine.codecs.registry import find_encoder, prepare_codecs
from engine.image import Frame

PAGE = Path(__file__).parents[2] / "docs" / "encoders.md"
REPEATS, LONG = 3, 0.3
LADDER = (50, 65, 75, 85, 95)
"""Qualities that are compared over formats."""


QUIET = {"max_threads", "pools", "frame-threads", "allow-non-conformance"}
"""Settings that are the same for all: a job has one processor."""

Choice = tuple[Format, str, Options]


@dataclass(frozen=True, slots=True)
class Row:
    """One encoder with one choice: bytes and seconds over all pictures, the mean similarity."""

    target: str
    choice: str
    settings: str
    size: int
    seconds: float
    likeness: float


def main() -> None:
    """Measure, print, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="pictures of your own")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/encoders.md")
    asked = parser.parse_args()
    prepare_codecs()
    subjects = load_pictures(asked.folder)
    tables = {name: make_table(measure_choice(*one, subjects) for one in choices) for name, choices in CHOICES.items()}
    for text in tables.values():
        print(text, end="\n\n")
    if asked.write:
        PAGE.write_text(fill_page(PAGE.read_text(encoding="utf-8"), tables | {"ends": list_ends()}), encoding="utf-8")


def list_ends() -> str:
    """Return a table of each encoder's settings at the ends of `effort` and without it, as Markdown."""
    lines = ["| target | `effort` 0 | `effort` 9 | without it |", "|---|---|---|---|"]
    for fmt in filter(is_installed, TARGETS):
        if "effort" in fmt.options:
            cells = [describe_settings(fmt, options) for options in (Options(effort=0), Options(effort=9), Options())]
            lines.append(f"| {fmt.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def list_efforts() -> Iterator[Choice]:
    """Yield every effort of every target with efforts, and JPEG's two ways."""
    for fmt in filter(is_installed, TARGETS):
        if "effort" in fmt.options:
            yield fmt, "none given", Options()
            for effort in range(10):
                yield fmt, f"effort {effort}", Options(effort=effort)
    for fmt in filter(None, [find("webp"), find("jxl")]):
        for effort in (0, 4, 9):
            yield fmt, f"lossless, effort {effort}", Options(effort=effort, lossless=True)
    jpeg = find("jpeg")
    if jpeg is not None:
        yield jpeg, "none given", Options()
        yield jpeg, "progressive", Options(progressive=True)


def list_qualities() -> Iterator[Choice]:
    """Yield the qualities of each format."""
    for fmt in filter(is_installed, TARGETS):
        if "quality" in fmt.options and fmt.reads:
            for quality in LADDER:
                yield fmt, f"quality {quality}", Options(quality=quality)


CHOICES = {"efforts": tuple(list_efforts()), "qualities": tuple(list_qualities())}
"""The tables of docs/encoders.md with the choices of their rows."""


def describe_settings(fmt: Format, options: Options) -> str:
    """Return the encoder's settings by the names of its library."""
    settings = find_encoder(fmt.name).settings(options)
    flat = {name: value for name, value in settings.items() if not isinstance(value, dict)}
    for inner in (value for value in settings.values() if isinstance(value, dict)):
        flat |= {name.removeprefix("x265:"): value for name, value in inner.items()}
    return ", ".join(f"{name} {_show_value(value)}" for name, value in flat.items() if name not in QUIET) or "its own"


def _show_value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def measure_choice(fmt: Format, choice: str, options: Options, subjects: dict[str, Image.Image]) -> Row:
    """Measure a choice over all pictures. The row is printed to stderr at once, as some take long."""
    size, seconds, likeness = 0, 0.0, 0.0
    for image in subjects.values():
        data, best = time_encoding(fmt, options, image)
        size, seconds = size + len(data), seconds + best
        likeness += compute_ssim(image, images.decoded(data).convert("RGB")) / len(subjects)
    row = Row(fmt.title, choice, describe_settings(fmt, options), size, seconds, likeness)
    sys.stderr.write(f"{row}\n")
    return row


def time_encoding(fmt: Format, options: Options, image: Image.Image) -> tuple[bytes, float]:
    """Return the file, and the best processor time of a few tries; the first is enough for slow ones."""
    data, best = b"", float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        data = encode_image(fmt, options, image)
        best = min(best, time.process_time() - start)
        if best > LONG:
            break
    return data, best


def encode_image(fmt: Format, options: Options, image: Image.Image) -> bytes:
    """Encode the image as the engine does."""
    encoder, sink = find_encoder(fmt.name), io.BytesIO()
    settings = encoder.settings(options)
    encoder.write_still(Frame(image), make_plan(encoder.pillow, settings, options, image), sink)
    return sink.getvalue()


def make_plan(pillow: str, settings: dict[str, Any], options: Options, image: Image.Image) -> WritePlan:
    """Return the plan for one opaque picture without metadata."""
    return WritePlan(
        pillow=pillow, settings=dict(settings), later_settings=settings, options=options, size=image.size,
        frames=1, loop_count=0, warn=lambda *_, **__: None,
    )  # fmt: skip


def make_table(rows: Iterator[Row]) -> str:
    """Return the rows as Markdown. Times are of the processor."""
    lines = ["| target | choice | settings | KB | ms | SSIM |", "|---|---|---|---|---|---|"]
    lines.extend(
        f"| {row.target} | {row.choice} | {row.settings} | {row.size / 1000:.1f} | {row.seconds * 1000:.0f} | {row.likeness:.4f} |"
        for row in rows
    )
    return "\n".join(lines)


def fill_page(text: str, tables: dict[str, str]) -> str:
    """Return the page with the blocks `<!-- measured: NAME -->` … `<!-- end -->` of those tables made anew."""
    return re.sub(
        r"(<!-- measured: (\w+) -->\n)(.*?)(<!-- end -->)",
        lambda found: f"{found[1]}{tables[found[2]]}\n{found[4]}" if found[2] in tables else found[0],
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    main()
