"""The outbox: the messages of webhooks, written in the transaction that ends a job, so that none is lost.

core.record calls `record_ends` for every transition, so no end can forget it; nothing here asks whether webhooks are
switched on. The message is the job as it is at this moment. The janitor sends it.

A batch is over with its last job, and two jobs may end at the same time. Nobody waits for the other: each leaves a note
in `batch_ends`, and the janitor looks at the whole batch (janitor.webhooks.batches). A lock on the batch instead would be
held while a result is stored, and two jobs canceled in one transaction could deadlock with a worker.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from core.job_answers import JobAnswer, job_answer
from core.jobs import Job
from core.json_types import Json
from core.names import ERASED_NAME
from core.tables import batch_ends, batches, webhooks
from core.transitions import Status
from core.webhook_urls import find_host

JOB_EVENTS = {
    Status.SUCCEEDED: "job.succeeded",
    Status.FAILED: "job.failed",
    Status.CANCELED: "job.canceled",
}
"""The ends that are told. That the bytes expire is no news: the message before says when they will."""

BATCH_OVER = "batch.over"

Entry = dict[str, Any]
"""A job, a refused file or a batch, as the JSON of a message has it."""


class JobEvent(BaseModel):
    """The body of a message about a job."""

    type: str
    timestamp: datetime
    data: JobAnswer


def record_ends(connection: Connection, changed: Sequence[Job]) -> None:
    """Write what the end of these jobs has to be told; jobs that did not end are passed over."""
    ended = [job for job in changed if job.status in JOB_EVENTS]
    if rows := [_describe_job(job, job.webhook_url) for job in ended if job.webhook_url is not None]:
        connection.execute(insert(webhooks).values(rows))
    if ids := {job.batch_id for job in ended if job.batch_id is not None}:
        note_batches(connection, ids)


def note_batches(connection: Connection, batch_ids: set[UUID]) -> None:
    """Let the janitor look whether these batches are over. Without a webhook of theirs nothing is noted."""
    having = select(batches.c.id).where(batches.c.id.in_(batch_ids), batches.c.webhook_url.is_not(None))
    connection.execute(insert(batch_ends).from_select(["batch_id"], having))


def forget_names(connection: Connection, erased: Sequence[Job]) -> None:
    """Take the names of erased images out of the messages about them that are kept to be sent again.

    A message that the janitor holds right now is left as it is: waiting for it, while it waits for the job's row, would be
    a deadlock.
    """
    ids = {str(job.id) for job in erased}
    told = [job.id for job in erased if job.webhook_url is not None]
    together = {job.batch_id for job in erased if job.batch_id is not None}
    if not (told or together):
        return
    about = webhooks.c.job_id.in_(told) | webhooks.c.batch_id.in_(together)
    _rewrite_messages(connection, about, lambda entry: entry.get("id") in ids)


def forget_refused_names(connection: Connection, batch_id: UUID) -> None:
    """Take the names of the refused files of a batch out of the messages about it."""
    _rewrite_messages(connection, webhooks.c.batch_id == batch_id, lambda entry: entry["status"] == "refused")


def _rewrite_messages(connection: Connection, about: ColumnElement[bool], is_erased: Callable[[Entry], bool]) -> None:
    kept = select(webhooks.c.id, webhooks.c.body).where(about).with_for_update(skip_locked=True)
    for message in connection.execute(kept).all():
        body = {**message.body, "data": _without_names(message.body["data"], is_erased)}
        connection.execute(update(webhooks).where(webhooks.c.id == message.id).values(body=body))


def _without_names(data: Entry, is_erased: Callable[[Entry], bool]) -> Entry:
    """Return the job, or the batch, of a message without the names of what is erased."""
    if "jobs" in data:
        return {**data, "jobs": [_without_names(entry, is_erased) for entry in data["jobs"]]}
    if not is_erased(data):
        return data
    result = data.get("result")
    known = {"result": {**result, "filename": ERASED_NAME}} if result else {}
    return {**data, "filename": ERASED_NAME, **known}


def describe_message(
    *, kind: str, url: str, owner: str, body: Json, traceparent: str | None = None
) -> dict[str, object]:
    """Return the columns of a new message, due at once; the id of its job or batch is added."""
    return {
        "id": uuid4(),
        "owner": owner,
        "type": kind,
        "url": url,
        "host": find_host(url),
        "body": body,
        "state": "pending",
        "attempts": 0,
        "created_at": func.now(),
        "due_at": func.now(),
        "traceparent": traceparent,
    }


def _describe_job(job: Job, url: str) -> dict[str, object]:
    kind = JOB_EVENTS[job.status]
    event = JobEvent(type=kind, timestamp=job.changed_at, data=job_answer(job, ""))
    body = event.model_dump(mode="json")
    described = describe_message(kind=kind, url=url, owner=job.owner, body=body, traceparent=job.traceparent)
    return {**described, "job_id": job.id}
