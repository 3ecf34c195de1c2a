"""The same conversion by the engine in its sandbox, by libvips, warm and as a command, and by ImageMagick's command."""

import os
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.speed.warm import WarmVips
from conformance.fuzz.bombing import spent
from conformance.matrix.limits import DEFAULT_LIMITS
from conformance.matrix.reference import program
from core.options import Options
from engine.request import Request
from worker.sandbox.supervisor import Handle, Sandbox

ONE_THREAD = {"VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}
MOST_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One conversion. `save` are libvips' save options and `magick` ImageMagick's arguments; `{q}` is the quality.

    With `side` it is made smaller to fit a square of so many pixels.
    """

    name: str
    source: str
    target: str
    save: str
    magick: str = "{in} -quality {q} {out}"
    quality: int | None = None
    side: int = 0
    remark: str = ""

    @property
    def job_options(self) -> dict[str, Any]:
        """The options of a job, as a user of the engine gives them."""
        given = {"quality": self.quality, "width": self.side or None, "height": self.side or None}
        return {name: value for name, value in given.items() if value is not None}

    def make_vips_command(self, given: Path, made: Path, quality: int | None) -> list[str]:
        """Return libvips' command."""
        target = f"{made}{self.save.format(q=quality)}"
        if self.side:
            return ["vipsthumbnail", str(given), "--size", str(self.side), "-o", target]
        return ["vips", "copy", str(given), target]


TASKS: tuple[Task, ...] = (
    Task(name="JPEG to WebP", source="jpeg", target="webp", quality=75, save="[Q={q},effort=4]"),
    Task(name="PNG to JPEG", source="png", target="jpeg", quality=75, save="[Q={q}]"),
    Task(
        name="JPEG to PNG", source="jpeg", target="png", save="[compression=6,filter=all]", magick="{in} {out}",
        remark="libvips filters rows as the engine does; of a photograph the engine packs only runs, since zlib's search "
        "finds nothing else in it",
    ),
    Task(
        name="JPEG to PNG, libvips without filters", source="jpeg", target="png", save="[compression=6]",
        magick="{in} {out}", remark="this is what libvips does by default: fast, and nearly twice the bytes",
    ),
    Task(
        name="JPEG to AVIF", source="jpeg", target="avif", quality=60, save="[Q={q},effort=3]",
        remark="libvips' effort 3 is libaom's speed 6, as the engine's default, with its newer libaom. With many pixels a child "
        "is slower, since the kernel has to give it all of its memory anew: 0.3 to 0.9 s at 12 megapixels",
    ),
    Task(name="HEIC to JPEG", source="heic", target="jpeg", quality=75, save="[Q={q}]"),
    Task(
        name="JPEG resized to 1024", source="jpeg", target="jpeg", quality=75, side=1024, save="[Q={q}]",
        magick="{in} -resize 1024x1024 -quality {q} {out}",
        remark="both filter with Lanczos; libvips' filter is vector code, Pillow's is not. From 12 megapixels libjpeg makes "
        "the picture half as large for the engine, which libvips begins with at four times the size",
    ),
)  # fmt: skip


@dataclass(slots=True)
class Figures:
    """Seconds by the clock and of the processor, one for each round; the result's bytes."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    size: int = 0


Contender = Callable[[Task, Path, Path, Figures], None]


def by_engine(box: Sandbox) -> Contender:
    """Return the engine as a worker runs it, with child and transfer."""

    def convert(task: Task, given: Path, made: Path, figures: Figures) -> None:
        request = Request(
            source=task.source, target=task.target, options=Options(**task.job_options), limits=DEFAULT_LIMITS
        )
        result = os.memfd_create("result")
        try:
            with given.open("rb") as upload:
                before, began = spent(), time.monotonic()
                outcome = box.run(request, upload.fileno(), result, Handle())
                figures.wall.append(time.monotonic() - began)
                figures.cpu.append(_await_reaping(before))
            if outcome.failure is not None:
                raise RuntimeError(outcome.failure.detail)
            made.write_bytes(os.pread(result, os.fstat(result).st_size, 0))
            figures.size = made.stat().st_size
        finally:
            os.close(result)

    return convert


def _await_reaping(before: float) -> float:
    """Return the CPU seconds of the child, its warm-up included, once its zygote has reaped it."""
    until = time.monotonic() + MOST_SECONDS
    while spent() == before and time.monotonic() < until:
        time.sleep(0.005)
    return spent() - before


def by_warm_vips(vips: WarmVips) -> Contender:
    """Return libvips as a library in a running process."""

    def convert(task: Task, given: Path, made: Path, figures: Figures) -> None:
        wall, cpu = vips.convert(given, made, task.save.format(q=task.quality), task.side)
        figures.wall.append(wall)
        figures.cpu.append(cpu)
        figures.size = made.stat().st_size

    return convert


def by_vips(task: Task, given: Path, made: Path, figures: Figures) -> None:
    """Run libvips' command."""
    run_command(task.make_vips_command(given, made, task.quality), figures)
    figures.size = made.stat().st_size


def by_magick(task: Task, given: Path, made: Path, figures: Figures) -> None:
    """Run ImageMagick's command."""
    facts = {"{in}": str(given), "{out}": str(made), "{q}": str(task.quality)}
    run_command(["magick", *(facts.get(word, word) for word in task.magick.split())], figures)
    figures.size = made.stat().st_size


def run_command(words: list[str], figures: Figures) -> None:
    """Run a command on one thread, and take its times."""
    path = program(words[0])
    if path is None:
        raise RuntimeError(f"{words[0]} is not on this machine")
    before, began = _read_children(), time.monotonic()
    done = subprocess.run([path, *words[1:]], env=os.environ | ONE_THREAD, capture_output=True, check=False)
    figures.wall.append(time.monotonic() - began)
    figures.cpu.append(_read_children() - before)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[:300])


def _read_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
