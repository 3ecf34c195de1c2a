"""`make speed`: the engine beside libvips and ImageMagick, same files, same core, in turns; a page of results."""

import argparse
import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.formats import READABLE
from tests.matrix.reference import by_vips as seen_by_vips
from tests.matrix.reference import program
from tests.speed.contenders import TASKS, Contender, Figures, Task, by_engine, by_magick, by_vips, encode
from tests.speed.overhead import Overhead, overhead
from tests.speed.photos import Photo, photos
from tests.speed.similarity import luma, size_at, ssim
from worker.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
QUALITIES = (-25, -15, -8, 0, 8, 15)

INTRODUCTION = """# Speed and size beside libvips and ImageMagick

`make speed` runs the same conversion with the engine (in its sandbox, as a worker does), with libvips' commands and with
ImageMagick's, on one core, one thread each, in turns. Figures are medians; a ratio under 1 means that the engine took
less. The commands' own start is in their figures (`vips --version` alone: {start:.0f} ms), the child's in the engine's.
Processor time says more than the clock on a machine that does other things too. *Size at equal SSIM* is the engine's
result over what libvips needs for the same similarity to the source, between its own results at other qualities.

Pictures: {where}.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A task on one picture."""

    task: Task
    size: str
    figures: dict[str, Figures]
    similarity: float | None
    size_ratio: float | None


def main() -> None:
    """Measure, print, write the page."""
    asked = _arguments()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    box = Sandbox()
    try:
        pictures, where = photos(asked.cache)
        with tempfile.TemporaryDirectory(prefix="speed-") as directory:
            rows = [row for photo in pictures for row in _measured(box, photo, Path(directory), asked)]
            start = _start()
        cost = overhead(box, pictures[0])
    finally:
        box.close()
    text = page(rows, cost, INTRODUCTION.format(where=where, start=start))
    print(text)
    if not asked.only:
        asked.page.parent.mkdir(parents=True, exist_ok=True)
        asked.page.write_text(text, encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make speed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="only tasks whose name contains this; writes no page")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "speed", help="where photographs are kept")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "speed.md")
    return parser.parse_args()


def _measured(box: Sandbox, photo: Photo, directory: Path, asked: argparse.Namespace) -> Iterator[Row]:
    readable = {fmt.name for fmt in READABLE}
    for task in TASKS:
        given = directory / f"in.{task.source}"
        if asked.only not in task.name or task.source not in readable or not _stored(photo, given):
            continue
        contenders: dict[str, Contender] = {"engine": by_engine(box), "libvips": by_vips, "ImageMagick": by_magick}
        figures = {name: Figures() for name in contenders}
        for _ in range(asked.rounds):
            for name, contender in contenders.items():
                contender(task, given, directory / f"{name}.{task.target}", figures[name])
        similarity, ratio = _sizes(task, given, directory) if task.quality else (None, None)
        row = Row(task, photo.size, figures, similarity, ratio)
        print(_line(row), flush=True)
        yield row


def _stored(photo: Photo, given: Path) -> bool:
    """The picture as the source file of a task."""
    if given.suffix != ".heic":
        given.write_bytes(photo.file(given.suffix[1:]))
        return True
    tool = program("heif-enc")
    if tool is None:
        return False
    png = given.with_suffix(".png")
    png.write_bytes(photo.file("png"))
    subprocess.run([tool, "-q", "80", "-o", str(given), str(png)], check=True, capture_output=True)
    return True


def _sizes(task: Task, given: Path, directory: Path) -> tuple[float, float | None]:
    """The engine's similarity to the source, and its bytes over libvips' at that."""
    truth, made = luma(seen_by_vips(given).frames[0]), directory / f"engine.{task.target}"
    ours = ssim(truth, luma(seen_by_vips(made).frames[0]))
    points = []
    for step in QUALITIES:
        other = directory / f"point.{task.target}"
        quality = min(100, max(5, (task.quality or 75) + step))
        words = [word.replace("{in}", str(given)).replace("{out}", str(other)) for word in task.vips]
        encode([word.replace("{q}", str(quality)) for word in words], Figures())
        points.append((ssim(truth, luma(seen_by_vips(other).frames[0])), other.stat().st_size))
    needed = size_at(ours, points)
    return ours, made.stat().st_size / needed if needed else None


def _start() -> float:
    """Milliseconds that libvips' command takes for nothing."""
    figures = Figures()
    for _ in range(9):
        encode(["vips", "--version"], figures)
    return statistics.median(figures.wall) * 1000


HEAD = (
    "conversion", "picture", "engine s", "libvips s", "ImageMagick s", "clock: engine / libvips", "processor: engine / libvips",
    "processor: engine / ImageMagick", "engine bytes", "libvips bytes", "SSIM", "size at equal SSIM",
)  # fmt: skip


def page(rows: list[Row], cost: Overhead, introduction: str) -> str:
    """The results, Markdown."""
    remarks = {f"- {row.task.name}: {row.task.remark}." for row in rows if row.task.remark}
    missing = {task.name for task in TASKS} - {row.task.name for row in rows}
    lines = [
        introduction,
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *map(_line, rows),
        *sorted(remarks),
    ]
    lines += [
        f"- {name} was not measured: the engine or this machine cannot make or read the source."
        for name in sorted(missing)
    ]
    spoken = f"{cost.sandbox:.1f} ms in a child, {cost.bare:.1f} ms with Pillow alone in one process"
    lines += ["\n## What the sandbox costs\n"]
    lines += [f"A JPEG of {cost.bytes_:,} bytes to BMP: {spoken}; the median of the difference is {cost.apart:.1f} ms."]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    ours, vips, magick = (row.figures[name] for name in ("engine", "libvips", "ImageMagick"))
    walls = [f"{statistics.median(one.wall):.3f}" for one in (ours, vips, magick)]
    ratios = [
        statistics.median(ours.wall) / statistics.median(vips.wall),
        statistics.median(ours.cpu) / statistics.median(vips.cpu),
        statistics.median(ours.cpu) / statistics.median(magick.cpu),
    ]
    sizes = [f"{ours.size:,}", f"{vips.size:,}"]
    quality = [
        "" if row.similarity is None else f"{row.similarity:.4f}",
        "" if row.size_ratio is None else f"{row.size_ratio:.2f}",
    ]
    cells = [row.task.name, row.size, *walls, *(f"{ratio:.2f}" for ratio in ratios), *sizes, *quality]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
