"""A batch: found for who asks, waited for, and ended by its owner."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import structlog
from sqlalchemy import Connection, func

from api.callers import Caller
from api.errors import BatchFull, BatchNotFound, DatabaseAway
from api.hub import Watch
from api.patience import renew_patience
from api.services import Services
from core.batches import (
    MOST_ENTRIES,
    Batch,
    find_batch,
    find_batch_owner,
    forget_refused_names,
    replace_job,
    take_place,
)
from core.jobs import Job
from core.metrics import count_finished
from core.record import advance
from core.transitions import CANCEL, EXPIRE, Status

log = structlog.get_logger(__name__)

TOGETHER = 25
"""Jobs that are ended in one transaction, well within the time of a request, and told to Redis in one round trip."""
GONE = (Status.CANCELED, Status.EXPIRED)


async def find_batch_for(services: Services, caller: Caller, batch_id: UUID) -> Batch:
    """Return the batch, if the caller may see it. Raises BatchNotFound."""
    batch = await services.database.run(find_batch, batch_id)
    if batch is None or not caller.may_see(batch.owner):
        raise BatchNotFound
    return batch


def join_batch(connection: Connection, caller: Caller, batch_id: UUID) -> int:
    """Take the next place in the batch for a job of the caller. Raises BatchNotFound, BatchFull."""
    owner = find_batch_owner(connection, batch_id)
    if owner is None or not caller.may_see(owner):
        raise BatchNotFound
    place = take_place(connection, batch_id)
    if place is None:
        raise BatchFull(limit=MOST_ENTRIES)
    return place


async def batch_when_over(services: Services, caller: Caller, batch_id: UUID, seconds: float) -> Batch:
    """Return the batch once all its jobs are over, or as it is after `seconds`. Raises BatchNotFound."""
    with services.hub.watch(batch_id) as watch:
        return await until_all_over(services, watch, await find_batch_for(services, caller, batch_id), seconds)


async def batch_when_changed(services: Services, caller: Caller, batch_id: UUID, seen: int, until: float) -> Batch:
    """Return the batch at a revision other than `seen`, or as it is `until` then (the loop's time). Raises BatchNotFound."""
    with services.hub.watch(batch_id) as watch:
        batch = await find_batch_for(services, caller, batch_id)
        while batch.rev == seen and not batch.is_over and not services.hub.closed and _now() < until:
            batch = await wait_for_state(services, watch, batch, until)
        return batch


async def until_all_over(services: Services, watch: Watch, batch: Batch, seconds: float) -> Batch:
    """Return the watched batch once all its jobs are over, or as it is after `seconds`."""
    until = _now() + seconds
    while not batch.is_over and not services.hub.closed and _now() < until:
        batch = await wait_for_state(services, watch, batch, until)
    return batch


async def wait_for_state(services: Services, watch: Watch, batch: Batch, until: float) -> Batch:
    """Return the batch after the next event, or read again after a silence. It may be as it was.

    Who waits outlives an outage of the database.
    """
    try:
        job = await watch.hear(until)
    except TimeoutError:
        renew_patience()
        with suppress(DatabaseAway):
            return await services.database.run(find_batch, batch.id) or batch
        return batch
    return batch if job is None else replace_job(batch, job) or batch


async def delete_batch(services: Services, caller: Caller, batch_id: UUID) -> None:
    """Cancel the batch's unfinished jobs; erase and expire the finished ones. Raises BatchNotFound."""
    batch = await find_batch_for(services, caller, batch_id)
    left = sorted(job.id for job in batch.jobs if job.status not in GONE)
    # In pieces, each in a transaction of its own: a large batch would take longer than a statement may.
    for start in range(0, len(left), TOGETHER):
        ended = await services.database.run_blob(0, end_jobs, left[start : start + TOGETHER])
        for job in ended:
            if job.status is Status.CANCELED:
                count_finished(job.status, job.source["format"], job.target_format)
        await services.redis.open_turn().publish_all(ended)
    await services.database.run(forget_refused_names, batch_id)
    log.info("batch deleted", batch=str(batch_id), jobs=len(left))


def end_jobs(connection: Connection, ids: Sequence[UUID]) -> list[Job]:
    """End all of these jobs as the deletion of each would, and return those that this changed.

    The ids are in order, so that two deletions at the same time never wait for each other in a circle.
    """
    steps = (
        advance(connection, CANCEL, job_id, finished_at=func.now()) or advance(connection, EXPIRE, job_id)
        for job_id in ids
    )
    return [job for job in steps if job is not None]


def _now() -> float:
    return asyncio.get_running_loop().time()
