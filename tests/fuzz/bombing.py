"""Bombs through the real sandbox: the code, the seconds, and the most memory that the child had."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from core.options import Options
from tests.fuzz.bombs import Bomb
from tests.matrix.limits import DEFAULT_LIMITS
from worker.request import Request
from worker.sandbox import Handle, Sandbox

SAMPLING_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Effect:
    """`seconds` by the clock, `cpu_seconds` of the child, `peak` resident bytes of the child (what it shares included)."""

    code: str
    seconds: float
    cpu_seconds: float
    peak: int
    size: int


def explode(box: Sandbox, bomb: Bomb, target: str = "png") -> Effect:
    """Convert it with the limits that a worker has by default."""
    data = bomb.make()
    request = Request(source=bomb.source, target=target, options=Options(), limits=DEFAULT_LIMITS)
    upload, result = os.memfd_create("upload"), os.memfd_create("result")
    try:
        os.write(upload, data)
        before, began = spent(), time.monotonic()
        with _watched() as peak:
            outcome = box.run(request, upload, result, Handle())
        took = time.monotonic() - began
        code = "ok" if outcome.failure is None else outcome.failure.code.value
        return Effect(code, took, spent() - before, max(peak), len(data))
    finally:
        os.close(upload)
        os.close(result)


def _zygotes() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "worker.zygote" in " ".join(child.cmdline())]


def spent() -> float:
    """Processor seconds of all children that have ended."""
    times = [zygote.cpu_times() for zygote in _zygotes()]
    return sum(one.children_user + one.children_system for one in times)


@contextmanager
def _watched() -> Iterator[list[int]]:
    """The list grows with the high-water marks of the zygotes' children (VmHWM of proc(5)), as long as they run."""
    found, ended = [0], threading.Event()
    zygotes = [zygote.pid for zygote in _zygotes()]

    def watch() -> None:
        while not ended.wait(SAMPLING_SECONDS):
            found.extend(_marks(zygotes))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def _marks(zygotes: list[int]) -> Iterator[int]:
    for zygote in zygotes:
        for pid in _read(f"/proc/{zygote}/task/{zygote}/children").split():
            lines = _read(f"/proc/{pid}/status").splitlines()
            yield from (int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - many times a second
            return file.read()
    except OSError:
        return ""
