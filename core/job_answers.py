"""A job as the API shows it: the models of its JSON, and how a record becomes one.

The API answers with it, and webhooks send it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from core.failures import FailureCode
from core.jobs import Job, ResultFacts
from core.losses import WarningCode
from core.names import ERASED_NAME
from core.option_kinds import OptionValue
from core.transitions import Status

JOB_ID = "0a2f1c5e-6b7d-4c1e-9a53-2f4f6d1b8e90"


class Source(BaseModel):
    """The uploaded image. Width, height and frames are known once a worker has opened it."""

    format: str = Field(description="The format by its content.", examples=["png"])
    width: int | None = Field(None, description="Pixels, as displayed.", examples=[1920])
    height: int | None = Field(None, description="Pixels, as displayed.", examples=[1080])
    frames: int | None = Field(None, description="Frames or pages.", examples=[1])
    bytes: int = Field(description="The size of the file.", examples=[482_113])


class Result(BaseModel):
    """The converted image."""

    url: str = Field(description="Where its bytes are.", examples=[f"/v1/jobs/{JOB_ID}/result"])
    filename: str = Field(description="The original stem with the true extension.", examples=["holiday.webp"])
    media_type: str = Field(examples=["image/webp"])
    bytes: int = Field(examples=[103_220])
    sha256: str = Field(description="Of the bytes, in hexadecimal; the ETag too.", examples=["9f86d081" * 8])
    width: int = Field(examples=[1920])
    height: int = Field(examples=[1080])
    frames: int = Field(examples=[1])


def describe_codes(codes: type[StrEnum]) -> FieldInfo:
    """Return the field of a stable code.

    It is any text, not one of a closed list: while a release is rolled out, a newer worker may store a newer code, and
    an older API or client has to pass it on.
    """
    names = [code.value for code in codes]
    return FieldInfo(
        description=f"Stable, for programs. This version knows {', '.join(names)}; a newer one may have more.",
        examples=names[:1],
        json_schema_extra={"x-extensible-enum": list(names)},
    )


class JobFailure(BaseModel):
    """Why a conversion failed."""

    code: Annotated[str, describe_codes(FailureCode)]
    detail: str = Field(description="A sentence for people: what happened, and what to do.")


class JobWarning(BaseModel):
    """Something that could not be kept."""

    code: Annotated[str, describe_codes(WarningCode)]
    detail: str = Field(description="A sentence for people.")


class Links(BaseModel):
    """Where to go from here; the result's answers 409 until there is one."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    itself: str = Field(alias="self", examples=[f"/v1/jobs/{JOB_ID}"])
    events: str = Field(examples=[f"/v1/jobs/{JOB_ID}/events"])
    result: str = Field(examples=[f"/v1/jobs/{JOB_ID}/result"])
    page: str = Field(examples=[f"/jobs/{JOB_ID}"])


class Webhook(BaseModel):
    """Who is told of the end, and whether it was."""

    url: str = Field(examples=["https://example.com/hooks/imagemill"])
    state: Literal["waiting", "pending", "delivered", "dead"] = Field(
        description="`waiting` for the end; `pending` while its message is sent; `dead` after a day without success."
    )
    error: str | None = Field(None, description="Why the last attempt failed.", examples=[None])


class JobAnswer(BaseModel):
    """A job. Times are RFC 3339 in UTC."""

    id: UUID = Field(examples=[JOB_ID])
    status: Status = Field(description="queued and processing go on; the others are final.", examples=["queued"])
    filename: str = Field(
        description=f"The upload's name, without folders; `{ERASED_NAME}` once it is canceled or expired.",
        examples=["holiday.png"],
    )
    source: Source
    target_format: str = Field(examples=["webp"])
    options: dict[str, OptionValue] = Field(description="The options that were given.", examples=[{"quality": 80}])
    created_at: datetime
    started_at: datetime | None = Field(description="When a worker took it, the last time.", examples=[None])
    finished_at: datetime | None = Field(examples=[None])
    expires_at: datetime | None = Field(description="Until when the result can be downloaded.", examples=[None])
    attempts: int = Field(description="How often a worker took it.", examples=[0])
    result: Result | None = Field(description="When succeeded.", examples=[None])
    error: JobFailure | None = Field(description="When failed.", examples=[None])
    warnings: list[JobWarning] = Field(examples=[[]])
    batch: UUID | None = Field(description="The batch that it belongs to.", examples=[None])
    webhook: Webhook | None = Field(description="When it has a webhook.", examples=[None])
    links: Links


def job_answer(job: Job, prefix: str) -> JobAnswer:
    """Return the contract's view of a record, without its claim, its revision and the place of its bytes.

    `prefix` is what links begin with.
    """
    path = f"{prefix}/v1/jobs/{job.id}"
    return JobAnswer(
        id=job.id,
        status=job.status,
        filename=job.filename,
        source=Source(**job.source),
        target_format=job.target_format,
        options=dict(job.options),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        expires_at=job.expires_at,
        attempts=job.attempts,
        result=_result(job.result, path) if job.status is Status.SUCCEEDED and job.result is not None else None,
        error=JobFailure.model_validate(job.error) if job.status is Status.FAILED else None,
        warnings=[JobWarning.model_validate(warned) for warned in job.warnings],
        batch=job.batch_id,
        webhook=show_webhook(job.webhook_url, job.webhook_state, job.webhook_error),
        links=Links(itself=path, events=f"{path}/events", result=f"{path}/result", page=f"{prefix}/jobs/{job.id}"),
    )


def _result(stored: ResultFacts, path: str) -> Result:
    return Result(url=f"{path}/result", **stored)


def show_webhook(url: str | None, state: str | None, error: str | None = None) -> Webhook | None:
    """Return what is shown of a webhook; None without one."""
    return None if url is None else Webhook.model_validate({"url": url, "state": state or "waiting", "error": error})
