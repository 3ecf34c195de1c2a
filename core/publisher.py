"""Publish the change of a commit: the message for the workers, the cached state, the event.

PostgreSQL has the change already, and Redis may be away. The janitor then reconciles the stream with the record, cached
states expire, and every waiting client also looks at the row from time to time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog

from core.jobs import Job, encode_job
from core.queue import add_message, remove_message
from core.redis_client import AWAY, AnyPipeline, AsyncRedisClient, RedisClient
from core.status_cache import write_cache
from core.transitions import Status

log = structlog.get_logger(__name__)


def pipe_change(
    pipe: AnyPipeline, job: Job, *, cache: bool, add: UUID | None = None, remove: str | None = None
) -> None:
    """Put all consequences of a job's change in Redis on a pipeline.

    `add` is the job that needs a new message. `remove` is the id of a message that is done; it needs a MULTI pipeline.
    """
    if add is not None:
        add_message(pipe, add)
    if remove is not None:
        remove_message(pipe, remove)
    body = encode_job(job)
    if cache:
        write_cache(pipe, job, body)
    pipe.publish(pipe.names.events, body)
    if job.status is Status.CANCELED:
        pipe.publish(pipe.names.canceled, str(job.id))


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes for worker and janitor. `cache`: whether states are cached. While Redis is away, it logs and goes on."""

    client: RedisClient
    cache: bool

    def publish(self, job: Job, *, add: UUID | None = None, remove: str | None = None) -> None:
        """Publish one change, with the message to add or to remove."""
        try:
            # MULTI only with a removal: XACK and XDEL go together, and with the new message of a job that is handed back.
            with self.client.pipeline(transaction=remove is not None) as pipe:
                pipe_change(pipe, job, cache=self.cache, add=add, remove=remove)
                pipe.execute()
        except AWAY as error:
            if add is None and remove is None:
                log.debug("change not published", job=str(job.id), error=str(error))
            else:
                log.warning("stream not changed, the janitor will reconcile it", job=str(job.id), error=str(error))

    def publish_all(self, jobs: Iterable[Job]) -> None:
        """Publish many changes in one round trip. The stream stays as it is."""
        changed = list(jobs)
        try:
            with self.client.pipeline(transaction=False) as pipe:
                for job in changed:
                    pipe_change(pipe, job, cache=self.cache)
                pipe.execute()
        except AWAY as error:
            log.debug("changes not published", jobs=len(changed), error=str(error))


@dataclass(frozen=True, slots=True)
class AsyncPublisher:
    """Publishes for the API. Its breaker must see every error of Redis, so nothing is caught here."""

    client: AsyncRedisClient
    cache: bool

    async def publish(self, job: Job, *, add: UUID | None = None) -> None:
        """Publish one change, with the message to add, in one round trip."""
        async with self.client.pipeline(transaction=False) as pipe:
            pipe_change(pipe, job, cache=self.cache, add=add)
            await pipe.execute()

    async def publish_all(self, jobs: Iterable[Job], *, add: bool = False) -> None:
        """Publish many changes, each with its message if they are to `add`, in one round trip."""
        async with self.client.pipeline(transaction=False) as pipe:
            for job in jobs:
                pipe_change(pipe, job, cache=self.cache, add=job.id if add else None)
            await pipe.execute()

    async def cache_state(self, job: Job) -> None:
        """Cache a state read from the row. Nobody else hears of it."""
        async with self.client.pipeline(transaction=False) as pipe:
            write_cache(pipe, job, encode_job(job))
            await pipe.execute()
