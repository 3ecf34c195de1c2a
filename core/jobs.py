"""The job as a value: what the record holds, as both rooms pass it around, and as Redis keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from core.transitions import TERMINAL, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job's record, times in UTC.

    `source`, `options`, `result`, `error` and `warnings` are JSON values in the contract's shapes (`result` without
    its url). `rev` goes up by one with every transition; `claim` is the fence that only ever goes up.
    """

    id: UUID
    status: Status
    rev: int
    claim: int
    attempts: int
    filename: str
    target_format: str
    options: Mapping[str, Any]
    source: Mapping[str, Any]
    upload_day: date
    created_at: datetime
    changed_at: datetime
    result: Mapping[str, Any] | None = None
    error: Mapping[str, str] | None = None
    warnings: list[Mapping[str, str]] = field(default_factory=list)
    result_day: date | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether no further conversion will happen."""
        return self.status in TERMINAL

    def as_json(self) -> dict[str, Any]:
        """JSON values that `from_json` reads back: for the status cache and events."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The job that `as_json` wrote; unknown names are passed over, so that versions may differ by a deploy."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: _parsed(name, value) for name, value in values.items() if name in known})


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, UUID) else value


def _parsed(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith("_at"):
        return datetime.fromisoformat(value)
    if name.endswith("_day"):
        return date.fromisoformat(value)
    return {"id": UUID, "status": Status}.get(name, lambda same: same)(value)
