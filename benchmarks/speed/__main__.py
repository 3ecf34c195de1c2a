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
    run_command,
)
from benchmarks.speed.overhead import measure_overhead
from benchmarks.speed.page import Measured, Row, format_row, write_page
from benchmarks.speed.photos import Photo, load_photos
from benchmarks.speed.similarity import Luma, compute_ssim, find_size, take_luma
from benchmarks.speed.warm import WarmVips
from conformance.matrix.reference import by_vips as seen_by_vips
from conformance.matrix.reference import program
from core.formats import READABLE
from worker.sandbox.supervisor import Sandbox

ROOT = Path(__file__).parents[2]
QUALITIES = (-25, -15, -8, 0, 8, 15)


def main() -> None:
    """Measure, print, write the page."""
    asked = _parse_arguments()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    box, vips = Sandbox(), WarmVips(ONE_THREAD)
    contenders: dict[str, Contender] = {
        "engine": by_engine(box), "warm": by_warm_vips(vips), "libvips": by_vips, "ImageMagick": by_magick,
    }  # fmt: skip
    try:
        pictures, where = load_photos(asked.cache)
        with tempfile.TemporaryDirectory(prefix="speed-") as directory:
            rows = [row for photo in pictures for row in _time_tasks(contenders, photo, Path(directory), asked)]
            cost, start = measure_overhead(box, pictures[0]), _time_start()
            print("The times are taken; sizes for the same similarity follow.", file=sys.stderr, flush=True)
            for row in rows:
                if row.task.quality:
                    row.similarity, row.size_ratio = _compare_sizes(row)
                print(format_row(row), flush=True)
    finally:
        box.close()
        vips.close()
    if not asked.only:
        asked.page.parent.mkdir(parents=True, exist_ok=True)
        asked.page.write_text(write_page(Measured(rows, cost, start, where, asked.rounds)), encoding="utf-8")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make speed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="only tasks whose name contains this; writes no page")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "speed", help="where photographs are kept")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "speed.md")
    return parser.parse_args()


def _time_tasks(
    contenders: dict[str, Contender], photo: Photo, directory: Path, asked: argparse.Namespace
) -> Iterator[Row]:
    """Yield the row of every task on one picture, with the contenders in turns."""
    readable = {fmt.name for fmt in READABLE}
    for number, task in enumerate(TASKS):
        folder = directory / f"{photo.size} {number}"
        folder.mkdir()
        given = folder / f"in.{task.source}"
        if asked.only not in task.name or task.source not in readable or not _store_picture(photo, given):
            continue
        row = Row(task, photo.size, given, {name: Figures() for name in contenders})
        for _ in range(asked.rounds):
            for name, contender in contenders.items():
                contender(task, given, row.locate_result(name), row.figures[name])
        yield row


def _store_picture(photo: Photo, given: Path) -> bool:
    """Write the picture as the source file of a task, and return whether that is possible."""
    if given.suffix != ".heic":
        given.write_bytes(photo.encode_as(given.suffix[1:]))
        return True
    tool = program("heif-enc")
    if tool is None:
        return False
    png = given.with_suffix(".png")
    png.write_bytes(photo.encode_as("png"))
    subprocess.run([tool, "-q", "80", "-o", str(given), str(png)], check=True, capture_output=True)
    return True


def _compare_sizes(row: Row) -> tuple[float, float | None]:
    """Return the engine's similarity to the truth, and its bytes over those of libvips at the same similarity."""
    truth = _find_truth(row.task, row.given)
    ours = compute_ssim(truth, _read_luma(row.locate_result("engine")))
    points = []
    for step in QUALITIES:
        other = row.locate_result("point")
        quality = min(100, max(5, (row.task.quality or 75) + step))
        run_command(row.task.make_vips_command(row.given, other, quality), Figures())
        points.append((compute_ssim(truth, _read_luma(other)), other.stat().st_size))
    needed = find_size(ours, points)
    return ours, row.figures["engine"].size / needed if needed else None


def _find_truth(task: Task, given: Path) -> Luma:
    """Return the source. A smaller one is made by ImageMagick, which is not compared here."""
    if not task.side:
        return _read_luma(given)
    small = given.with_name("truth.png")
    run_command(["magick", str(given), "-resize", f"{task.side}x{task.side}", str(small)], Figures())
    return _read_luma(small)


def _read_luma(path: Path) -> Luma:
    return take_luma(seen_by_vips(path).frames[0])


def _time_start() -> float:
    """Return the seconds of libvips' command without any work."""
    figures = Figures()
    for _ in range(9):
        run_command(["vips", "--version"], figures)
    return sorted(figures.wall)[4]


if __name__ == "__main__":
    main()
