"""`manifest.json` of an archive: what became of each file of the batch."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from core.batch_answers import show_problem
from core.batches import Batch, Refused
from core.job_answers import JobFailure, JobWarning, Source
from core.jobs import Job, ResultFacts
from core.names import ERASED_NAME
from core.problems import Problem
from core.transitions import Status


class ArchivedResult(BaseModel):
    """A result in the archive."""

    filename: str = Field(description="Its name in the archive.")
    media_type: str
    bytes: int
    sha256: str
    width: int
    height: int
    frames: int


class ManifestEntry(BaseModel):
    """One file of the batch."""

    filename: str = Field(description=f"The name that it was uploaded under; `{ERASED_NAME}` once it is deleted.")
    status: Status | Literal["refused"] = Field(description="When the archive was made.")
    job: UUID | None = Field(None, description="Its job, if it became one.")
    source: Source | None = None
    target_format: str | None = None
    result: ArchivedResult | None = Field(None, description="What stands in the archive; null: nothing.")
    warnings: list[JobWarning] = []
    error: JobFailure | None = Field(None, description="Why it failed.")
    problem: Problem | None = Field(None, description="Why it was refused, or why its result is not in the archive.")


class Manifest(BaseModel):
    """The batch, file by file in the order of the upload."""

    batch: UUID
    complete: bool = Field(description="Whether all jobs were over when the archive was begun.")
    files: list[ManifestEntry]


def describe_batch(batch: Batch, prefix: str) -> Manifest:
    """Return the manifest of an archive that has no results yet."""
    return Manifest(batch=batch.id, complete=batch.is_over, files=[_describe(entry, prefix) for entry in batch.entries])


def describe_result(result: ResultFacts, name: str) -> ArchivedResult:
    """Return what the manifest tells of a result, in the archive under that name."""
    return ArchivedResult(**{**result, "filename": name})


def _describe(entry: Job | Refused, prefix: str) -> ManifestEntry:
    if isinstance(entry, Refused):
        return ManifestEntry(filename=entry.filename, status="refused", problem=show_problem(entry, prefix))
    return ManifestEntry(
        filename=entry.filename,
        status=entry.status,
        job=entry.id,
        source=Source(**entry.source),
        target_format=entry.target_format,
        warnings=[JobWarning.model_validate(warned) for warned in entry.warnings],
        error=JobFailure.model_validate(entry.error) if entry.status is Status.FAILED else None,
    )
