"""A batch as the API shows it: the models of its JSON, and how a record becomes one.

The API answers with it, and webhooks send it.
"""

from collections import Counter
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.batches import Batch, Refused
from core.job_answers import JobAnswer, Webhook, job_answer, show_webhook
from core.jobs import Job
from core.names import ERASED_NAME
from core.problems import Problem

BATCH_ID = "5c1d0a7e-93b4-4f0e-8d27-6a1b9c3e2f48"


class RefusedFile(BaseModel):
    """A file that became no job."""

    filename: str = Field(
        description=f"The file's name, without folders; `{ERASED_NAME}` once the batch is deleted.",
        examples=["notes.txt"],
    )
    status: Literal["refused"]
    problem: Problem = Field(description="Why, as the answer to a job of its own would say it.")


class BatchCounts(BaseModel):
    """How many entries there are of each status."""

    queued: int = Field(examples=[2])
    processing: int = Field(examples=[0])
    succeeded: int = Field(examples=[0])
    failed: int = Field(examples=[0])
    canceled: int = Field(examples=[0])
    expired: int = Field(examples=[0])
    refused: int = Field(examples=[1])


class BatchLinks(BaseModel):
    """Where to go from here; the result's answers 409 until all jobs are over."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    itself: str = Field(alias="self", examples=[f"/v1/batches/{BATCH_ID}"])
    events: str = Field(examples=[f"/v1/batches/{BATCH_ID}/events"])
    result: str = Field(examples=[f"/v1/batches/{BATCH_ID}/result"])


class BatchAnswer(BaseModel):
    """A batch. Times are RFC 3339 in UTC."""

    id: UUID = Field(examples=[BATCH_ID])
    status: Literal["open", "over"] = Field(
        description="`over` once all its jobs are. A batch with nothing in it is `open`, and a job that is added opens it again."
    )
    created_at: datetime
    counts: BatchCounts
    jobs: list[JobAnswer | RefusedFile] = Field(
        description="Every file in the order of the upload: its job, or why it became none."
    )
    webhook: Webhook | None = Field(description="When it has a webhook.", examples=[None])
    links: BatchLinks


def batch_answer(batch: Batch, prefix: str) -> BatchAnswer:
    """Return the contract's view of a batch. `prefix` is what links begin with."""
    path = f"{prefix}/v1/batches/{batch.id}"
    return BatchAnswer(
        id=batch.id,
        status="over" if batch.is_over else "open",
        created_at=batch.created_at,
        counts=count_entries(batch),
        jobs=[_show_entry(entry, prefix) for entry in batch.entries],
        webhook=show_webhook(batch.webhook_url, batch.webhook_state, batch.webhook_error),
        links=BatchLinks(itself=path, events=f"{path}/events", result=f"{path}/result"),
    )


def count_entries(batch: Batch) -> BatchCounts:
    """Count the batch's entries by status."""
    found = Counter(job.status.value for job in batch.jobs)
    counts = {name: found[name] for name in BatchCounts.model_fields}
    return BatchCounts(**{**counts, "refused": len(batch.refused)})


def _show_entry(entry: Job | Refused, prefix: str) -> JobAnswer | RefusedFile:
    if isinstance(entry, Job):
        return job_answer(entry, prefix)
    return RefusedFile(filename=entry.filename, status="refused", problem=show_problem(entry, prefix))


def show_problem(file: Refused, prefix: str) -> Problem:
    """Return why the file was refused. The record keeps its link without a prefix, which belongs to a request."""
    problem = Problem.model_validate(file.problem)
    return problem.model_copy(update={"type": prefix + problem.type})
