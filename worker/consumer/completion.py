"""The end of a claim: stored in PostgreSQL under the fence, then acknowledged in Redis.

`complete_claim` stores the outcome and returns what became of the claim. `acknowledge` then publishes it.
`complete_claim` waits while PostgreSQL is away. Redis away costs nothing: the janitor removes the messages of finished jobs.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import structlog
from sqlalchemy import Connection, func

from core.blobs import store_result
from core.database import ERRORS, blob_transaction, is_away
from core.failures import FailureCode, InternalFailure
from core.formats import find
from core.jobs import Job, ResultFacts, SourceFacts
from core.names import name_result
from core.partitions import today
from core.queue import finish_message
from core.record import advance, find_job
from core.redis_client import AWAY
from core.storage import check_room
from core.transitions import FAIL, HAND_BACK, SUCCEED, Status, Transition
from engine.request import Converted, Outcome
from worker.consumer.context import Context, InFlightJob
from worker.consumer.outage import retry_while_away

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Completed:
    """Our claim ended the job."""

    job: Job


@dataclass(frozen=True, slots=True)
class AlreadyOver:
    """The job ended in another way, or its record is gone (None)."""

    job: Job | None


@dataclass(frozen=True, slots=True)
class ClaimLost:
    """The job is not over, but it is no longer ours."""

    job: Job


Completion = Completed | AlreadyOver | ClaimLost


def complete_claim(context: Context, claimed: InFlightJob, outcome: Outcome, result: int) -> Completion:
    """Store the outcome, and the result from the file `result`."""
    store = _store_failure if outcome.converted is None else _store_success
    job = store(context, claimed, outcome, result)
    # No row: the claim was lost, or the row has our end already because the answer to our COMMIT was lost.
    return Completed(job) if job is not None else read_completion(context, claimed)


def _store_success(context: Context, claimed: InFlightJob, outcome: Outcome, result: int) -> Job | None:
    described = _describe_result(claimed.job, outcome.converted, result)

    def store(connection: Connection) -> Job | None:
        day = today(connection)
        job = _end_job(connection, context, claimed, outcome, SUCCEED, result=described, result_day=day)
        if job is not None:
            check_room(connection, described["bytes"], context.settings.max_stored_bytes)
            os.lseek(result, 0, os.SEEK_SET)
            with os.fdopen(result, "rb", closefd=False) as data:
                store_result(connection, day, job.id, data, described["bytes"])
        return job

    try:
        return _commit_end(context, store, described["bytes"])
    except ERRORS as error:
        if is_away(error):
            # Too slow for all of our tries, which is not the picture's fault: another worker, or another hour, may do it.
            raise
        log.exception("result not stored, job failed")
        unstored = replace(outcome, converted=None, failure=InternalFailure().failure, warnings=())
        return _store_failure(context, claimed, unstored, result)


def _store_failure(context: Context, claimed: InFlightJob, outcome: Outcome, _result: int) -> Job | None:
    error = (outcome.failure or InternalFailure().failure).as_json()
    return _commit_end(context, lambda connection: _end_job(connection, context, claimed, outcome, FAIL, error=error))


def _commit_end(context: Context, store: Callable[[Connection], Job | None], size: int = 0) -> Job | None:
    """Return the ended job, or None when the fence rejected the UPDATE. `size` is that of the result to store."""

    def transaction() -> Job | None:
        with blob_transaction(context.engine, size) as connection:
            return store(connection)

    return retry_while_away("store the outcome", transaction)


def _end_job(
    connection: Connection,
    context: Context,
    claimed: InFlightJob,
    outcome: Outcome,
    step: Transition,
    *,
    error: Mapping[str, str] | None = None,
    result: ResultFacts | None = None,
    result_day: date | None = None,
) -> Job | None:
    source: SourceFacts = {**claimed.job.source}
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
        error=error,
        result=result,
        result_day=result_day,
    )


def _describe_result(job: Job, converted: Converted | None, result: int) -> ResultFacts:
    """Return the record's `result` for the bytes in the file. Its name is the upload's with the true extension."""
    if converted is None or (target := find(converted.format)) is None:
        raise ValueError("a success needs a converted image of a known format")
    os.lseek(result, 0, os.SEEK_SET)
    with os.fdopen(result, "rb", closefd=False) as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    return {
        "filename": name_result(job.filename, target.extension),
        "media_type": target.media_type,
        "bytes": os.fstat(result).st_size,
        "sha256": digest,
        "width": converted.width,
        "height": converted.height,
        "frames": converted.frames,
    }


def read_completion(context: Context, claimed: InFlightJob) -> Completion:
    """Read from the record why a claim could not be finished."""

    def read() -> Job | None:
        with context.engine.begin() as connection:
            return find_job(connection, claimed.job.id)

    job = retry_while_away("read the record", read)
    if job is None or (job.is_over and not _has_our_end(job, claimed)):
        return AlreadyOver(job)
    return Completed(job) if job.is_over else ClaimLost(job)


def _has_our_end(job: Job, claimed: InFlightJob) -> bool:
    """Return whether we wrote the end of this job, and only the answer to our COMMIT was lost.

    The janitor's `worker_lost` keeps the claim, and the janitor publishes it itself.
    """
    lost = job.error is not None and job.error["code"] == FailureCode.WORKER_LOST
    return job.claim == claimed.job.claim and job.status in {Status.SUCCEEDED, Status.FAILED} and not lost


def acknowledge(context: Context, claimed: InFlightJob, completion: Completion) -> None:
    """Publish our end of a job, and remove its message unless another job needs it."""
    match completion:
        case Completed(job=ended):
            context.publisher.publish(ended, remove=claimed.message_id)
        case AlreadyOver(job=found):
            # The end of a newer claim has removed a message already. This one may be the token of a waiting job.
            if found is None or found.claim == claimed.job.claim:
                _remove_message(context, claimed)
            log.info("job was already over", status=found.status if found else "gone")
        case ClaimLost(job=open_job):
            log.warning("claim lost, result rejected", status=open_job.status, newer_claim=open_job.claim)


def _remove_message(context: Context, claimed: InFlightJob) -> None:
    try:
        finish_message(context.redis, claimed.message_id)
    except AWAY as error:
        log.warning("message not removed, the janitor will remove it", error=str(error))


def hand_back(context: Context, claimed: InFlightJob) -> bool:
    """Return a job to the queue without counting the attempt; False when the claim was lost."""

    def give() -> Job | None:
        with context.engine.begin() as connection:
            return advance(connection, HAND_BACK, claimed.job.id, claim=claimed.job.claim, worker=None, started_at=None)

    job = retry_while_away("hand back", give)
    if job is None:
        return False
    context.publisher.publish(job, add=job.id, remove=claimed.message_id)
    return True
