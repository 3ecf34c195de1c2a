"""The contract's JSON beside jobs: formats, unfinished uploads, and probes."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.settings import ApiSettings
from core.option_kinds import Option, OptionValue

UPLOAD_ID = "5d3c7f0e-91a4-4c58-8f0b-6a2b1d9e4c77"
"""The id that examples have."""


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
    megapixel_seconds: list[float] = Field(
        description="Seconds of the processor that a megapixel of a photograph takes, as a forecast: one for each effort "
        "from 0 to 9, or one where there is no effort.",
        examples=[[0.02]],
    )
    megapixel_seconds_lossless: list[float] = Field(
        description="Likewise, with lossless; empty where that is no option.", examples=[[]]
    )


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


class UploadAnswer(BaseModel):
    """An upload that is not a job yet."""

    id: str = Field(description="What the field `upload` of a form names.", examples=[UPLOAD_ID])
    filename: str = Field(examples=["holiday.tiff"])
    length: int = Field(description="How many bytes the file has.", examples=[45_000_000])
    offset: int = Field(description="How many of them are there: where it goes on.", examples=[31_457_280])
    created_at: datetime = Field(examples=["2026-03-14T15:09:26Z"])
    expires_at: datetime = Field(
        description="When its bytes are erased, unless more come before.", examples=["2026-03-14T16:09:26Z"]
    )


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
    redis: Literal["ok", "away", "read-only", "full", "denied", "wrong kind"] = Field(
        description="`away`: it does not answer. `read-only`: it is a replica, or may not write. `full`: it is at its limit "
        "of memory. `denied`: it refuses the password, or the user lacks a right. `wrong kind`: it is a cluster or a "
        "Sentinel. Uploads are taken all the same, and converted once it is `ok`."
    )


class Ready(BaseModel):
    """Whether uploads can be taken, and what would stop a job."""

    status: Literal["ready", "not ready"] = Field(
        description="`not ready` by database, schema or partitions; the other parts are for people to look at."
    )
    auth: Literal["none", "keys"] = Field(
        description="Whether a key is asked for. With `none`, whoever reaches this address can convert, and see or delete "
        "a job by its id."
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


def limits_answer(settings: ApiSettings) -> Limits:
    """Return the limits of this installation."""
    return Limits(
        upload_bytes=settings.max_upload_bytes,
        pixels=settings.max_pixels,
        frames=settings.max_frames,
        result_bytes=settings.max_result_bytes,
        job_seconds=settings.job_seconds,
        retention_hours=settings.retention_hours,
    )
