"""Every call of the client, once, without I/O: generators for Client and AsyncClient to drive."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from imagemill_client import errors
from imagemill_client.files import FileSink, MemorySink, ResultSink, place_result
from imagemill_client.models import Batch, Formats, Job, ResultInfo
from imagemill_client.options import write_option
from imagemill_client.retries import RetryPolicy, exchange
from imagemill_client.uploads import Upload
from imagemill_client.wire import Pause, Request, Steps

LONGEST_WAIT = 50
"""Seconds that the service holds an answer back at most."""
PREFERRED_WAIT = 20
LONGEST_KEY = 255
SOON = 1.0

Progress = Callable[[int], None]
Where = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Order:
    """What to make of an upload. `key` is its Idempotency-Key; without one each submit gets a new one."""

    to: str
    options: Mapping[str, object]
    key: str | None = None
    batch: str | None = None
    """The batch that the job joins."""

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the form. An option that is None is not given."""
        given = {name: write_option(value) for name, value in self.options.items() if value is not None}
        joined = {"batch": self.batch} if self.batch else {}
        return {"target_format": self.to, **joined, **given}

    def headers(self, wait: int = 0) -> dict[str, str]:
        """Make the headers: a key that is the same in each attempt, and a wait that older services pass over."""
        asked = {"Prefer": f"wait={wait}"} if wait else {}
        return {"Idempotency-Key": str(uuid4()) if self.key is None else _check_key(self.key), **asked}


def _check_key(key: str) -> str:
    if not (key.isascii() and key.isprintable() and 0 < len(key.strip()) == len(key) <= LONGEST_KEY):
        raise errors.WrongInput(
            f"idempotency_key takes 1 to {LONGEST_KEY} printable characters of ASCII, without blanks at its ends, not"
            f" {key[:60]!r}. Leave it out for one that is made."
        )
    return key


def submit(policy: RetryPolicy, upload: Upload, order: Order, *, wait: int = 0) -> Steps[Job]:
    """Upload a file. With `wait`, the service may answer when the job is over."""
    request = Request("POST", "/v1/jobs", headers=order.headers(wait), fields=order.fields, files=(upload,))
    reply = yield from exchange(request, policy)
    return Job.read(reply.json)


def find_job(policy: RetryPolicy, job: Job | str | UUID, *, wait: int = 0) -> Steps[Job]:
    """Look at a job; with `wait`, when it is over or after so many seconds."""
    query = {"wait": str(wait)} if wait else {}
    reply = yield from exchange(Request("GET", f"/v1/jobs/{id_of(job)}", query), policy)
    return Job.read(reply.json)


def wait_for_job(
    policy: RetryPolicy, job: Job | str | UUID, timeout: float | None, on_change: Callable[[Job], None] | None = None
) -> Steps[Job]:
    """Return the job once it succeeded. Raises ConversionFailed, JobCanceled, JobExpired and WaitTimeout."""
    until = None if timeout is None else time.monotonic() + timeout
    while not (isinstance(job, Job) and job.is_over):
        asked = time.monotonic()
        left = LONGEST_WAIT if until is None else until - asked
        if left <= 0:
            raise errors.WaitTimeout(f"Job {id_of(job)} is not over after {timeout:g} s. It goes on.")
        job = yield from find_job(policy, job, wait=max(1, min(LONGEST_WAIT, int(left))))
        if on_change:
            on_change(job)
        if not job.is_over and time.monotonic() - asked < SOON:
            # Whoever answers at once would be asked in a circle.
            yield Pause(SOON)
    return check_success(job)


def check_success(job: Job) -> Job:
    """Return a job that succeeded, and raise what became of any other."""
    if job.status == "failed":
        failure = job.error
        detail = failure.detail if failure else "The conversion failed."
        raise errors.ConversionFailed(detail, code=failure.code if failure else None, job=job)
    if job.status == "canceled":
        raise errors.JobCanceled(f"Job {job.id} was canceled. Submit the file again.", job=job)
    if job.status == "expired":
        raise errors.JobExpired(f"The result of job {job.id} is gone. Submit the file again.", job=job)
    return job


def fetch_bytes(policy: RetryPolicy, job: Job) -> Steps[bytes]:
    """Download a result into memory."""
    sink = MemorySink()
    yield from _fetch(policy, job, sink)
    return sink.content


def download(
    policy: RetryPolicy, job: Job | str | UUID, where: Where, *, overwrite: bool, progress: Progress | None = None
) -> Steps[Path]:
    """Download a result to a file, or into a folder under its own name. Nothing is seen there before it is whole."""
    if not isinstance(job, Job):
        job = yield from find_job(policy, job)
    path = place_result(where, _result_of(job).filename)
    with FileSink(path, overwrite=overwrite, progress=progress) as sink:
        yield from _fetch(policy, job, sink)
        sink.keep()
    return path


def _fetch(policy: RetryPolicy, job: Job, sink: ResultSink) -> Steps[None]:
    result = _result_of(job)
    for attempt in range(1, policy.attempts + 1):
        yield from exchange(Request("GET", f"/v1/jobs/{job.id}/result", sink=sink), policy)
        try:
            return sink.check(result)
        except errors.DamagedDownload:
            if attempt == policy.attempts:
                raise
        yield Pause(policy.backoff(attempt))
    return None


def _result_of(job: Job) -> ResultInfo:
    result = check_success(job).result
    if result is None:
        raise errors.ResultNotReady(f"Job {job.id} is {job.status}. Wait for it first.", code="not_ready")
    return result


def convert(policy: RetryPolicy, upload: Upload, order: Order, timeout: float | None) -> Steps[tuple[Job, bytes]]:
    """Upload, wait, download into memory."""
    until = None if timeout is None else time.monotonic() + timeout
    wait = PREFERRED_WAIT if timeout is None else max(1, min(PREFERRED_WAIT, int(timeout)))
    job = yield from submit(policy, upload, order, wait=wait)
    left = None if until is None else until - time.monotonic()
    job = yield from wait_for_job(policy, job, left)
    return job, (yield from fetch_bytes(policy, job))


def delete(policy: RetryPolicy, job: Job | str | UUID) -> Steps[None]:
    """Cancel a job, or erase its result."""
    yield from exchange(Request("DELETE", f"/v1/jobs/{id_of(job)}"), policy)


def list_formats(policy: RetryPolicy) -> Steps[Formats]:
    """List formats, options and limits."""
    reply = yield from exchange(Request("GET", "/v1/formats"), policy)
    return Formats.of(reply.json)


def submit_batch(policy: RetryPolicy, uploads: Sequence[Upload], order: Order) -> Steps[Batch]:
    """Upload up to a hundred files at once."""
    if not uploads:
        raise errors.WrongInput("There are no files. Give the batch one at least.")
    request = Request("POST", "/v1/batches", headers=order.headers(), fields=order.fields, files=tuple(uploads))
    reply = yield from exchange(request, policy)
    return Batch.read(reply.json)


def wait_for_batch(policy: RetryPolicy, batch: Batch | str | UUID, timeout: float | None) -> Steps[Batch]:
    """Return the batch once all its jobs are over, however they ended. Raises WaitTimeout."""
    until = None if timeout is None else time.monotonic() + timeout
    while not (isinstance(batch, Batch) and batch.is_over):
        asked = time.monotonic()
        left = LONGEST_WAIT if until is None else until - asked
        if left <= 0:
            raise errors.WaitTimeout(f"Batch {id_of(batch)} is not over after {timeout:g} s. It goes on.")
        query = {"wait": str(max(1, min(LONGEST_WAIT, int(left))))}
        reply = yield from exchange(Request("GET", f"/v1/batches/{id_of(batch)}", query), policy)
        batch = Batch.read(reply.json)
        if not batch.is_over and time.monotonic() - asked < SOON:
            yield Pause(SOON)
    return batch


def download_batch(
    policy: RetryPolicy, batch: Batch | str | UUID, where: Where, *, partial: bool, overwrite: bool
) -> Steps[Path]:
    """Download all results as one ZIP, to a file or into a folder."""
    query = {"partial": "true"} if partial else {}
    path = place_result(where, f"batch-{id_of(batch)[:8]}.zip")
    with FileSink(path, overwrite=overwrite) as sink:
        yield from exchange(Request("GET", f"/v1/batches/{id_of(batch)}/result", query, sink=sink), policy)
        sink.keep()
    return path


def delete_batch(policy: RetryPolicy, batch: Batch | str | UUID) -> Steps[None]:
    """Cancel what runs of a batch, and erase its results."""
    yield from exchange(Request("DELETE", f"/v1/batches/{id_of(batch)}"), policy)


def id_of(named: Job | Batch | str | UUID) -> str:
    """Return the id as it stands in a path. Raises NotFound for what can be none."""
    text = named.id if isinstance(named, Job | Batch) else str(named)
    try:
        return str(UUID(text))
    except ValueError:
        raise errors.NotFound(
            f"'{text[:60]}' is no id; ids look like 0a2f1c5e-6b7d-4c1e-9a53-2f4f6d1b8e90.", code="job_not_found"
        ) from None
