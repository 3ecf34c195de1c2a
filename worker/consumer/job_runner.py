"""Run one claimed job: fetch, convert, store.

Whatever goes wrong here, the job is finished under our claim, found over or no longer ours, handed back, or abandoned.
The janitor takes an abandoned job back when its lease expires.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from core.blobs import read_upload
from core.database import blob_transaction
from core.jobs import Job
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
from worker.consumer.outage import retry_while_away
from worker.metrics import FENCED, STAGE_SECONDS
from worker.sandbox.supervisor import Killed, SandboxLost

log = structlog.get_logger(__name__)


def run_job(context: Context, claimed: InFlightJob) -> None:
    """Run a claimed job until this worker no longer has it. Never raises."""
    with structlog.contextvars.bound_contextvars(job=str(claimed.job.id), claim=claimed.job.claim):
        try:
            _observe_wait(claimed.job)
            _fetch_convert_store(context, claimed)
        except SandboxLost:
            log.warning("sandbox lost, job abandoned, its lease will expire")
        except Exception:
            log.exception("job abandoned, its lease will expire")
        finally:
            context.in_flight.remove_job(claimed)


def _fetch_convert_store(context: Context, claimed: InFlightJob) -> None:
    with _memory_file("upload") as upload, _memory_file("result") as result:
        try:
            outcome = (
                _convert_upload(context, claimed, upload, result) if _fetch_upload(context, claimed, upload) else None
            )
        except Killed:
            # The job was canceled, its claim was lost, or it is to be handed back.
            if claimed.must_hand_back and hand_back(context, claimed):
                log.info("handed back")
                return
            outcome = None
        if outcome is None:
            _settle_claim(context, claimed, read_completion(context, claimed))
            return
        with _measure_stage("store"):
            _settle_claim(context, claimed, complete_claim(context, claimed, outcome, result))


def _settle_claim(context: Context, claimed: InFlightJob, completion: Completion) -> None:
    """Acknowledge the completion of a claim, and count it."""
    acknowledge(context, claimed, completion)
    match completion:
        case Completed(job=ended):
            _count_end(ended)
        case ClaimLost():
            FENCED.inc()


def _fetch_upload(context: Context, claimed: InFlightJob, upload: int) -> bool:
    """Read the upload into memory; False when it is gone because the job was canceled or is over."""

    def read() -> int | None:
        os.ftruncate(upload, 0)
        os.lseek(upload, 0, os.SEEK_SET)
        size = claimed.job.source["bytes"]
        with blob_transaction(context.engine, size) as connection, os.fdopen(upload, "wb", closefd=False) as sink:
            return read_upload(connection, claimed.job.upload_day, claimed.job.id, sink)

    with _measure_stage("fetch"):
        found = retry_while_away("fetch the upload", read) is not None
    os.lseek(upload, 0, os.SEEK_SET)
    # Sealed, so that a child cannot grow the file: that memory is in no reservation.
    fcntl.fcntl(upload, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return found


def _convert_upload(context: Context, claimed: InFlightJob, upload: int, result: int) -> Outcome:
    with _measure_stage("convert"):
        return context.sandbox.run(make_request(context, claimed), upload, result, claimed.handle)


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


def _observe_wait(job: Job) -> None:
    if job.started_at is not None:
        STAGE_SECONDS.labels("queued").observe((job.started_at - job.created_at).total_seconds())


def _count_end(job: Job) -> None:
    code = job.error["code"] if job.error else ""
    count_finished(job.status, job.source["format"], job.target_format, code)
    if job.finished_at is not None:
        STAGE_SECONDS.labels("total").observe((job.finished_at - job.created_at).total_seconds())


@contextmanager
def _memory_file(name: str) -> Iterator[int]:
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _measure_stage(name: str) -> Iterator[None]:
    start = time.monotonic()
    try:
        yield
    finally:
        STAGE_SECONDS.labels(name).observe(time.monotonic() - start)
