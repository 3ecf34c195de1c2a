"""A folder whose files are converted as they appear, each once it has stopped growing."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from imagemill_client.command.converting import Converter
from imagemill_client.command.exits import Exit
from imagemill_client.command.plans import Naming, Task, walk
from imagemill_client.errors import KeyRefused, ServiceUnavailable, TryLater

AGAIN_AFTER = 15.0
"""Seconds until a file is tried again after the service was away."""

Look = tuple[int, int]
"""Size and time of the last change."""


@dataclass(slots=True)
class Folder:
    """What was seen of a folder. A file is ready when it looked the same for `settle` seconds."""

    path: Path
    naming: Naming
    settle: float
    recursive: bool = False
    without: Path | None = None
    clock: Callable[[], float] = time.monotonic
    _seen: dict[Path, tuple[Look, float]] = field(default_factory=dict)
    _taken: dict[Path, Look] = field(default_factory=dict)
    _not_before: dict[Path, float] = field(default_factory=dict)

    def take_ready(self) -> list[Task]:
        """Look at the folder, and return the files that are ready and were not taken as they are now."""
        now = self.clock()
        files = {path: look for path in self._list() if (look := _look_at(path))}
        self._seen = {
            path: (look, self._seen[path][1] if path in self._seen and self._seen[path][0] == look else now)
            for path, look in files.items()
        }
        self._taken = {path: look for path, look in self._taken.items() if path in files}
        ready = [path for path in files if self._is_ready(path, now)]
        self._taken |= {path: files[path] for path in ready}
        return [Task(path, self.naming.make_target(path, self.path)) for path in ready]

    def put_back(self, task: Task) -> None:
        """Return a file that could not be tried; it comes again later."""
        self._taken.pop(task.source, None)
        self._not_before[task.source] = self.clock() + AGAIN_AFTER

    def _is_ready(self, path: Path, now: float) -> bool:
        look, since = self._seen[path]
        if now < self._not_before.get(path, now) or self._taken.get(path) == look:
            return False
        return look[0] > 0 and now - since >= self.settle

    def _list(self) -> Iterator[Path]:
        found = walk(self.path, without=self.without) if self.recursive else sorted(self.path.iterdir())
        return (path for path in found if self.naming.is_image(path) and path.is_file())


def _look_at(path: Path) -> Look | None:
    with suppress(OSError):
        stat = path.stat()
        return stat.st_size, stat.st_mtime_ns
    return None


async def watch(folder: Folder, converter: Converter, jobs: int, interval: float) -> Exit:
    """Convert what appears until the key is refused, or the caller cancels. Raises OSError when the folder goes."""
    free = asyncio.Semaphore(jobs)
    ended = asyncio.Event()

    async def handle(task: Task) -> None:
        async with free:
            outcome = await converter.convert(task)
        if isinstance(outcome.error, KeyRefused):
            ended.set()
        elif isinstance(outcome.error, ServiceUnavailable | TryLater):
            folder.put_back(task)

    async with asyncio.TaskGroup() as group:
        while not ended.is_set():
            for task in folder.take_ready():
                group.create_task(handle(task))
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), interval)
    return Exit.KEY
