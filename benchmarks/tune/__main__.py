"""`python -m benchmarks.tune [FOLDER]`: size, time and similarity for every effort of every encoder, as a table.

The engine's own settings are used, so the table shows what a user's `effort` and `quality` do. With `--write` it goes into docs/encoders.md.
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

from benchmarks.tune.pictures import pictures
from benchmarks.tune.ssim import ssim
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
    subjects = pictures(asked.folder)
    tables = {name: table(measured(*one, subjects) for one in choices) for name, choices in CHOICES.items()}
    for text in tables.values():
        print(text, end="\n\n")
    if asked.write:
        PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), tables | {"ends": ends()}), encoding="utf-8")


def ends() -> str:
    """What the ends of `effort`, and its absence, are for each encoder, as Markdown."""
    lines = ["| target | `effort` 0 | `effort` 9 | without it |", "|---|---|---|---|"]
    for fmt in filter(is_installed, TARGETS):
        if "effort" in fmt.options:
            cells = [spoken(fmt, options) for options in (Options(effort=0), Options(effort=9), Options())]
            lines.append(f"| {fmt.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def efforts() -> Iterator[Choice]:
    """Every effort of every target that takes one, and what JPEG has instead."""
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


def qualities() -> Iterator[Choice]:
    """What `quality` is worth in each format."""
    for fmt in filter(is_installed, TARGETS):
        if "quality" in fmt.options and fmt.reads:
            for quality in LADDER:
                yield fmt, f"quality {quality}", Options(quality=quality)


CHOICES = {"efforts": tuple(efforts()), "qualities": tuple(qualities())}
"""The tables of docs/encoders.md, and what their rows are of."""


def spoken(fmt: Format, options: Options) -> str:
    """What the encoder is told, by the names that its library has for it."""
    settings = find_encoder(fmt.name).settings(options)
    flat = {name: value for name, value in settings.items() if not isinstance(value, dict)}
    for inner in (value for value in settings.values() if isinstance(value, dict)):
        flat |= {name.removeprefix("x265:"): value for name, value in inner.items()}
    return ", ".join(f"{name} {_shown(value)}" for name, value in flat.items() if name not in QUIET) or "its own"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def measured(fmt: Format, choice: str, options: Options, subjects: dict[str, Image.Image]) -> Row:
    """Over all pictures; said at once on the side, as some take long."""
    size, seconds, likeness = 0, 0.0, 0.0
    for image in subjects.values():
        data, best = timed(fmt, options, image)
        size, seconds = size + len(data), seconds + best
        likeness += ssim(image, images.decoded(data).convert("RGB")) / len(subjects)
    row = Row(fmt.title, choice, spoken(fmt, options), size, seconds, likeness)
    sys.stderr.write(f"{row}\n")
    return row


def timed(fmt: Format, options: Options, image: Image.Image) -> tuple[bytes, float]:
    """The file, and the best processor time of a few tries; of what takes long, the first will do."""
    data, best = b"", float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        data = encoded(fmt, options, image)
        best = min(best, time.process_time() - start)
        if best > LONG:
            break
    return data, best


def encoded(fmt: Format, options: Options, image: Image.Image) -> bytes:
    """As the engine does it."""
    encoder, sink = find_encoder(fmt.name), io.BytesIO()
    settings = encoder.settings(options)
    encoder.write_still(Frame(image), plan(encoder.pillow, settings, options, image), sink)
    return sink.getvalue()


def plan(pillow: str, settings: dict[str, Any], options: Options, image: Image.Image) -> WritePlan:
    """For one opaque picture without metadata."""
    return WritePlan(
        pillow=pillow, settings=dict(settings), later_settings=settings, options=options, size=image.size,
        frames=1, loop_count=0, opaque=True, warn=lambda *_, **__: None,
    )  # fmt: skip


def table(rows: Iterator[Row]) -> str:
    """As Markdown; time is of the processor."""
    lines = ["| target | choice | settings | KB | ms | SSIM |", "|---|---|---|---|---|---|"]
    lines.extend(
        f"| {row.target} | {row.choice} | {row.settings} | {row.size / 1000:.1f} | {row.seconds * 1000:.0f} | {row.likeness:.4f} |"
        for row in rows
    )
    return "\n".join(lines)


def filled(text: str, tables: dict[str, str]) -> str:
    """The page with the blocks `<!-- measured: NAME -->` … `<!-- end -->` of those tables anew."""
    return re.sub(
        r"(<!-- measured: (\w+) -->\n)(.*?)(<!-- end -->)",
        lambda found: f"{found[1]}{tables[found[2]]}\n{found[4]}" if found[2] in tables else found[0],
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    main()
