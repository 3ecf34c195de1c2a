"""`make speed`: the engine beside libvips and ImageMagick, same files, same core, in turns; a page of results."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.speed.contenders import (
    ONE_THREAD,
    TASKS,
    Contender,
    Figures,
    Task,
    by_engine,
    by_magick,
    by_vips,
    by_warm_vips,
    encode,
)
from benchmarks.speed.overhead import overhead
from benchmarks.speed.page import Measured, Row, line, page
from benchmarks.speed.photos import Photo, photos
from benchmarks.speed.similarity import Luma, luma, size_at, ssim
from benchmarks.speed.warm import WarmVips
from conformance.matrix.reference import by_vips as seen_by_vips
from conformance.matrix.reference import program
from core.formats import READABLE
from worker.sandbox.supervisor import Sandbox

ROOT = Path(__file__).parents[2]
QUALITIES = (-25, -15, -8, 0, 8, 15)


def main() -> None:
    """Measure, print, write the page."""
    asked = _arguments()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    box, vips = Sandbox(), WarmVips(ONE_THREAD)
    contenders: dict[str, Contender] = {
        "engine": by_engine(box), "warm": by_warm_vips(vips), "libvips": by_vips, "ImageMagick": by_magick,
    }  # fmt: skip
    try:
        pictures, where = photos(asked.cache)
        with tempfile.TemporaryDirectory(prefix="speed-") as directory:
            rows = [row for photo in pictures for row in _timed(contenders, photo, Path(directory), asked)]
            cost, start = overhead(box, pictures[0]), _start()
            print("The times are taken; sizes for the same similarity follow.", file=sys.stderr, flush=True)
            for row in rows:
                if row.task.quality:
                    row.similarity, row.size_ratio = _sizes(row)
                print(line(row), flush=True)
    finally:
        box.close()
        vips.close()
    if not asked.only:
        asked.page.parent.mkdir(parents=True, exist_ok=True)
        asked.page.write_text(page(Measured(rows, cost, start, where, asked.rounds)), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make speed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="only tasks whose name contains this; writes no page")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "speed", help="where photographs are kept")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "speed.md")
    return parser.parse_args()


def _timed(contenders: dict[str, Contender], photo: Photo, directory: Path, asked: argparse.Namespace) -> Iterator[Row]:
    """Every task on one picture, the contenders in turns."""
    readable = {fmt.name for fmt in READABLE}
    for number, task in enumerate(TASKS):
        folder = directory / f"{photo.size} {number}"
        folder.mkdir()
        given = folder / f"in.{task.source}"
        if asked.only not in task.name or task.source not in readable or not _stored(photo, given):
            continue
        row = Row(task, photo.size, given, {name: Figures() for name in contenders})
        for _ in range(asked.rounds):
            for name, contender in contenders.items():
                contender(task, given, row.made(name), row.figures[name])
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


def _sizes(row: Row) -> tuple[float, float | None]:
    """The engine's similarity to the truth, and its bytes over libvips' at that, between libvips' other qualities."""
    truth = _truth(row.task, row.given)
    ours = ssim(truth, _seen(row.made("engine")))
    points = []
    for step in QUALITIES:
        other = row.made("point")
        quality = min(100, max(5, (row.task.quality or 75) + step))
        encode(row.task.vips(row.given, other, quality), Figures())
        points.append((ssim(truth, _seen(other)), other.stat().st_size))
    needed = size_at(ours, points)
    return ours, row.figures["engine"].size / needed if needed else None


def _truth(task: Task, given: Path) -> Luma:
    """The source; where it is made smaller, as the one of the three does it that is not compared."""
    if not task.side:
        return _seen(given)
    small = given.with_name("truth.png")
    encode(["magick", str(given), "-resize", f"{task.side}x{task.side}", str(small)], Figures())
    return _seen(small)


def _seen(path: Path) -> Luma:
    return luma(seen_by_vips(path).frames[0])


def _start() -> float:
    """Seconds that libvips' command takes for nothing."""
    figures = Figures()
    for _ in range(9):
        encode(["vips", "--version"], figures)
    return sorted(figures.wall)[4]


if __name__ == "__main__":
    main()
