"""`make sizes`: the bytes of our results beside those of programs that are known for small files; a page of results."""

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from conformance.running import LIMITS
from conformance.sizes.rivals import measure_rivals
from conformance.sizes.sources import SOURCES
from conformance.stamp import stamp
from core.formats import sniff
from core.options import Options
from engine.codecs.registry import prepare_codecs
from engine.pipeline import convert
from engine.request import Limits, Request

ROOT = Path(__file__).parents[2]

INTRODUCTION = """# Sizes beside programs that are known for small files

`make sizes` makes each source, converts it, and lets other programs make the same of it. Sizes are in bytes. A film of
more colours than a GIF holds is compared with FFmpeg, which gives it one palette; gif2webp reads GIF only, and tiff2pdf
and gifsicle read their own format. pngquant may change colours.

| source | bytes | target | ours | other programs |
|---|---|---|---|---|
"""


class Row(NamedTuple):
    """A conversion, and the kinds of rivals for it."""

    source: str
    target: str
    options: dict[str, Any]
    rivals: tuple[str, ...]


GIFS = tuple(name for name in SOURCES if name.endswith(".gif"))
LOSSLESS = {"lossless": True}

ROWS = (
    *(Row(name, "gif", {}, ("film gif", "gif")) for name in GIFS),
    *(Row(name, "webp", LOSSLESS, ("webp lossless",)) for name in GIFS),
    *(Row(name, "webp", {}, ("webp",)) for name in GIFS),
    *(Row(name, "png", {}, ("film png",)) for name in (*GIFS, "screen.apng", "photographs.apng")),
    *(Row(name, "gif", {}, ("gif",)) for name in ("screen.apng", "photographs.apng")),
    Row("scan.tiff", "pdf", {}, ("pdf",)),
    *(Row("scan.tiff", target, {}, ("still",)) for target in ("tiff", "png", "gif", "bmp", "pcx", "tga")),
    *(Row("screenshot.png", target, {}, ("still",)) for target in ("gif", "tiff", "bmp", "pcx", "tga")),
    *(Row(name, "pdf", {}, ()) for name in ("screenshot.png", "photograph.jpg")),
    *(Row(name, "png", {}, ("png",)) for name in ("scan.png", "screenshot.png")),
    Row("screenshot.png", "png", {"width": 320}, ()),
)


def main() -> int:
    """Measure, print, write the page."""
    parser = argparse.ArgumentParser(prog="make sizes")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "sizes.md")
    parser.add_argument("--only", default="", help="only sources whose name contains this; writes no page")
    asked = parser.parse_args()
    prepare_codecs()
    with tempfile.TemporaryDirectory(prefix="sizes-") as directory:
        lines = [_measure_row(row, Path(directory)) for row in ROWS if asked.only in row.source]
    if not asked.only:
        asked.page.parent.mkdir(parents=True, exist_ok=True)
        asked.page.write_text(f"{INTRODUCTION}{chr(10).join(lines)}\n\n{stamp()}\n", encoding="utf-8")
    return 0


def _measure_row(row: Row, folder: Path) -> str:
    source = folder / row.source
    if not source.exists():
        SOURCES[row.source](source)
    ours = measure_engine(source.read_bytes(), row.target, row.options)
    rivals = measure_rivals(row.rivals, source, row.target)
    options = ", ".join(f"`{name}={str(value).lower()}`" for name, value in row.options.items())
    others = ", ".join(f"{_name_rival(name)} {f'{size:,}' if size else 'fails'}" for name, size in rivals.items())
    cells = (row.source, f"{source.stat().st_size:,}", f"{row.target} {options}".strip(), f"{ours:,}", others)
    line = f"| {' | '.join(cells)} |"
    print(line, flush=True)
    return line


def _name_rival(name: str) -> str:
    """The program, as code where options follow."""
    return f"`{name}`" if " -" in name else name


def measure_engine(data: bytes, target: str, options: dict[str, Any]) -> int:
    """The bytes of the engine's result."""
    source, sink = sniff(data[:64], data[-26:]), io.BytesIO()
    if source is None:
        raise ValueError("the source is of no known format")
    limits: dict[str, Any] = {**LIMITS}
    request = Request(source=source.name, target=target, options=Options(**options), limits=Limits(**limits))
    outcome = convert(request, data, sink)
    if outcome.failure is not None:
        raise ValueError(outcome.failure.detail)
    return sink.tell()


if __name__ == "__main__":
    sys.exit(main())
