"""Bombs through the real sandbox: the code, the seconds, and the peak memory of the child."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from conformance.fuzz.bomb import Bomb
from conformance.fuzz.campaign import zygotes
from conformance.matrix.limits import DEFAULT_LIMITS
from conformance.running import memory_files
from core.options import Options
from engine.request import Request
from worker.sandbox.supervisor import Handle, Sandbox

SAMPLING_SECONDS = 0.002
MOST_SECONDS = 5.0
"""Of the processor: the clock on the wall also counts what other processes of a busy machine take."""

MOST_MEMORY = 300 << 20
LIMITS = replace(DEFAULT_LIMITS, memory_bytes=MOST_MEMORY)
"""A child that wanted more would get none, and end as `memory_limit`, which is no bomb's right end."""


@dataclass(frozen=True, slots=True)
class Effect:
    """`seconds` by the clock, `cpu_seconds` of the child, `peak` resident bytes of the child (shared ones included).

    The peak is sampled: of a child that ends within a few milliseconds it is what it had when it began.
    """

    code: str
    seconds: float
    cpu_seconds: float
    peak: int
    size: int


def explode(box: Sandbox, source: str, data: bytes, target: str = "png") -> Effect:
    """Convert a bomb with the default limits of a worker, but less memory."""
    request = Request(source=source, target=target, options=Options(), limits=LIMITS)
    with memory_files(data) as (upload, result):
        before, began = spent(), time.monotonic()
        with _watch_peak() as peak:
            outcome = box.run(request, upload, result, Handle())
        took = time.monotonic() - began
        code = "ok" if outcome.failure is None else outcome.failure.code.value
        return Effect(code, took, spent() - before, max(peak), len(data))


def spent() -> float:
    """Return the processor seconds of all ended children."""
    times = [zygote.cpu_times() for zygote in zygotes()]
    return sum(one.children_user + one.children_system for one in times)


def is_right(bomb: Bomb, effect: Effect) -> bool:
    """Whether it ended as it has to, in little time and memory."""
    return effect.code in bomb.codes and effect.cpu_seconds < MOST_SECONDS and effect.peak < MOST_MEMORY


@contextmanager
def _watch_peak() -> Iterator[list[int]]:
    """The list grows with the high-water marks of the zygotes' children (VmHWM of proc(5)), as long as they run."""
    parents, ended = [zygote.pid for zygote in zygotes()], threading.Event()
    found = [0, *_read_marks(parents)]

    def watch() -> None:
        while not ended.wait(SAMPLING_SECONDS):
            found.extend(_read_marks(parents))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def _read_marks(parents: list[int]) -> Iterator[int]:
    for parent in parents:
        for pid in _read_text(f"/proc/{parent}/task/{parent}/children").split():
            lines = _read_text(f"/proc/{pid}/status").splitlines()
            yield from (int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def _read_text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - many times a second
            return file.read()
    except OSError:
        return ""
