"""Convert pictures in watched children, and add up the system calls that they made."""

import json
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from conformance import images
from conformance.running import LIMITS, Boxed
from conformance.syscalls.tracing_zygote import find_log
from core.formats import READABLE, TARGETS, is_installed
from worker.sandbox import seccomp
from worker.sandbox.supervisor import Sandbox

TRACING = "conformance.syscalls.tracing_zygote"
WAIT_SECONDS = 60.0
"""How long to wait for the last helper's line."""


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: how many conversions made it, and which formats."""

    name: str
    conversions: int
    formats: tuple[str, ...]


def measure_calls(convert: Callable[[Boxed], int]) -> list[Call]:
    """Run conversions, whose number `convert` returns. Return the calls that they made, most common first."""
    with watched_sandbox() as (boxed, log):
        count, end = convert(boxed), time.monotonic() + WAIT_SECONDS
        while log.read_bytes().count(b"\n") < count and time.monotonic() < end:
            time.sleep(0.05)
        return summarize_calls(log.read_text(encoding="utf-8").splitlines())


def summarize_calls(lines: list[str]) -> list[Call]:
    """Add up the lines of the children."""
    names = {number: name for name, number in seccomp.MACHINES[platform.machine()].numbers.items()}
    conversions, formats = Counter[str](), dict[str, set[str]]()
    for line in map(json.loads, lines):
        for number in line["calls"]:
            name = names.get(int(number), f"number {number}")
            conversions[name] += 1
            formats.setdefault(name, set()).update((line["source"], line["target"]))
    return [Call(name, count, tuple(sorted(formats[name]))) for name, count in conversions.most_common()]


@contextmanager
def watched_sandbox() -> Iterator[tuple[Boxed, Path]]:
    """Yield a sandbox whose children are watched, and the file that they write to."""
    log = find_log(os.getpid())
    log.write_bytes(b"")
    box = Sandbox(TRACING)
    try:
        box.prepare(jobs=2, budget=4 << 30)
        yield Boxed(box, LIMITS), log
    finally:
        box.close()
        log.unlink()


def convert_samples(boxed: Boxed) -> int:
    """Convert a few pictures that together need every kind of call: files, memory, threads."""
    large = images.encoded(Image.effect_noise((1500, 1200), 20).convert("RGB"), "JPEG")
    pairs = (
        (large, "jpeg", "gif"), (large, "jpeg", "jxl"), (large, "jpeg", "png"), (images.animated_gif(), "gif", "tiff"),
        (images.png_with_alpha(), "png", "heic" if is_installed_name("heic") else "avif"),
    )  # fmt: skip
    return sum(_convert_there_and_back(boxed, data, source, target) for data, source, target in pairs)


def convert_everything(boxed: Boxed) -> int:
    """Convert small pictures of three kinds and a large one to every format, and back."""
    large = images.encoded(Image.effect_noise((3000, 2000), 20).convert("RGB"), "JPEG")
    sources = (
        (images.oriented(6), "jpeg"), (images.png_with_alpha(), "png"), (images.animated_gif(), "gif"), (large, "jpeg"),
    )  # fmt: skip
    return sum(
        _convert_there_and_back(boxed, data, source, target.name)
        for target in filter(is_installed, TARGETS)
        for data, source in sources
    )


def is_installed_name(name: str) -> bool:
    """Return whether this machine writes that format."""
    return any(target.name == name and is_installed(target) for target in TARGETS)


def _convert_there_and_back(boxed: Boxed, data: bytes, source: str, target: str) -> int:
    result = boxed(data, source=source, target=target)
    if result.outcome.failure is not None or target not in {fmt.name for fmt in READABLE}:
        return 1
    boxed(result.data, source=target, target="bmp")
    return 2
