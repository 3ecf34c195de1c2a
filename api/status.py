"""A job's state: asked for, waited for, followed, and ended by its owner."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import structlog
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from sqlalchemy import Connection, func

from api.callers import Caller
from api.errors import DatabaseAway, JobNotFound
from api.hub import Watch
from api.metrics import STATUS_CACHE
from api.redis_gate import RedisAway, Turn
from api.services import Services
from core.job_answers import job_answer
from core.jobs import Job
from core.metrics import count_finished
from core.record import advance, find_job
from core.status_cache import decode_cached
from core.transitions import CANCEL, EXPIRE, Status

log = structlog.get_logger(__name__)

KEEPALIVE_SECONDS = 15.0
STREAM_SECONDS = 300.0
"""Then the stream ends; a browser asks again by itself."""


async def current_job(services: Services, turn: Turn, job_id: UUID) -> Job:
    """Return the job from the cache, else from the record. Raises JobNotFound."""
    if not services.settings.status_cache:
        STATUS_CACHE.labels("off").inc()
        return await recorded_job(services, job_id)
    cached = await _read_cached(turn, job_id)
    if cached is not None:
        return cached
    job = await recorded_job(services, job_id)
    await turn.cache_state(job)
    return job


async def recorded_job(services: Services, job_id: UUID) -> Job:
    """Return the job from the record. Raises JobNotFound."""
    job = await services.database.run(find_job, job_id)
    if job is None:
        raise JobNotFound
    return job


async def check_owner(services: Services, turn: Turn, caller: Caller, job_id: UUID) -> None:
    """Raise JobNotFound for a job of somebody else, as for none at all: nobody learns which ids there are."""
    if caller.key_id is None:
        return
    owner = services.owners.get(job_id)
    if owner is None:
        # An entry that an API of the release before has cached names no owner.
        owner = (await current_job(services, turn, job_id)).owner or (await recorded_job(services, job_id)).owner
        services.owners.put(job_id, owner)
    if not caller.may_see(owner):
        raise JobNotFound


async def job_when_over(services: Services, turn: Turn, job_id: UUID, seconds: float) -> Job:
    """Return the job at its first final state, or as it is after `seconds`. Raises JobNotFound."""
    with services.hub.watch(job_id) as watch:
        return await until_over(services, watch, await current_job(services, turn, job_id), seconds)


async def job_when_changed(services: Services, turn: Turn, job_id: UUID, seen: int, until: float) -> Job:
    """Return the job at a revision above `seen`, or as it is `until` then (the loop's time). Raises JobNotFound."""
    with services.hub.watch(job_id) as watch:
        job = await current_job(services, turn, job_id)
        if job.rev > seen or job.is_over:
            return job
        return await _wait_for_next(watch, seen, until) or job


async def until_over(services: Services, watch: Watch, job: Job, seconds: float) -> Job:
    """Return the watched job at its first final state, or as it is after `seconds`, or when the service stops."""
    now = asyncio.get_running_loop().time
    until = now() + seconds
    while not job.is_over and now() < until and not services.hub.closed:
        job = await _wait_for_next(watch, job.rev, until) or job
    return job


async def job_events(services: Services, job_id: UUID, seen: int, prefix: str) -> AsyncIterator[bytes]:
    """Yield the job's states above the revision `seen` as server-sent events, in their order, until it is over.

    While it waits, its place in the queue is an event too (api.places). The first state is sent even if the service stops meanwhile.
    """
    now = asyncio.get_running_loop().time
    quiet_since, until = now(), now() + STREAM_SECONDS
    with services.hub.watch(job_id) as watch, services.places.follow(watch.wake) as follower:
        job = await recorded_job(services, job_id)
        while True:
            follower.look_at([job])
            changes = [_encode_event(job, prefix)] if job.rev > seen else []
            seen = max(seen, job.rev)
            keepalive = [KEEPALIVE_COMMENT] if now() >= quiet_since + KEEPALIVE_SECONDS else []
            for event in (*changes, *follower.take_events(), *keepalive):
                quiet_since = now()
                yield event
            if services.hub.closed or now() >= until or job.is_over:
                return
            job = await _wait_for_next(watch, seen, min(until, quiet_since + KEEPALIVE_SECONDS)) or job


async def delete_job(services: Services, turn: Turn, job_id: UUID) -> None:
    """Cancel an unfinished job; erase and expire a finished one. Raises JobNotFound."""
    job, changed = await services.database.run(_end_job, job_id)
    if job is None:
        raise JobNotFound
    if not changed:
        return
    if job.status is Status.CANCELED:
        count_finished(job.status, job.source["format"], job.target_format)
    await turn.publish(job)
    log.info("deleted", status=job.status)


def _end_job(connection: Connection, job_id: UUID) -> tuple[Job | None, bool]:
    """Return the job, and whether this changed it. A job already finished is expired instead."""
    job = advance(connection, CANCEL, job_id, finished_at=func.now()) or advance(connection, EXPIRE, job_id)
    return (find_job(connection, job_id), False) if job is None else (job, True)


async def _read_cached(turn: Turn, job_id: UUID) -> Job | None:
    try:
        value = await turn.ask(lambda client: client.get(client.names.status(job_id)))
        job = decode_cached(str(value)) if value else None
    except (RedisAway, ValueError):
        STATUS_CACHE.labels("error").inc()
        return None
    STATUS_CACHE.labels("hit" if job else "miss").inc()
    return job


async def _wait_for_next(watch: Watch, seen: int, until: float) -> Job | None:
    """Return the next state, None for a while without one. Who waits outlives an outage of the database."""
    try:
        return await watch.wait_for_change(seen, until)
    except DatabaseAway:
        return None


def _encode_event(job: Job, prefix: str) -> bytes:
    return format_sse_event(data_str=job_answer(job, prefix).model_dump_json(), event="status", id=str(job.rev))
