"""What a good result could not keep: stable codes, each a class with the facts of its sentence.

A warning stands beside the result (`warnings`) and is made from a Loss.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import ClassVar


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
    IMAGE_DAMAGED = "image_damaged"
    EXTRAS_DROPPED = "extras_dropped"
    PREVIEW_USED = "preview_used"
    HDR_REDUCED = "hdr_reduced"
    ALPHA_REDUCED = "alpha_reduced"
    CHANNELS_DROPPED = "channels_dropped"


@dataclass(frozen=True, slots=True)
class Warned:
    """An entry of a job's `warnings`."""

    code: WarningCode
    detail: str

    def as_json(self) -> dict[str, str]:
        """Return the JSON of the record."""
        return asdict(self)


class Loss:
    """Base of the warnings. A subclass's fields are the facts in its sentence."""

    code: ClassVar[WarningCode]
    sentence: ClassVar[str]

    @property
    def warned(self) -> Warned:
        """Return the warning for the job's record."""
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
    """The target is for small images only; `limit` is the side of its largest picture in pixels."""

    code = WarningCode.RESIZED_TO_LIMIT
    sentence = "The largest picture in this {format} has {limit:,} pixels a side; the image was made smaller."
    format: str
    limit: int


@dataclass(frozen=True, kw_only=True)
class TimingRounded(Loss):
    """Frame times are whole steps of `step` milliseconds."""

    code = WarningCode.TIMING_ROUNDED
    sentence = "{format} counts frame times in steps of {step} ms; they were rounded."
    format: str
    step: int


@dataclass(frozen=True, kw_only=True)
class ImageDamaged(Loss):
    """The wrapping of the picture has a flaw, the picture has none; `why` says where."""

    code = WarningCode.IMAGE_DAMAGED
    sentence = "The file has a flaw beside the picture ({why}); the picture itself is whole."
    why: str


@dataclass(frozen=True, kw_only=True)
class ExtrasDropped(Loss):
    """The file holds more than the picture; `what` lists it."""

    code = WarningCode.EXTRAS_DROPPED
    sentence = "The file also holds {what}; only the picture was kept."
    what: str


@dataclass(frozen=True, kw_only=True)
class PreviewUsed(Loss):
    """A camera's raw data was not developed; its preview has that many pixels."""

    code = WarningCode.PREVIEW_USED
    sentence = (
        "Raw data of a camera is not developed here; the preview of {width:,} x {height:,} pixels in the file was used."
    )
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class HdrReduced(Loss):
    """The picture is for HDR screens, by the curve of that name."""

    code = WarningCode.HDR_REDUCED
    sentence = "The image is for HDR screens ({curve}); its brightness and colours were fitted to ordinary ones."
    curve: str


@dataclass(frozen=True, kw_only=True)
class AlphaReduced(Loss):
    """The target holds pixels that are clear or opaque, and nothing between."""

    code = WarningCode.ALPHA_REDUCED
    sentence = "A pixel of {format} is clear or opaque; half and more became opaque on the background {background}, the rest clear."
    format: str
    background: str


@dataclass(frozen=True, kw_only=True)
class ChannelsDropped(Loss):
    """The file has channels beside the picture's colours and transparency; `what` names them."""

    code = WarningCode.CHANNELS_DROPPED
    sentence = "The image has channels that are no part of its colours ({what}); they were left out."
    what: str


WARNINGS: dict[WarningCode, type[Loss]] = {kind.code: kind for kind in Loss.__subclasses__()}
