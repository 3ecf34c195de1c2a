"""Why a conversion failed: stable codes, each a class with the facts of its sentence.

A failure ends the job (`error`) and is made from a Cause. What a good result could not keep is in core.losses. The codes
are part of the contract; the sentences say what happened and what to do about it.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import ClassVar


class FailureCode(StrEnum):
    """Every code that a failed job's `error.code` can have."""

    CORRUPT_IMAGE = "corrupt_image"
    TRUNCATED_IMAGE = "truncated_image"
    UNSUPPORTED_IMAGE = "unsupported_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_FRAMES = "too_many_frames"
    DIMENSION_LIMIT = "dimension_limit"
    RESULT_TOO_LARGE = "result_too_large"
    MEMORY_LIMIT = "memory_limit"
    TIMEOUT = "timeout"
    DECODER_CRASHED = "decoder_crashed"
    WORKER_LOST = "worker_lost"
    INTERNAL = "internal"
    BAD_OPTION = "bad_option"


@dataclass(frozen=True, slots=True)
class Failure:
    """A job's `error`: the code, and the sentence with its figures filled in."""

    code: FailureCode
    detail: str

    def as_json(self) -> dict[str, str]:
        """Return the JSON of the record."""
        return asdict(self)


class Cause:
    """Base of the failures. A subclass's fields are the facts in its sentence."""

    code: ClassVar[FailureCode]
    sentence: ClassVar[str]

    @property
    def failure(self) -> Failure:
        """Return the failure for the job's record."""
        return Failure(self.code, self.sentence.format_map(vars(self)))


@dataclass(frozen=True, kw_only=True)
class CorruptImage(Cause):
    """The file is not what its format says; `why` completes the sentence."""

    code = FailureCode.CORRUPT_IMAGE
    sentence = "The file is damaged and could not be read{why}. Save or export the image again and upload that."
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TruncatedImage(Cause):
    """The file ends too early."""

    code = FailureCode.TRUNCATED_IMAGE
    sentence = "The file ends before the image does. Copy or download the original again and upload that."


@dataclass(frozen=True, kw_only=True)
class UnsupportedImage(Cause):
    """The format is read, but not this kind of it; `why` completes the sentence."""

    code = FailureCode.UNSUPPORTED_IMAGE
    sentence = "This kind of {format} file cannot be read{why}. Save the image in another way and upload that."
    format: str
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class TooManyPixels(Cause):
    """More pixels than a job may have."""

    code = FailureCode.TOO_MANY_PIXELS
    sentence = "The image has, or would have, {pixels:,} pixels over all frames; {limit:,} are allowed. Upload a smaller one, or ask for a smaller result."
    pixels: int
    limit: int


@dataclass(frozen=True, kw_only=True)
class TooManyFrames(Cause):
    """More frames than a job may have."""

    code = FailureCode.TOO_MANY_FRAMES
    sentence = (
        "The image has more than the {limit:,} frames or pages that are allowed. Shorten it, or convert it in parts."
    )
    limit: int


@dataclass(frozen=True, kw_only=True)
class DimensionLimit(Cause):
    """A side is longer than the target format can say; all in pixels."""

    code = FailureCode.DIMENSION_LIMIT
    sentence = "{format} holds at most {limit:,} pixels a side; the image is {width:,} x {height:,}. Give a smaller width or height, or choose another format."
    format: str
    limit: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class ResultTooLarge(Cause):
    """More bytes than a result may have."""

    code = FailureCode.RESULT_TOO_LARGE
    sentence = "The result would be larger than {limit:,} bytes. Give a smaller width or height, a lower quality, or choose another format."
    limit: int


@dataclass(frozen=True, kw_only=True)
class MemoryLimit(Cause):
    """The conversion needs more memory than `limit` MB; `advice` goes on after the advice."""

    code = FailureCode.MEMORY_LIMIT
    sentence = (
        "The conversion needs more than the {limit:,} MB of memory that a job may use. Make the image smaller{advice}."
    )
    limit: int
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Timeout(Cause):
    """The conversion took more than `limit` seconds of the processor."""

    code = FailureCode.TIMEOUT
    sentence = "The conversion took longer than the {limit:g} seconds of processor time that a job may take. Make the image smaller, or give a lower effort."
    limit: float


@dataclass(frozen=True, kw_only=True)
class DecoderCrashed(Cause):
    """The child died of the file."""

    code = FailureCode.DECODER_CRASHED
    sentence = (
        "The decoder broke on this file; nothing else was harmed. Save or export the image again and upload that."
    )


@dataclass(frozen=True, kw_only=True)
class WorkerLost(Cause):
    """The lease ran out after each of the `attempts`."""

    code = FailureCode.WORKER_LOST
    sentence = "The conversion was started {attempts} times and its worker was lost each time. Upload the image again, or a smaller one."
    attempts: int


@dataclass(frozen=True, kw_only=True)
class InternalFailure(Cause):
    """A defect of the service."""

    code = FailureCode.INTERNAL
    sentence = "Something went wrong on our side. Upload the image again; if that fails too, report it with the id of this job."


@dataclass(frozen=True, kw_only=True)
class OptionMismatch(Cause):
    """An option that only the opened file could show to be wrong; `why` completes the sentence."""

    code = FailureCode.BAD_OPTION
    sentence = "The option {option} does not fit this file: {why}. Give another value, or leave it out."
    option: str
    why: str


@dataclass(frozen=True, kw_only=True)
class StoodStill(Timeout):
    """The conversion was not over after `limit` seconds of the clock, though it took less of the processor."""

    sentence = "The conversion was not over after {limit:g} seconds, because it stood still or the service had too much to do. Upload the image again later, or a smaller one."


@dataclass(frozen=True, kw_only=True)
class TooCostly(Timeout):
    """The conversion would take about `needed` seconds, far more than the limit; `advice` is a sentence."""

    sentence = (
        "The conversion would take about {needed:,.0f} seconds of processor time; a job may take {limit:g}. {advice}"
    )
    needed: float
    advice: str


@dataclass(frozen=True, kw_only=True)
class SearchFailed(ResultTooLarge):
    """Even at the lowest quality, the result has more bytes than `max_bytes` allows."""

    sentence = "At its lowest quality the result has {smallest:,} bytes; max_bytes allows {limit:,}. Give a larger max_bytes, or a smaller width or height."
    smallest: int


FAILURES: dict[FailureCode, type[Cause]] = {kind.code: kind for kind in Cause.__subclasses__()}
