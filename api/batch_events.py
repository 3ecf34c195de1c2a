"""A batch as server-sent events: first all of it, then each job that changes, last all of it again.

Between them it tells the places of its jobs in the queue (api.places).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from api import status
from api.batches import find_batch_for, wait_for_state
from api.callers import Caller
from api.services import Services
from core.batch_answers import batch_answer
from core.batches import Batch
from core.job_answers import job_answer
from core.jobs import Job


async def batch_events(
    services: Services, caller: Caller, batch_id: UUID, seen: int, prefix: str
) -> AsyncIterator[bytes]:
    """Yield the batch's events after the one with the id `seen` (0: none), until it is over or for five minutes.

    What changed between two events that were missed cannot be told one by one, so the whole batch is sent again.
    """
    now = asyncio.get_running_loop().time
    until = now() + status.STREAM_SECONDS
    with services.hub.watch(batch_id) as watch, services.places.follow(watch.wake) as follower:
        batch = await find_batch_for(services, caller, batch_id)
        if seen != batch.rev:
            yield _encode_batch(batch, prefix)
        quiet_since = now()
        follower.look_at(batch.jobs)
        while not (batch.is_over or services.hub.closed or now() >= until):
            soon = min(until, quiet_since + status.KEEPALIVE_SECONDS)
            newer = await wait_for_state(services, watch, batch, soon)
            follower.look_at(newer.jobs)
            for event in (*_changes(batch, newer, prefix), *follower.take_events()):
                quiet_since = now()
                yield event
            batch = newer
            if now() >= quiet_since + status.KEEPALIVE_SECONDS:
                quiet_since = now()
                yield KEEPALIVE_COMMENT


def _changes(before: Batch, after: Batch, prefix: str) -> Iterator[bytes]:
    """Yield an event for each job that is new or changed, and the whole batch when it is over with that."""
    known = {job.id: job.rev for job in before.jobs}
    changed = [job for job in after.jobs if job.rev > known.get(job.id, 0)]
    rev = before.rev
    for number, job in enumerate(changed, 1):
        rev += job.rev - known.get(job.id, 0)
        # The last change has no id, for the batch that follows has it: who lost that one must not seem to have seen it.
        is_last = after.is_over and number == len(changed)
        yield _encode_job(job, None if is_last else rev, prefix)
    if after.is_over and not before.is_over:
        yield _encode_batch(after, prefix)


def _encode_batch(batch: Batch, prefix: str) -> bytes:
    return format_sse_event(data_str=batch_answer(batch, prefix).model_dump_json(), event="batch", id=str(batch.rev))


def _encode_job(job: Job, rev: int | None, prefix: str) -> bytes:
    data = job_answer(job, prefix).model_dump_json()
    return format_sse_event(data_str=data, event="job", id=None if rev is None else str(rev))
