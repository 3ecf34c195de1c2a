"""One read of a row for all who ask for it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


class SharedReads(Generic[T]):
    """Reads by id. Who asks while a read runs gets the next one, so that no answer is older than its question."""

    def __init__(self, read: Callable[[UUID], Awaitable[T]]) -> None:
        self._read = read
        self._running: dict[UUID, asyncio.Task[T]] = {}
        self._next: dict[UUID, asyncio.Task[T]] = {}

    async def read(self, key: UUID) -> T:
        """Return the row. An error of the read is everybody's."""
        task = self._next.get(key)
        if task is None:
            task = self._next[key] = asyncio.create_task(self._read_after(self._running.get(key), key))
            task.add_done_callback(_mark_seen)
        # One of them may go away, and the others still wait.
        return await asyncio.shield(task)

    async def _read_after(self, before: asyncio.Task[T] | None, key: UUID) -> T:
        if before is not None:
            await asyncio.wait([before])
        self._running[key] = task = self._next.pop(key)
        try:
            return await self._read(key)
        finally:
            if self._running.get(key) is task:
                del self._running[key]


def _mark_seen(task: asyncio.Task[T]) -> None:
    """Look at the error of a read, so that asyncio does not log it where all who asked have gone."""
    if not task.cancelled():
        task.exception()
