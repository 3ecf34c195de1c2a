"""The same conversion by three programs: the engine in its sandbox, libvips and ImageMagick as commands."""

import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.options import Options
from tests.fuzz.bombing import spent
from tests.matrix.limits import DEFAULT_LIMITS
from tests.matrix.reference import program
from worker.request import Request
from worker.sandbox import Handle, Sandbox

ONE_THREAD = {"VIPS_CONCURRENCY": "1", "MAGICK_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One conversion. `vips` and `magick` are the arguments of the same settings; `{q}` in them is the quality."""

    name: str
    source: str
    target: str
    options: Mapping[str, Any]
    vips: tuple[str, ...]
    magick: tuple[str, ...]
    quality: int | None = None
    same_codec: bool = True
    remark: str = ""


TASKS: tuple[Task, ...] = (
    Task(
        name="JPEG to WebP", source="jpeg", target="webp", options={"quality": 75}, quality=75,
        vips=("vips", "copy", "{in}", "{out}[Q={q},effort=4]"), magick=("{in}", "-quality", "{q}", "{out}"),
    ),
    Task(
        name="PNG to JPEG", source="png", target="jpeg", options={"quality": 75}, quality=75,
        vips=("vips", "copy", "{in}", "{out}[Q={q}]"), magick=("{in}", "-quality", "{q}", "{out}"),
    ),
    Task(
        name="JPEG to PNG", source="jpeg", target="png", options={},
        vips=("vips", "copy", "{in}", "{out}[compression=6]"), magick=("{in}", "{out}"),
    ),
    Task(
        name="JPEG to AVIF", source="jpeg", target="avif", options={"quality": 60}, quality=60,
        vips=("vips", "copy", "{in}", "{out}[Q={q},effort=3]"), magick=("{in}", "-quality", "{q}", "{out}"),
        remark="libvips' effort 3 is libaom's speed 6, as ours is by default; the libaom versions differ",
    ),
    Task(
        name="HEIC to JPEG", source="heic", target="jpeg", options={"quality": 75}, quality=75,
        vips=("vips", "copy", "{in}", "{out}[Q={q}]"), magick=("{in}", "-quality", "{q}", "{out}"),
    ),
    Task(
        name="JPEG resized to 1024", source="jpeg", target="jpeg", options={"quality": 75, "width": 1024, "height": 1024},
        vips=("vipsthumbnail", "{in}", "--size", "1024", "-o", "{out}[Q=75]"),
        magick=("{in}", "-resize", "1024x1024", "-quality", "75", "{out}"),
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
    """As a worker runs it: child, transfer and all."""

    def convert(task: Task, given: Path, made: Path, figures: Figures) -> None:
        request = Request(
            source=task.source, target=task.target, options=Options(**task.options), limits=DEFAULT_LIMITS
        )
        result = os.memfd_create("result")
        try:
            with given.open("rb") as upload:
                before, began = spent(), time.monotonic()
                outcome = box.run(request, upload.fileno(), result, Handle())
                figures.wall.append(time.monotonic() - began)
                figures.cpu.append(spent() - before)
            if outcome.failure is not None:
                raise RuntimeError(outcome.failure.detail)
            made.write_bytes(os.pread(result, os.fstat(result).st_size, 0))
            figures.size = made.stat().st_size
        finally:
            os.close(result)

    return convert


def by_vips(task: Task, given: Path, made: Path, figures: Figures) -> None:
    """libvips' command."""
    _command(task.vips, task, given, made, figures)


def by_magick(task: Task, given: Path, made: Path, figures: Figures) -> None:
    """ImageMagick's command."""
    _command(("magick", *task.magick), task, given, made, figures)


def _command(words: tuple[str, ...], task: Task, given: Path, made: Path, figures: Figures) -> None:
    filled = [word.replace("{in}", str(given)).replace("{out}", str(made)) for word in words]
    encode([word.replace("{q}", str(task.quality)) for word in filled], figures)
    figures.size = made.stat().st_size


def encode(words: list[str], figures: Figures) -> None:
    """Run a command on one thread, and take its times."""
    path = program(words[0])
    if path is None:
        raise RuntimeError(f"{words[0]} is not on this machine")
    before, began = _children(), time.monotonic()
    done = subprocess.run([path, *words[1:]], env=os.environ | ONE_THREAD, capture_output=True, check=False)
    figures.wall.append(time.monotonic() - began)
    figures.cpu.append(_children() - before)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace")[:300])


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
