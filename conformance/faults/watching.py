"""The queue beside the record, all the time: how far XLEN is from the jobs that wait or run.

The autoscaler follows XLEN. Too few messages and it takes workers away from running jobs; too many, and it keeps idle ones.
"""

import threading
import time
from dataclasses import dataclass, field

import psycopg2
import redis

from conformance.faults.stand import Stand
from conformance.names import STREAM

EVERY_SECONDS = 0.2
MOST_SECONDS = 1.0


@dataclass(eq=False)
class Watch:
    """Sums up the difference, in messages times seconds, and the seconds without any message while a job runs.

    While a database is away nothing is counted."""

    stand: Stand
    surplus: float = 0.0
    lack: float = 0.0
    asleep: float = 0.0
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self) -> None:
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._end.set()
        assert self._thread is not None
        self._thread.join(30)

    def _run(self) -> None:
        last = time.monotonic()
        while not self._end.wait(EVERY_SECONDS):
            try:
                difference, is_asleep = self._compare()
            except (psycopg2.Error, redis.RedisError, OSError):
                difference, is_asleep = 0, False
            now = time.monotonic()
            # One that took long was not answered for most of it.
            span = min(now - last, MOST_SECONDS)
            self.asleep += is_asleep * span
            self.surplus += max(0, difference) * span
            self.lack += max(0, -difference) * span
            last = now

    def _compare(self) -> tuple[int, bool]:
        """Return how many messages there are too many (or too few) whatever happened meanwhile, and whether there is none at all."""
        before = self._count()
        with self.stand.redis_client() as client:
            messages = int(client.xlen(STREAM))
        after = self._count()
        low, high = min(before, after), max(before, after)
        return max(0, messages - high) - max(0, low - messages), not messages and low > 0

    def _count(self) -> int:
        ((count,),) = self.stand.sql("SELECT count(*) FROM jobs WHERE status IN ('queued', 'processing')")
        return int(str(count))
