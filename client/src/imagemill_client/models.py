"""What the service says, as frozen records.

They are read leniently: what a newer service adds is ignored here and kept in `raw`, what an older one lacks is None or
empty. Times stay the RFC 3339 texts that the service sends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from imagemill_client.errors import FieldError, Refused, UnexpectedAnswer

Json = Mapping[str, Any]
OptionValue = str | int | float | bool

RUNNING = frozenset({"queued", "processing"})


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning of a job, or the error of a failed one."""

    code: str
    detail: str

    @classmethod
    def read(cls, json: Json) -> Self:
        """Read an entry of `warnings`, or `error`."""
        return cls(code=str(json.get("code", "")), detail=str(json.get("detail", "")))


@dataclass(frozen=True, slots=True)
class ResultInfo:
    """The converted image."""

    url: str
    filename: str
    media_type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    frames: int | None = None

    @classmethod
    def read(cls, json: Json) -> Self:
        """Read `result` of a job."""
        return cls(**{name: json[name] for name in cls.__slots__ if name in json})


@dataclass(frozen=True, slots=True)
class Job:
    """A conversion. `status` is queued, processing, succeeded, failed, canceled or expired."""

    id: str
    status: str
    filename: str
    target_format: str
    options: Mapping[str, OptionValue]
    created_at: str | None
    expires_at: str | None
    result: ResultInfo | None
    error: Notice | None
    warnings: tuple[Notice, ...]
    raw: Json = field(repr=False, compare=False)

    @property
    def is_over(self) -> bool:
        """Whether the status is final."""
        return self.status not in RUNNING

    @classmethod
    def read(cls, json: Json) -> Self:
        """Read a job as the service shows it. Raises UnexpectedAnswer."""
        try:
            return cls(
                id=str(json["id"]),
                status=str(json["status"]),
                filename=str(json.get("filename", "")),
                target_format=str(json.get("target_format", "")),
                options=json.get("options") or {},
                created_at=json.get("created_at"),
                expires_at=json.get("expires_at"),
                result=ResultInfo.read(json["result"]) if json.get("result") else None,
                error=Notice.read(json["error"]) if json.get("error") else None,
                warnings=tuple(map(Notice.read, json.get("warnings") or ())),
                raw=json,
            )
        except (KeyError, TypeError, AttributeError) as wrong:
            raise UnexpectedAnswer(f"The answer is not a job: {wrong}.") from wrong


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file of a batch that the service did not take. `retry_after`: it may take it after so many seconds."""

    filename: str
    code: str
    detail: str
    status: int | None
    errors: tuple[FieldError, ...] = ()
    retry_after: float | None = None

    @classmethod
    def of(cls, filename: str, refused: Refused) -> Self:
        """Make it of the answer to a file that was sent alone."""
        later = getattr(refused, "retry_after", None)
        return cls(filename, refused.code, refused.detail, refused.status, refused.errors, later)

    @classmethod
    def read(cls, json: Json) -> Self:
        """Read an entry of a batch whose status is `refused`."""
        problem = json.get("problem") or {}
        wrong = problem.get("errors") or ()
        later = json.get("retry_after", problem.get("retry_after"))
        return cls(
            filename=str(json.get("filename", "")),
            code=str(problem.get("code", "refused")),
            detail=str(problem.get("detail", "The service did not take this file.")),
            status=problem.get("status"),
            errors=tuple(FieldError(str(entry.get("field")), str(entry.get("detail"))) for entry in wrong),
            retry_after=float(later) if isinstance(later, int | float) else None,
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs that belong together. `status` is open or over; `entries` are in the order of the upload."""

    id: str
    status: str
    entries: tuple[Job | RefusedFile, ...]
    raw: Json = field(repr=False, compare=False)

    @property
    def is_over(self) -> bool:
        """Whether all its jobs are."""
        return self.status != "open"

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The files that were taken."""
        return tuple(entry for entry in self.entries if isinstance(entry, Job))

    @property
    def refused(self) -> tuple[RefusedFile, ...]:
        """The files that were not."""
        return tuple(entry for entry in self.entries if isinstance(entry, RefusedFile))

    @classmethod
    def read(cls, json: Json) -> Self:
        """Read a batch as the service shows it. Raises UnexpectedAnswer."""
        try:
            return cls(
                id=str(json["id"]),
                status=str(json["status"]),
                entries=tuple(_read_entry(entry) for entry in json.get("jobs") or ()),
                raw=json,
            )
        except (KeyError, TypeError, AttributeError) as wrong:
            raise UnexpectedAnswer(f"The answer is not a batch: {wrong}.") from wrong


def _read_entry(json: Json) -> Job | RefusedFile:
    return RefusedFile.read(json) if json.get("status") == "refused" else Job.read(json)


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """An option of a target: its type, its range or its only values, and what it does."""

    name: str
    type: str = "string"
    minimum: int | None = None
    maximum: int | None = None
    enum: Sequence[int | str] | None = None
    default: OptionValue | None = None
    allowed: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class FormatInfo:
    """A format that is read, or a target with its options."""

    name: str
    title: str
    media_type: str
    extension: str
    aliases: tuple[str, ...] = ()
    options: Mapping[str, OptionInfo] = field(default_factory=dict)

    @classmethod
    def read(cls, json: Json) -> Self:
        """Read an entry of `read` or `write`."""
        return cls(
            name=str(json["name"]),
            title=str(json.get("title", json["name"])),
            media_type=str(json.get("media_type", "")),
            extension=str(json.get("extension", json["name"])),
            aliases=tuple(json.get("aliases") or ()),
            options={name: _read_option(name, entry) for name, entry in (json.get("options") or {}).items()},
        )


def _read_option(name: str, json: Json) -> OptionInfo:
    known = [slot for slot in OptionInfo.__slots__ if slot != "name" and slot in json]
    return OptionInfo(name=name, **{slot: json[slot] for slot in known})


@dataclass(frozen=True, slots=True)
class Formats:
    """What this service reads and writes, and its limits."""

    read: tuple[FormatInfo, ...]
    write: tuple[FormatInfo, ...]
    unavailable: tuple[Notice, ...]
    limits: Mapping[str, float]
    raw: Json = field(repr=False, compare=False)

    def find_target(self, name: str) -> FormatInfo | None:
        """Return the target of that name or alias."""
        wanted = name.lower()
        return next((target for target in self.write if wanted in (target.name, *target.aliases)), None)

    @classmethod
    def of(cls, json: Json) -> Self:
        """Read the answer of /v1/formats. Raises UnexpectedAnswer."""
        try:
            return cls(
                read=tuple(map(FormatInfo.read, json["read"])),
                write=tuple(map(FormatInfo.read, json["write"])),
                unavailable=tuple(
                    Notice(str(entry["name"]), str(entry.get("detail", ""))) for entry in json.get("unavailable") or ()
                ),
                limits=json.get("limits") or {},
                raw=json,
            )
        except (KeyError, TypeError, AttributeError) as wrong:
            raise UnexpectedAnswer(f"The answer is not a list of formats: {wrong}.") from wrong
