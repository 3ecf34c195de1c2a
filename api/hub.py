"""Waiting for a job to change: one Redis subscription a process feeds all waiters.

Pub/sub loses events, so who waits also looks at the row from time to time, and one look serves all who wait for the same
job. Nobody who waits holds a thread or a connection.
"""

import asyncio
import math
import random
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from redis.asyncio.client import PubSub

from api.shared_reads import SharedReads
from core.jobs import Job, decode_job
from core.redis_client import AWAY, AsyncRedisClient

log = structlog.get_logger(__name__)

RECHECK_SECONDS = 5.0
QUIET_SECONDS = 10.0
"""After so long without an event the subscription is tried with a ping."""
PONG_SECONDS = 2.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
"""Seconds before the subscription is made again: doubled each time, up to the longest."""

CROWD = 20
"""Watches of one job that are told at once. A larger crowd is told in groups of so many, so that others get their turn."""
CROWD_PAUSE_SECONDS = 0.01
JITTER = 0.2
"""Watches that began together look again at different times."""

Read = Callable[[UUID], Awaitable[Job | None]]


class Watch:
    """One waiter's view of one job. It keeps the events since its opening."""

    def __init__(self, hub: "Hub", job_id: UUID) -> None:
        self._hub = hub
        self._job_id = job_id
        self._now = asyncio.get_running_loop().time
        self._quiet_since = self._now()
        self._patience = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
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
                job = await self._hub.look_again(self._job_id)
            if job is not None and job.rev > rev:
                return job
        return None

    async def hear(self, until: float) -> Job | None:
        """Return the next event, None for a wake-up. Raises TimeoutError when it is time to look by oneself.

        That is `until` then, and after a silence: an event may be lost. Wake-ups do not break the silence.
        """
        try:
            async with asyncio.timeout_at(min(until, self._quiet_since + self._patience * self._hub.recheck_seconds)):
                job = await self.heard.get()
        except TimeoutError:
            self._quiet_since = self._now()
            raise
        if job is not None:
            self._quiet_since = self._now()
        return job


class Hub:
    """All watches of the process, fed by one subscription. `read` reads a job's row; `note_change` hears of every job."""

    def __init__(
        self,
        client: AsyncRedisClient,
        read: Read,
        *,
        recheck_seconds: float = RECHECK_SECONDS,
        note_change: Callable[[Job], object] = bool,
    ) -> None:
        self._client = client
        self.read = SharedReads(read).read
        self.recheck_seconds = recheck_seconds
        self.closed = False
        self._note_change = note_change
        self._watches: defaultdict[UUID, set[Watch]] = defaultdict(set)
        self._looks: dict[UUID, tuple[float, Job | None]] = {}
        self._line: deque[tuple[UUID, Watch, Job]] = deque()
        self._in_line: Counter[UUID] = Counter()

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
                self._looks.pop(job_id, None)

    async def look_again(self, job_id: UUID) -> Job | None:
        """Return the job as its row is, or as another watch of it saw it a short while ago."""
        now = asyncio.get_running_loop().time()
        seen_at, job = self._looks.get(job_id, (-math.inf, None))
        if now - seen_at > self.recheck_seconds / 2:
            job = await self.read(job_id)
            if job_id in self._watches:
                self._looks[job_id] = (now, job)
        return job

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
        self._note_change(job)
        for key in (job.id, job.batch_id):
            if key is not None:
                self._tell(key, job)

    def _tell(self, key: UUID, job: Job) -> None:
        """Tell all watches of a key, a large crowd in groups. Events of one key stay in their order."""
        watches = self._watches.get(key, set())
        if len(watches) <= CROWD and not self._in_line[key]:
            for watch in watches:
                watch.heard.put_nowait(job)
            return
        is_idle = not self._line
        self._line.extend((key, watch, job) for watch in watches)
        self._in_line[key] += len(watches)
        if is_idle:
            self._tell_group()

    def _tell_group(self) -> None:
        for _ in range(min(CROWD, len(self._line))):
            key, watch, job = self._line.popleft()
            watch.heard.put_nowait(job)
            self._in_line[key] -= 1
            if not self._in_line[key]:
                del self._in_line[key]
        if self._line:
            asyncio.get_running_loop().call_later(CROWD_PAUSE_SECONDS, self._tell_group)
