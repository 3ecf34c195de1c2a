"""The job as a value: what the record holds, as all rooms pass it around, and as Redis keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import NotRequired  # pydantic reads no other TypedDict before Python 3.12
from uuid import UUID

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from core.option_kinds import OptionValue
from core.transitions import TERMINAL, Status


class SourceFacts(TypedDict):
    """The uploaded image. The API knows format and size; the worker adds the rest once it has read the header."""

    format: str
    bytes: int
    width: NotRequired[int]
    height: NotRequired[int]
    frames: NotRequired[int]


class ResultFacts(TypedDict):
    """The converted image. `filename` is the upload's name with the true extension, `sha256` is in hexadecimal."""

    filename: str
    media_type: str
    bytes: int
    sha256: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job's record, times in UTC.

    `source`, `options`, `result`, `error` and `warnings` are JSON values in the contract's shapes (`result` without
    its url). `rev` goes up by one with every transition; `claim` is the fence that only ever goes up. `owner` is the API key
    or the address that sent it; `traceparent` is the trace (W3C) of the request that made it. `seen_at` is the database's
    clock when the row was read; it is no part of the record.
    """

    id: UUID
    status: Status
    rev: int
    claim: int
    attempts: int
    filename: str
    target_format: str
    options: Mapping[str, OptionValue]
    source: SourceFacts
    upload_day: date
    created_at: datetime
    changed_at: datetime
    result: ResultFacts | None = None
    error: Mapping[str, str] | None = None
    warnings: list[Mapping[str, str]] = field(default_factory=list)
    result_day: date | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    owner: str = ""
    batch_id: UUID | None = None
    webhook_url: str | None = None
    webhook_state: str | None = None
    webhook_error: str | None = None
    traceparent: str | None = None
    seen_at: datetime | None = field(default=None, compare=False)

    @property
    def is_over(self) -> bool:
        """Return whether no further conversion will happen."""
        return self.status in TERMINAL


def encode_job(job: Job) -> str:
    """Return the job as JSON, for the status cache and the events."""
    return _adapter().dump_json(job, exclude={"seen_at"}).decode()


def decode_job(body: str) -> Job:
    """Return the job written by `encode_job`. Names of a newer version are passed over. Raises ValueError."""
    return _adapter().validate_json(body)


@cache
def _adapter() -> TypeAdapter[Job]:
    return TypeAdapter(Job)
