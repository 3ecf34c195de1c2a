"""Why a conversion failed and what it could not keep: stable codes, each a class with the facts of its sentence.

A failure ends the job (`error`) and is made from a Cause. A warning stands beside a good result
(`warnings`) and is made from a Loss. The codes are part of the contract; the sentences say what
happened and what to do about it.
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


class WarningCode(StrEnum):
    """Every code that an entry of a job's `warnings` can have."""

    ALPHA_FLATTENED = "alpha_flattened"
    ANIMATION_DROPPED = "animation_dropped"
    FRAMES_DROPPED = "frames_dropped"
    DEPTH_REDUCED = "depth_reduced"
    COLORS_REDUCED = "colors_reduced"
    PROFILE_IGNORED = "profile_ignored"
    METADATA_DROPPED = "metadata_dropped"
    RESIZED_TO_LIMIT = "resized_to_limit"
    TIMING_ROUNDED = "timing_rounded"


@dataclass(frozen=True, slots=True)
class Failure:
    """A job's `error`: the code, and the sentence with its figures filled in."""

    code: FailureCode
    detail: str

    def as_json(self) -> dict[str, str]:
        """Return the JSON of the record."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Warned:
    """An entry of a job's `warnings`."""

    code: WarningCode
    detail: str

    def as_json(self) -> dict[str, str]:
        """Return the JSON of the record."""
        return asdict(self)


class Cause:
    """Base of the failures. A subclass's fields are the facts that its sentence names."""

    code: ClassVar[FailureCode]
    sentence: ClassVar[str]

    @property
    def failure(self) -> Failure:
        """Return what the job's record stores."""
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
    """The conversion needs more memory than `limit` MB."""

    code = FailureCode.MEMORY_LIMIT
    sentence = "The conversion needs more than the {limit:,} MB of memory that a job may use. Make the image smaller and upload it again."
    limit: int


@dataclass(frozen=True, kw_only=True)
class Timeout(Cause):
    """The conversion took longer than `limit` seconds."""

    code = FailureCode.TIMEOUT
    sentence = "The conversion took longer than the {limit:g} seconds that a job may take. Make the image smaller, or give a lower effort."
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


class Loss:
    """Base of the warnings. A subclass's fields are the facts that its sentence names."""

    code: ClassVar[WarningCode]
    sentence: ClassVar[str]

    @property
    def warned(self) -> Warned:
        """Return what the job's record stores."""
        return Warned(self.code, self.sentence.format_map(vars(self)))


@dataclass(frozen=True, kw_only=True)
class AlphaFlattened(Loss):
    """The target has no alpha."""

    code = WarningCode.ALPHA_FLATTENED
    sentence = "{format} has no transparency; the image was laid on the background {background}."
    format: str
    background: str


@dataclass(frozen=True, kw_only=True)
class AnimationDropped(Loss):
    """The target holds one frame."""

    code = WarningCode.ANIMATION_DROPPED
    sentence = "Only the first of {frames:,} frames was kept."
    frames: int


@dataclass(frozen=True, kw_only=True)
class FramesDropped(Loss):
    """The target holds one page."""

    code = WarningCode.FRAMES_DROPPED
    sentence = "Only the first of the file's {frames:,} pages or pictures was kept."
    frames: int


@dataclass(frozen=True, kw_only=True)
class DepthReduced(Loss):
    """Samples were scaled to fewer bits; `why` completes the sentence."""

    code = WarningCode.DEPTH_REDUCED
    sentence = "The image has {depth} bits a sample; {kept} were kept{why}."
    depth: int
    kept: int
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class ColorsReduced(Loss):
    """The palette of the target is too small."""

    code = WarningCode.COLORS_REDUCED
    sentence = "{format} holds {limit:,} colours; the image has more, so they were reduced."
    format: str
    limit: int


@dataclass(frozen=True, kw_only=True)
class ProfileIgnored(Loss):
    """The profile is broken or of another kind of pixels."""

    code = WarningCode.PROFILE_IGNORED
    sentence = "The colour profile could not be used ({why}); the colours were taken as sRGB."
    why: str


@dataclass(frozen=True, kw_only=True)
class MetadataDropped(Loss):
    """Metadata was to be kept; `what` lists what was not."""

    code = WarningCode.METADATA_DROPPED
    sentence = "{format} cannot hold this metadata ({what}); it was left out."
    format: str
    what: str


@dataclass(frozen=True, kw_only=True)
class ResizedToLimit(Loss):
    """The target is for small images only; `limit` is in pixels."""

    code = WarningCode.RESIZED_TO_LIMIT
    sentence = "{format} holds at most {limit:,} pixels a side; the image was made smaller."
    format: str
    limit: int


@dataclass(frozen=True, kw_only=True)
class TimingRounded(Loss):
    """Frame times are whole steps of `step` milliseconds."""

    code = WarningCode.TIMING_ROUNDED
    sentence = "{format} counts frame times in steps of {step} ms; they were rounded."
    format: str
    step: int


FAILURES: dict[FailureCode, type[Cause]] = {kind.code: kind for kind in Cause.__subclasses__()}
WARNINGS: dict[WarningCode, type[Loss]] = {kind.code: kind for kind in Loss.__subclasses__()}
