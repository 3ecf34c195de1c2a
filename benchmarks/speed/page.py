"""The page of results: a table, its conditions, and the reasons of its figures."""

import datetime as dt
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

import imagecodecs
from PIL import features

from benchmarks.speed.contenders import TASKS, Figures, Task
from benchmarks.speed.overhead import Overhead
from conformance.matrix.reference import program

INTRODUCTION = """# Speed and size beside libvips and ImageMagick

Made by `make speed` on {date}: the same conversion by the engine, libvips and ImageMagick, same files, one core, one
thread each, in turns, the lowest of {rounds} rounds, since what else a machine does only adds. The engine runs as in a worker: a child that
was forked ahead, its sandbox, upload and result by memory files. libvips runs twice: as its command, as a script would call
it (its start alone takes {start:.0f} ms), and warm, as a library in a process that stays, without any sandbox.
A ratio below 1 means that the engine takes less.

*Size at equal SSIM*: the engine's bytes over what libvips needs for the same similarity to the source (luma, windows of
8 x 8), between its own results at other qualities; without a quality, bytes over bytes.

Pictures: {where}.

Machine: {machine}. {versions}.
"""

MOST = 1.1
"""What the engine may take of libvips' time where the codec is the same."""

SLOWER = "- More than {} of the time of libvips' command: {}. Of warm libvips: {}."

CHILD = """- The engine's times have its child in them (see below), which weighs with small pictures: it is what it costs that
  no file can do harm. libvips' command pays its start instead."""

HEAD = (
    "conversion", "picture", "engine s", "libvips s", "libvips warm s", "ImageMagick s", "engine / libvips", "engine / warm",
    "processor: engine / warm", "engine / ImageMagick", "engine bytes", "libvips bytes", "SSIM", "size at equal SSIM",
)  # fmt: skip


@dataclass(slots=True)
class Row:
    """A task on one picture; `given` is its source, in a folder of its own."""

    task: Task
    size: str
    given: Path
    figures: dict[str, Figures]
    similarity: float | None = None
    size_ratio: float | None = None

    def locate_result(self, name: str) -> Path:
        """Return the path of that contender's result."""
        return self.given.with_name(f"{name}.{self.task.target}")


@dataclass(frozen=True, slots=True)
class Measured:
    """The content of the page; `start` is libvips' command alone, in seconds."""

    rows: list[Row]
    cost: Overhead
    start: float
    where: str
    rounds: int


def write_page(measured: Measured) -> str:
    """Return the page in Markdown."""
    facts = {"date": dt.datetime.now(dt.UTC).date(), "rounds": measured.rounds}
    lines = [
        INTRODUCTION.format(
            start=measured.start * 1000,
            where=measured.where,
            machine=_describe_machine(),
            versions=_list_versions(),
            **facts,
        ),
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *map(format_row, measured.rows),
        "",
        *_list_reasons(measured),
    ]
    cost = measured.cost
    spoken = f"{cost.sandbox:.1f} ms in a child, {cost.bare:.1f} ms with Pillow alone in one process"
    lines += ["", "## What the sandbox costs", ""]
    lines += [f"A JPEG of {cost.bytes_:,} bytes to BMP: {spoken}; the median of the difference is {cost.apart:.1f} ms."]
    return "\n".join(lines) + "\n"


def format_row(row: Row) -> str:
    """Return a row of the table."""
    ours, warm, vips, magick = (row.figures[name] for name in ("engine", "warm", "libvips", "ImageMagick"))
    walls = [min(one.wall) for one in (ours, vips, warm, magick)]
    ratios = [walls[0] / walls[1], walls[0] / walls[2], _find_cpu(ours) / _find_cpu(warm), walls[0] / walls[3]]
    ratio = row.size_ratio if row.task.quality else ours.size / vips.size
    similarity = "" if row.similarity is None else f"{row.similarity:.4f}"
    cells = [row.task.name, row.size, *(f"{wall:.3f}" for wall in walls), *(f"{one:.2f}" for one in ratios)]
    cells += [f"{ours.size:,}", f"{vips.size:,}", similarity, "" if ratio is None else f"{ratio:.2f}"]
    return "| " + " | ".join(cells) + " |"


def _find_cpu(figures: Figures) -> float:
    return min(figures.cpu)


def _list_reasons(measured: Measured) -> list[str]:
    missing = [task.name for task in TASKS if task.name not in {row.task.name for row in measured.rows}]
    return [
        SLOWER.format(MOST, *(_list_slower(measured.rows, name) for name in ("libvips", "warm"))),
        CHILD,
        *(f"- {task.name}: {task.remark}." for task in TASKS if task.remark),
        *(f"- {name} was not measured: this machine cannot make or read the source." for name in missing),
    ]


def _list_slower(rows: list[Row], other: str) -> str:
    ratios = [(row, min(row.figures["engine"].wall) / min(row.figures[other].wall)) for row in rows]
    return ", ".join(f"{row.task.name} at {row.size} ({ratio:.2f})" for row, ratio in ratios if ratio > MOST) or "none"


def _describe_machine() -> str:
    names = [
        line_.partition(":")[2].strip() for line_ in _read_lines("/proc/cpuinfo") if line_.startswith("model name")
    ]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, of which one was used"


def _read_lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _list_versions() -> str:
    names = {"libjpeg_turbo": "libjpeg-turbo", "webp": "libwebp", "avif": "libavif", "zlib_ng": "zlib-ng"}
    ours = ", ".join(f"{title} {features.version(name)}" for name, title in names.items())
    magick = _ask_program("magick", "-version").removeprefix("Version: ").split(" Q16")[0]
    return (
        f"Engine: Pillow {features.version('pil')} with {ours}; imagecodecs {imagecodecs.__version__}. "
        f"libvips: {_ask_program('vips', '--version')} of {platform.freedesktop_os_release()['PRETTY_NAME']}. {magick}"
    )


def _ask_program(name: str, *words: str) -> str:
    path = program(name)
    if path is None:
        return ""
    done = subprocess.run([path, *words], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0]
