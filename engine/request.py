"""The messages over the border of the sandbox: a request in, an outcome out, both as JSON.

The outcome comes from a process that has read hostile bytes, so it is checked field by field.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Self, TypeVar

from core.failures import Failure, FailureCode
from core.formats import find
from core.losses import Warned, WarningCode
from core.options import Options

MOST_WARNINGS = 20
LONGEST_SENTENCE = 1000

WALL_FACTOR = 10
"""How much longer than its time of the processor a conversion may take by the clock: a crowd slows it down so much."""

Record = dict[str, object]
Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one conversion: pixels summed over frames, frames, bytes, bytes, seconds.

    `seconds` are of the processor, summed over threads. `wall_seconds` are of the clock, for what stands still; 0: ten
    times `seconds`.
    """

    max_pixels: int
    max_frames: int
    max_result_bytes: int
    memory_bytes: int
    seconds: float
    wall_seconds: float = 0.0

    @property
    def longest(self) -> float:
        """Return the most seconds of the clock."""
        return self.wall_seconds or WALL_FACTOR * self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One conversion. `source` and `target` are names of formats.

    `granted_bytes` of memory are what it may use until its header is known; 0: all that the limits allow.
    """

    source: str
    target: str
    options: Options
    limits: Limits
    granted_bytes: int = 0

    def as_json(self) -> bytes:
        """Return the request for the zygote."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read a request of `as_json`."""
        values = json.loads(text)
        options, limits = Options.of(values.pop("options")), Limits(**values.pop("limits"))
        return cls(options=options, limits=limits, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Facts of a conversion before a pixel is decoded: pixels of one frame in and out, and frames.

    `alpha` says that there may be transparency, `deep` that samples may be of 16 bits, and not of grey alone.
    """

    source_area: int
    target_area: int
    frames: int
    alpha: bool
    deep: bool = False

    def as_json(self) -> bytes:
        """Return the header for the supervisor."""
        return json.dumps({"header": asdict(self)}).encode()

    @classmethod
    def of(cls, values: object) -> Self:
        """Read a parsed header of `as_json`. Raise ValueError for anything else."""
        if not isinstance(values, dict) or values.keys() != {part.name for part in fields(cls)}:
            raise ValueError("this is no header")
        alpha, deep = values.pop("alpha"), values.pop("deep")
        if not isinstance(alpha, bool) or not isinstance(deep, bool):
            raise ValueError("this is no yes or no")  # noqa: TRY004 - as for all that is no header
        return cls(alpha=alpha, deep=deep, **{name: _read_count(value) for name, value in values.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The upload as displayed, after orientation. Sides are in pixels."""

    format: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """The result. Sides are in pixels."""

    format: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a conversion: with `converted`, or with `failure`. `reason` is what the decoder said, for the log."""

    source: Source | None
    converted: Converted | None
    failure: Failure | None
    warnings: tuple[Warned, ...]
    reason: str = ""

    def as_json(self) -> bytes:
        """Return the outcome for the supervisor."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read an outcome of `as_json`. Raise ValueError for anything else, whoever wrote it."""
        try:
            values = json.loads(text)
            outcome = cls(
                source=_read_optional(values["source"], _read_source),
                converted=_read_optional(values["converted"], _read_converted),
                failure=_read_optional(values["failure"], _read_failure),
                warnings=tuple(_read_warning(given) for given in values["warnings"][:MOST_WARNINGS]),
                reason=_read_text(values["reason"]),
            )
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError("this is no outcome") from error
        if (outcome.converted is None) == (outcome.failure is None):
            raise ValueError("an outcome is either a result or a failure")
        return outcome


def failed(failure: Failure, reason: str = "") -> Outcome:
    """Return the outcome of a conversion with nothing but a failure."""
    return Outcome(source=None, converted=None, failure=failure, warnings=(), reason=reason)


def _read_optional(given: Record | None, read: Callable[[Record], Part]) -> Part | None:
    return None if given is None else read(given)


def _read_source(given: Record) -> Source:
    width, height, frames = _read_counts(given)
    return Source(format=_read_format(given), width=width, height=height, frames=frames)


def _read_converted(given: Record) -> Converted:
    width, height, frames = _read_counts(given)
    return Converted(format=_read_format(given), width=width, height=height, frames=frames)


def _read_format(given: Record) -> str:
    known = find(_read_text(given["format"]))
    if known is None:
        raise ValueError("this format does not exist")
    return known.name


def _read_counts(given: Record) -> tuple[int, int, int]:
    return _read_count(given["width"]), _read_count(given["height"]), _read_count(given["frames"])


def _read_failure(given: Record) -> Failure:
    return Failure(FailureCode(_read_text(given["code"])), _read_text(given["detail"]))


def _read_warning(given: Record) -> Warned:
    return Warned(WarningCode(_read_text(given["code"])), _read_text(given["detail"]))


def _read_text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_SENTENCE or not value.isprintable():
        raise ValueError("this is no sentence")
    return value


def _read_count(value: object) -> int:
    if type(value) is not int or not 1 <= value < 1 << 32:
        raise ValueError("this is no count")
    return value
