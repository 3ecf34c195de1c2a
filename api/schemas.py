"""The contract's JSON: jobs, formats, probes, and how a record becomes one."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from core.failures import FailureCode
from core.jobs import Job, ResultFacts
from core.losses import WarningCode
from core.option_kinds import Option, OptionValue
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


class JobAnswer(BaseModel):
    """A job. Times are RFC 3339 in UTC."""

    id: UUID = Field(examples=[JOB_ID])
    status: Status = Field(description="queued and processing go on; the others are final.", examples=["queued"])
    filename: str = Field(description="The upload's name, without folders.", examples=["holiday.png"])
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
    links: Links


class OptionAnswer(BaseModel):
    """An option: what its value may be, what holds without it, and what it does."""

    type: Literal["integer", "boolean", "string"] = Field(examples=["integer"])
    minimum: int | None = Field(description="The lowest number.", examples=[1])
    maximum: int | None = Field(description="The highest number.", examples=[100])
    enum: list[int | str] | None = Field(description="The only values, if they are few.", examples=[None])
    default: OptionValue | None = Field(
        description="What holds when it is not given; null: the description says.", examples=[None]
    )
    allowed: str = Field(description="What it must be, in words.", examples=["a whole number from 1 to 100"])
    description: str = Field(
        examples=["Lower is smaller, higher is truer. Each encoder has its own default."],
    )


class Target(BaseModel):
    """A format that can be written, and the options that it takes."""

    name: str = Field(examples=["jpeg"])
    title: str = Field(examples=["JPEG"])
    media_type: str = Field(examples=["image/jpeg"])
    extension: str = Field(examples=["jpg"])
    aliases: list[str] = Field(description="Other names that target_format may have.", examples=[["jpg"]])
    options: dict[str, OptionAnswer] = Field(description="Each option that may be given.")


class Readable(BaseModel):
    """A format that can be uploaded."""

    name: str = Field(examples=["png"])
    title: str = Field(examples=["PNG"])
    media_type: str = Field(examples=["image/png"])
    extension: str = Field(examples=["png"])


class Unavailable(BaseModel):
    """A format that imagemill writes, but not this installation."""

    name: str = Field(examples=["heic"])
    title: str = Field(examples=["HEIC"])
    detail: str = Field(description="Why, and what the operator can do.")


class Limits(BaseModel):
    """What a job may be."""

    upload_bytes: int
    pixels: int = Field(description="Summed over all frames.")
    frames: int
    result_bytes: int
    job_seconds: float
    retention_hours: float = Field(description="How long a result can be downloaded.")


class FormatsAnswer(BaseModel):
    """What can be read and written, and the limits."""

    read: list[Readable]
    write: list[Target]
    unavailable: list[Unavailable] = Field(description="What would be written if its encoder were installed.")
    limits: Limits


class Alive(BaseModel):
    """The process answers."""

    status: str = Field(examples=["ok"])


class Parts(BaseModel):
    """How each part is. What only the database can tell is absent while it is away, or its schema behind."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    database: Literal["ok", "away"] = Field(description="PostgreSQL.")
    # Every model of pydantic has a method `schema`.
    tables: Literal["ok", "behind"] | None = Field(
        None, alias="schema", description="`behind` while migrations are to be run.", examples=["ok"]
    )
    partitions: Literal["ok", "missing"] | None = Field(
        None, description="Whether images can be stored after midnight.", examples=["ok"]
    )
    workers: Literal["ok", "none"] | None = Field(
        None,
        description="`none` while a job waits and no worker is alive. Uploads are taken all the same.",
        examples=["ok"],
    )
    storage: Literal["ok", "nearly full", "full"] | None = Field(
        None,
        description="How much of the room for uploads and results is taken: `nearly full` from nine tenths on; when "
        "`full`, uploads are refused with 507, and all else goes on.",
        examples=["ok"],
    )
    redis: Literal["ok", "away"] = Field(
        description="While it is `away` uploads are taken all the same, and converted once it is back."
    )


class Ready(BaseModel):
    """Whether uploads can be taken, and what would stop a job."""

    status: Literal["ready", "not ready"] = Field(
        description="`not ready` by database, schema or partitions; the other parts are for people to look at."
    )
    parts: Parts


def option_answer(option: Option) -> OptionAnswer:
    """Return what is told of an option."""
    return OptionAnswer(
        type=option.type,
        minimum=option.lowest,
        maximum=option.highest,
        enum=list(option.choices) or None,
        default=option.default,
        allowed=option.allowed,
        description=option.sentence,
    )


def job_answer(job: Job, prefix: str) -> JobAnswer:
    """Return the contract's view of a record, without its claim, its revision and the place of its bytes.

    `prefix` is what links begin with (api.links).
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
        links=Links(itself=path, events=f"{path}/events", result=f"{path}/result", page=f"{prefix}/jobs/{job.id}"),
    )


def _result(stored: ResultFacts, path: str) -> Result:
    return Result(url=f"{path}/result", **stored)
