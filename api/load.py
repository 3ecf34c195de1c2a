"""How late the service is: jobs that end in a time, and how long a piece of work waits until it begins.

Who would have to wait for too long is told so at once. What was taken before keeps its time.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from api.errors import Busy, LongQueue
from api.metrics import count_busy

WINDOW_SECONDS = 30.0
FEWEST_ENDS = 5
"""Ended jobs from which a rate is made. Without workers there is none: they may be about to start."""
MOST_ENDS = 10_000
SHORTEST_SECONDS = 2.0

LOOK_SECONDS = 0.25
MOST_DELAY_SECONDS = 1.0
"""A piece of work that waits for longer before it begins comes too late. An upload has five of them."""
LOOKS = 4
"""So many looks in a row must find it late: one may be chance."""
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 5, 60


class Throughput:
    """How many jobs end in a second, over all workers. The events of jobs tell it, so it costs no question."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: deque[float] = deque(maxlen=MOST_ENDS)

    def note_end(self) -> None:
        """Note that a job has ended."""
        self._ends.append(self._clock())

    def find_rate(self) -> float | None:
        """Return how many jobs end in a second; None if hardly any has lately."""
        now = self._clock()
        while self._ends and self._ends[0] < now - WINDOW_SECONDS:
            self._ends.popleft()
        if len(self._ends) < FEWEST_ENDS:
            return None
        return len(self._ends) / max(SHORTEST_SECONDS, now - self._ends[0])


class QueueTime:
    """Refuses jobs that would wait for more than `most` seconds; 0 allows any time."""

    def __init__(self, throughput: Throughput, most: float) -> None:
        self._throughput = throughput
        self._most = most

    def admit(self, queued: int, *, has_waiting: bool) -> None:
        """Raise LongQueue. A client without a waiting job is next in a fair line, so it has twice the time."""
        rate = self._throughput.find_rate()
        if not self._most or rate is None:
            return
        seconds = queued / rate
        if seconds > self._most * (1 if has_waiting else 2):
            retry = round(min(LONGEST_RETRY_SECONDS, max(RETRY_SECONDS, seconds - self._most)))
            raise LongQueue(jobs=queued, seconds=round(seconds), retry_after=retry)


class Lateness:
    """Measures how long work waits for the event loop and a thread, by work that does nothing."""

    def __init__(
        self, wait_for_thread: Callable[[], Awaitable[None]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wait_for_thread = wait_for_thread
        self._clock = clock
        self._delays: deque[float] = deque([0.0] * LOOKS, maxlen=LOOKS)

    async def watch(self) -> None:
        """Measure until canceled."""
        while True:
            began = self._clock()
            await self._wait_for_thread()
            self._delays.append(self._clock() - began)
            await asyncio.sleep(LOOK_SECONDS)

    def admit(self) -> None:
        """Raise Busy while all work is late."""
        if min(self._delays) > MOST_DELAY_SECONDS:
            count_busy("work")
            raise Busy(what="work", retry_after=RETRY_SECONDS)
