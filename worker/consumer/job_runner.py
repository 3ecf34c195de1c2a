"""Run one claimed job: fetch, convert, store.

Whatever goes wrong here, the job is finished under our claim, found over or no longer ours, handed back, or abandoned.
The janitor takes an abandoned job back when its lease expires.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.blobs import read_upload
from core.database import blob_transaction
from core.logs import name_job
from core.metrics import count_finished
from core.options import Options
from engine.request import Limits, Outcome, Request
from worker.consumer.completion import (
    ClaimLost,
    Completed,
    Completion,
    acknowledge,
    complete_claim,
    hand_back,
    read_completion,
)
from worker.consumer.context import Context, InFlightJob
from worker.consumer.job_log import RunLog
from worker.consumer.outage import retry_while_away
from worker.metrics import FENCED
from worker.sandbox.supervisor import Killed, SandboxLost

log = structlog.get_logger(__name__)


def run_job(context: Context, claimed: InFlightJob) -> None:
    """Run a claimed job until this worker no longer has it. Never raises."""
    with structlog.contextvars.bound_contextvars(**name_job(claimed.job), claim=claimed.job.claim):
        try:
            run = RunLog()
            run.observe_wait(claimed.job)
            _fetch_convert_store(context, claimed, run)
        except SandboxLost:
            log.warning("sandbox lost, job abandoned, its lease will expire")
        except Exception:
            log.exception("job abandoned, its lease will expire")
        finally:
            context.in_flight.remove_job(claimed)


def _fetch_convert_store(context: Context, claimed: InFlightJob, run: RunLog) -> None:
    with _memory_file("upload") as upload, _memory_file("result") as result:
        try:
            found = _fetch_upload(context, claimed, run, upload)
            outcome = _convert_upload(context, claimed, run, upload, result) if found else None
        except Killed:
            # The job was canceled, its claim was lost, or it is to be handed back.
            if claimed.must_hand_back and hand_back(context, claimed):
                log.info("handed back")
                return
            outcome = None
        if outcome is None:
            completion = read_completion(context, claimed)
            acknowledge(context, claimed, completion)
        else:
            with run.measure_stage("store"):
                completion = complete_claim(context, claimed, outcome, result)
                acknowledge(context, claimed, completion)
    _count_completion(context, claimed, completion, run)


def _count_completion(context: Context, claimed: InFlightJob, completion: Completion, run: RunLog) -> None:
    """Count the completion of a claim, and write the line of the job's end."""
    match completion:
        case Completed(job=ended):
            code = ended.error["code"] if ended.error else ""
            count_finished(ended.status, ended.source["format"], ended.target_format, code)
            run.write_end(ended, claimed.handle.usage, with_name=context.settings.log_filenames)
        case ClaimLost():
            FENCED.inc()


def _fetch_upload(context: Context, claimed: InFlightJob, run: RunLog, upload: int) -> bool:
    """Read the upload into memory; False when it is gone because the job was canceled or is over."""

    def read() -> int | None:
        os.ftruncate(upload, 0)
        os.lseek(upload, 0, os.SEEK_SET)
        size = claimed.job.source["bytes"]
        with blob_transaction(context.engine, size) as connection, os.fdopen(upload, "wb", closefd=False) as sink:
            return read_upload(connection, claimed.job.upload_day, claimed.job.id, sink)

    with run.measure_stage("fetch"):
        found = retry_while_away("fetch the upload", read) is not None
    os.lseek(upload, 0, os.SEEK_SET)
    # Sealed, so that a child cannot grow the file: that memory is in no reservation.
    fcntl.fcntl(upload, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return found


def _convert_upload(context: Context, claimed: InFlightJob, run: RunLog, upload: int, result: int) -> Outcome:
    with run.measure_stage("convert"):
        outcome = context.sandbox.run(make_request(context, claimed), upload, result, claimed.handle)
    run.note_outcome(outcome)
    return outcome


def make_request(context: Context, claimed: InFlightJob) -> Request:
    """Return the request for the sandbox."""
    settings = context.settings
    return Request(
        source=claimed.job.source["format"],
        target=claimed.job.target_format,
        options=Options.of(claimed.job.options),
        limits=Limits(
            max_pixels=settings.max_pixels,
            max_frames=settings.max_frames,
            max_result_bytes=settings.max_result_bytes,
            memory_bytes=settings.job_memory_bytes,
            seconds=settings.job_seconds,
            wall_seconds=settings.job_wall_seconds,
        ),
    )


@contextmanager
def _memory_file(name: str) -> Iterator[int]:
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        yield fd
    finally:
        os.close(fd)
