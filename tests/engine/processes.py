"""Looking at processes, and waiting for what they do."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from conformance import images
from conformance.running import Boxed, Result
from worker.sandbox.supervisor import Handle

PATIENCE = 120.0
"""Seconds that a test waits for what should take a moment."""

LONG = 4 * PATIENCE


def until(true: Callable[[], bool]) -> None:
    """Wait for it, or fail the test."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def zygotes() -> list[int]:
    return [pid for pid in children_of(os.getpid()) if b"zygote" in command(pid) and alive(pid)]


def children_of(pid: int) -> list[int]:
    """By any of its threads: a process hangs below the thread that forked it."""
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    return [int(child) for task in tasks for child in read(task / "children").split()]


def command(pid: int) -> bytes:
    return read(Path(f"/proc/{pid}/cmdline"))


def read(path: Path) -> bytes:
    """What a file in /proc says, nothing when its process or thread is gone."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def alive(pid: int) -> bool:
    """Whether it runs; one that is dead but not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def the_zygote() -> int:
    # The kernel's list of children may miss one while another comes or goes.
    until(lambda: len(zygotes()) == 1)
    return zygotes()[0]


def started(boxed: Boxed, threads: ThreadPoolExecutor, handle: Handle | None = None) -> tuple[Future[Result], int]:
    """A job that is held in its child, and the child's pid."""
    zygote = the_zygote()
    before = set(children(zygote))
    future = threads.submit(boxed, images.oriented(1), hold=LONG, handle=handle)
    until(lambda: bool(set(children(zygote)) - before))
    (child,) = set(children(zygote)) - before
    return future, child


def children(pid: int) -> list[int]:
    """The conversions that run: processes that this one has started and not yet reaped, without those that wait."""
    return [child for child in all_children(pid) if read(Path(f"/proc/{child}/comm")) == b"converting\n"]


def all_children(pid: int) -> list[int]:
    """The processes that this one (with one thread) has started and not yet reaped."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if not listed.exists():
        pytest.skip("this kernel does not list the children of a process")
    return [int(child) for child in listed.read_text().split()]
