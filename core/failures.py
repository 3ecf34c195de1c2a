"""Why a conversion failed and what it could not keep: stable codes, each with its sentence.

A failure ends the job (`error`), a warning stands beside a good result (`warnings`). The
codes are part of the contract; the sentences say what happened and what to do about it.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


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


FAILURES: dict[FailureCode, str] = {
    FailureCode.CORRUPT_IMAGE: "The file is damaged and could not be read{why}. Save or export the image again and upload that.",
    FailureCode.TRUNCATED_IMAGE: "The file ends before the image does. Copy or download the original again and upload that.",
    FailureCode.UNSUPPORTED_IMAGE: "This kind of {format} file cannot be read{why}. Save the image in another way and upload that.",
    FailureCode.TOO_MANY_PIXELS: "The image has, or would have, {pixels:,} pixels over all frames; {limit:,} are allowed. Upload a smaller one, or ask for a smaller result.",
    FailureCode.TOO_MANY_FRAMES: "The image has more than the {limit:,} frames or pages that are allowed. Shorten it, or convert it in parts.",
    FailureCode.DIMENSION_LIMIT: "{format} holds at most {limit:,} pixels a side; the image is {width:,} x {height:,}. Give a smaller width or height, or choose another format.",
    FailureCode.RESULT_TOO_LARGE: "The result would be larger than {limit:,} bytes. Give a smaller width or height, a lower quality, or choose another format.",
    FailureCode.MEMORY_LIMIT: "The conversion needs more than the {limit:,} MB of memory that a job may use. Make the image smaller and upload it again.",
    FailureCode.TIMEOUT: "The conversion took longer than the {limit:g} seconds that a job may take. Make the image smaller, or give a lower effort.",
    FailureCode.DECODER_CRASHED: "The decoder broke on this file; nothing else was harmed. Save or export the image again and upload that.",
    FailureCode.WORKER_LOST: "The conversion was started {attempts} times and its worker was lost each time. Upload the image again, or a smaller one.",
    FailureCode.INTERNAL: "Something went wrong on our side. Upload the image again; if that fails too, report it with the id of this job.",
}

WARNINGS: dict[WarningCode, str] = {
    WarningCode.ALPHA_FLATTENED: "{format} has no transparency; the image was laid on the background {background}.",
    WarningCode.ANIMATION_DROPPED: "Only the first of {frames:,} frames was kept{why}.",
    WarningCode.FRAMES_DROPPED: "Only the first of the file's {frames:,} pages or pictures was kept.",
    WarningCode.DEPTH_REDUCED: "The image has {depth} bits a sample; {kept} were kept{why}.",
    WarningCode.COLORS_REDUCED: "{format} holds {limit:,} colours; the image has more, so they were reduced.",
    WarningCode.PROFILE_IGNORED: "The colour profile could not be used ({why}); the colours were taken as sRGB.",
    WarningCode.METADATA_DROPPED: "{format} cannot hold this metadata ({what}); it was left out.",
    WarningCode.RESIZED_TO_LIMIT: "{format} holds at most {limit:,} pixels a side; the image was made smaller.",
    WarningCode.TIMING_ROUNDED: "{format} counts frame times in steps of {step} ms; they were rounded.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A job's `error`: the code, and the sentence with its figures filled in."""

    code: FailureCode
    detail: str

    def as_json(self) -> dict[str, str]:
        """As the record stores it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Warned:
    """An entry of a job's `warnings`."""

    code: WarningCode
    detail: str

    def as_json(self) -> dict[str, str]:
        """As the record stores it."""
        return asdict(self)


def failure(code: FailureCode, **facts: Any) -> Failure:
    """The failure of that code with its sentence; `facts` are the figures that the sentence names."""
    return Failure(code, FAILURES[code].format(**{"why": "", "format": "", **facts}))


def warning(code: WarningCode, **facts: Any) -> Warned:
    """The warning of that code with its sentence; `facts` are the figures that the sentence names."""
    return Warned(code, WARNINGS[code].format(**{"why": "", **facts}))
