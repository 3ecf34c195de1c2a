"""The end of a claim: fenced in PostgreSQL first, told to Redis after the commit.

PostgreSQL away is waited out, since the result is in our hands and only the fence can say that it is not
wanted. Redis away costs nothing: the janitor removes messages of finished jobs.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePath
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, func

from core.announce import announce
from core.blobs import store_result
from core.database import ERRORS, blob_transaction
from core.failures import FailureCode, InternalFailure
from core.formats import find
from core.jobs import Job
from core.metrics import count_finished
from core.partitions import today
from core.queue import add_message, finish_message, remove_message
from core.record import advance, find_job
from core.redis_client import AWAY
from core.transitions import FAIL, HAND_BACK, SUCCEED, Status
from engine.request import Converted, Outcome
from worker.consumer.context import Context
from worker.consumer.in_flight import InFlightJob
from worker.consumer.retry import retry_while_away
from worker.metrics import FENCED, STAGE_SECONDS

log = structlog.get_logger(__name__)

T = TypeVar("T")


class Missed(Exception):
    """The fenced UPDATE found no row: the claim is not ours, or the answer to our COMMIT was lost."""


def succeed(context: Context, claimed: InFlightJob, outcome: Outcome, result: int) -> None:
    """Store the result that lies in the file `result` and end the job as succeeded. Raises Missed."""
    described = _describe(claimed.job, outcome.converted, result)

    def store(connection: Connection) -> Job | None:
        day = today(connection)
        job = _end(connection, context, claimed, outcome, SUCCEED, result=described, result_day=day)
        if job is not None:
            os.lseek(result, 0, os.SEEK_SET)
            with os.fdopen(result, "rb", closefd=False) as data:
                store_result(connection, day, job.id, data, described["bytes"])
        return job

    try:
        job = _persist(context, store)
    except ERRORS:
        log.exception("the result could not be stored")
        fail(context, claimed, replace(outcome, converted=None, failure=InternalFailure().failure, warnings=()))
        return
    _ended(context, claimed, job)


def fail(context: Context, claimed: InFlightJob, outcome: Outcome) -> None:
    """End the job as failed, with the outcome's failure. Raises Missed."""
    error = (outcome.failure or InternalFailure().failure).as_json()
    job = _persist(context, lambda connection: _end(connection, context, claimed, outcome, FAIL, error=error))
    _ended(context, claimed, job)


def hand_back(context: Context, claimed: InFlightJob) -> bool:
    """Give a job back to the queue at no cost; False when it is no longer ours to give."""

    def give() -> Job | None:
        with context.engine.begin() as connection:
            return advance(connection, HAND_BACK, claimed.job.id, claim=claimed.job.claim, worker=None, started_at=None)

    job = retry_while_away("hand back", give)
    if job is None:
        return False
    try:
        with context.redis.pipeline(transaction=True) as pipe:
            add_message(pipe, job.id)
            remove_message(pipe, claimed.message_id)
            announce(pipe, job, cache=context.settings.status_cache)
            pipe.execute()
    except AWAY as error:
        log.warning("handed back in the record only; the janitor tells the queue", error=str(error))
    return True


def settle(context: Context, claimed: InFlightJob) -> None:
    """A claim that could not be finished: look again, and acknowledge only what is over."""

    def look() -> Job | None:
        with context.engine.begin() as connection:
            return find_job(connection, claimed.job.id)

    job = retry_while_away("look again", look)
    if job is None or (job.over and not _is_ours(job, claimed)):
        _quietly(lambda: finish_message(context.redis, claimed.message_id))
        log.info("the job was over already", status=job.status if job else "gone")
    elif job.over:
        _ended(context, claimed, job)
    else:
        FENCED.inc()
        log.warning("fenced: the job belongs to another claim", status=job.status, newer_claim=job.claim)


def _is_ours(job: Job, claimed: InFlightJob) -> bool:
    """Whether the end that the record shows is the one that we wrote: then only its COMMIT's answer was lost.

    The janitor's `worker_lost` leaves the claim as it is, and tells of it itself.
    """
    lost = job.error is not None and job.error["code"] == FailureCode.WORKER_LOST
    return job.claim == claimed.job.claim and job.status in {Status.SUCCEEDED, Status.FAILED} and not lost


def _end(
    connection: Connection, context: Context, claimed: InFlightJob, outcome: Outcome, step: Any, **values: Any
) -> Job | None:
    source = dict(claimed.job.source)
    if outcome.source is not None:
        seen = outcome.source
        source |= {"format": seen.format, "width": seen.width, "height": seen.height, "frames": seen.frames}
    return advance(
        connection,
        step,
        claimed.job.id,
        claim=claimed.job.claim,
        source=source,
        warnings=[warned.as_json() for warned in outcome.warnings],
        finished_at=func.now(),
        expires_at=func.now() + timedelta(hours=context.settings.retention_hours),
        **values,
    )


def _persist(context: Context, store: Callable[[Connection], Job | None]) -> Job:
    """Run the transaction, waiting out a database that is away. Raises Missed when the fence forbids it."""

    def transaction() -> Job | None:
        with blob_transaction(context.engine) as connection:
            return store(connection)

    job = retry_while_away("store the outcome", transaction)
    if job is None:
        raise Missed
    return job


def _ended(context: Context, claimed: InFlightJob, job: Job) -> None:
    """After the commit: the message goes, and who waits hears of it."""
    _quietly(lambda: _tell(context, claimed, job))
    code = job.error["code"] if job.error else ""
    count_finished(job.status, job.source["format"], job.target_format, code)
    if job.finished_at is not None:
        STAGE_SECONDS.labels("total").observe((job.finished_at - job.created_at).total_seconds())
    log.info("finished", status=job.status, code=code)


def _tell(context: Context, claimed: InFlightJob, job: Job) -> None:
    with context.redis.pipeline(transaction=True) as pipe:
        remove_message(pipe, claimed.message_id)
        announce(pipe, job, cache=context.settings.status_cache)
        pipe.execute()


def _quietly(call: Callable[[], T]) -> None:
    try:
        call()
    except AWAY as error:
        log.warning("the queue was not told; the janitor removes the message", error=str(error))


def _describe(job: Job, converted: Converted | None, result: int) -> dict[str, Any]:
    """The record's `result` for the bytes in the file. The name is the upload's with the true extension."""
    if converted is None or (target := find(converted.format)) is None:
        raise ValueError("a success needs a converted image of a known format")
    os.lseek(result, 0, os.SEEK_SET)
    with os.fdopen(result, "rb", closefd=False) as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    return {
        "filename": f"{PurePath(job.filename).stem or 'image'}.{target.extension}",
        "media_type": target.media_type,
        "bytes": os.fstat(result).st_size,
        "sha256": digest,
        "width": converted.width,
        "height": converted.height,
        "frames": converted.frames,
    }
