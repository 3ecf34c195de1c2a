"""Waiting for a job to change: one Redis subscription a process feeds all waiters.

Pub/sub loses events, so who waits also looks at the row from time to time. Nobody who waits holds a
thread or a connection.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from redis.asyncio.client import PubSub

from core.jobs import Job, decode_job
from core.redis_client import AWAY, AsyncRedisClient

log = structlog.get_logger(__name__)

RECHECK_SECONDS = 5.0
QUIET_SECONDS = 10.0
"""After so long without an event the subscription is tried with a ping."""
PONG_SECONDS = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds before the subscription is made again: doubled each time, up to the longest."""

Read = Callable[[UUID], Awaitable[Job | None]]


class Watch:
    """One waiter's view of one job. It keeps the events since its opening."""

    def __init__(self, hub: "Hub", job_id: UUID) -> None:
        self._hub = hub
        self._job_id = job_id
        self._now = asyncio.get_running_loop().time
        self._quiet_since = self._now()
        self.heard: asyncio.Queue[Job | None] = asyncio.Queue()

    def wake(self) -> None:
        """End the wait that goes on, or else the next one, without an event."""
        self.heard.put_nowait(None)

    async def wait_for_change(self, rev: int, until: float) -> Job | None:
        """Return the next state with a revision above `rev`.

        None when there was none `until` then (the loop's time), after a wake-up, or when the service stops.
        """
        while not self._hub.closed and self._now() < until:
            try:
                job = await self.hear(until)
                if job is None:
                    return None
            except TimeoutError:
                job = await self._hub.read(self._job_id)
            if job is not None and job.rev > rev:
                return job
        return None

    async def hear(self, until: float) -> Job | None:
        """Return the next event, None for a wake-up. Raises TimeoutError when it is time to look by oneself.

        That is `until` then, and after a silence: an event may be lost. Wake-ups do not break the silence.
        """
        try:
            async with asyncio.timeout_at(min(until, self._quiet_since + self._hub.recheck_seconds)):
                job = await self.heard.get()
        except TimeoutError:
            self._quiet_since = self._now()
            raise
        if job is not None:
            self._quiet_since = self._now()
        return job


class Hub:
    """All watches of the process, fed by one subscription. `read` reads a job's row."""

    def __init__(self, client: AsyncRedisClient, read: Read, *, recheck_seconds: float = RECHECK_SECONDS) -> None:
        self._client = client
        self.read = read
        self.recheck_seconds = recheck_seconds
        self.closed = False
        self._watches: defaultdict[UUID, set[Watch]] = defaultdict(set)

    @contextmanager
    def watch(self, job_id: UUID) -> Iterator[Watch]:
        """Watch a job, or all jobs of a batch by its id. Begin before the first look, so that no change falls between."""
        watch = Watch(self, job_id)
        self._watches[job_id].add(watch)
        try:
            yield watch
        finally:
            self._watches[job_id].discard(watch)
            if not self._watches[job_id]:
                del self._watches[job_id]

    def close(self) -> None:
        """End all waits, because the service stops."""
        self.closed = True
        for watch in [watch for watches in self._watches.values() for watch in watches]:
            watch.wake()

    async def listen(self) -> None:
        """Feed the watches until canceled, through every outage of Redis."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with self._client.pubsub() as subscription:
                    await subscription.subscribe(self._client.names.events)
                    while await self._hear(subscription):
                        pause = FIRST_PAUSE
            except AWAY as error:
                log.debug("no events from Redis", error=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _hear(self, subscription: PubSub) -> bool:
        """Take one message, or send a ping after a long silence; False when nothing answers the ping."""
        message = await subscription.get_message(timeout=QUIET_SECONDS)
        if message is None:
            await subscription.ping()
            message = await subscription.get_message(timeout=PONG_SECONDS)
        if message is not None and message["type"] == "message":
            self._deliver(message["data"])
        return message is not None

    def _deliver(self, body: str) -> None:
        try:
            job = decode_job(body)
        except ValueError as error:
            log.warning("an event that is none of ours", error=str(error))
            return
        for key in (job.id, job.batch_id):
            for watch in self._watches.get(key, ()) if key is not None else ():
                watch.heard.put_nowait(job)
