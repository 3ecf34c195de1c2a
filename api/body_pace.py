"""The pace of a body. It may take as long as it likes, as long as it moves: 50 MB on a slow line are welcome."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

STILL_SECONDS = 20.0
"""How long a body may stand still."""
PATIENCE_SECONDS = 30.0
LEAST_BYTES_PER_SECOND = 8192
"""A slow body uses up PATIENCE_SECONDS. Each byte gives back the time that it takes at this speed."""


class BodyPace:
    """The patience with one body. Only the time in which we wait for the client counts against it."""

    def __init__(self) -> None:
        self._left = PATIENCE_SECONDS

    async def wait_for(self, receive: Callable[[], Awaitable[T]], size_of: Callable[[T], int]) -> T:
        """Receive the next bytes. Raises TimeoutError when they stand still, or have been slow for too long."""
        began = _now()
        async with asyncio.timeout(min(STILL_SECONDS, self._left)):
            received = await receive()
        left = self._left - (_now() - began) + size_of(received) / LEAST_BYTES_PER_SECOND
        self._left = min(PATIENCE_SECONDS, max(0.0, left))
        return received


def _now() -> float:
    return asyncio.get_running_loop().time()
