"""What the contract promises of each target, written down apart from the code under test.

`core.formats` says which formats there are; a format that is not named here fails `test_contract`, so that a new one
gets its promises too. `expected` turns a subject and a target into what a result has to show.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conformance.matrix import pictures
from conformance.matrix.pictures import Pixels
from conformance.matrix.subjects import PLAYS, Kind, Subject

ALPHA = {"png", "webp", "tiff", "avif", "heic", "jxl", "jp2", "ico", "icns", "tga", "dds", "qoi", "sgi"}
BINARY_ALPHA = {"gif"}
FLAT = {"jpeg", "bmp", "ppm", "pcx", "pdf"}
ANIMATED = {"gif", "png", "webp", "avif"}
PAGED = {"tiff", "pdf"}
DEEP = {"png", "tiff", "jp2", "jxl", "ppm"}
EXACT = {"png", "gif", "tiff", "bmp", "jp2", "ico", "icns", "tga", "ppm", "pcx", "dds", "qoi", "sgi"}
"""Targets that lose no bit of a picture that they can hold, unless a quality is asked for."""

ICONS = {"ico": (16, 24, 32, 48, 64, 128, 256), "icns": (16, 32, 64, 128, 256, 512, 1024)}
SIDES = {"webp": 16_383, "jpeg": 65_500, "heic": 16_384}
"""Of HEIC it is HEVC's highest level that ends near there (ITU-T H.265, A.4.1: at most 16,888 for a level 6.2)."""

STEPS = {"gif": 10.0}
"""Milliseconds that a format counts frame times in; 1 elsewhere."""

SOURCE_LOSS = {"jpeg": 4.0, "avif": 4.0, "heic": 4.0, "psd": 0.6}
"""Largest error of an 8-bit sample, on average over a picture, that the source file itself may have."""

CODEC_LOSS, RESAMPLING_LOSS, DITHER_LOSS, PROFILE_LOSS, ROUNDING = 7.0, 4.0, 10.0, 2.0, 0.6
"""Likewise: what a target with loss, a resize, a palette of 256, a profile and a step of 8 bits may add."""

KNOWN = ALPHA | BINARY_ALPHA | FLAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a cell has to show. `must` and `may` are codes of warnings; `failure` is the code of a promised refusal.

    `mean` is the error of 8-bit samples (premultiplied) that is allowed on average; 0 means exact to the bit.
    """

    frames: tuple[Pixels, ...] = ()
    alpha: bool = False
    depth: int = 8
    times: tuple[float, ...] = ()
    plays: int | None = None
    must: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    failure: str | None = None
    mean: float = 0.0
    icon: tuple[int, ...] = ()
    metadata: str = "strip"
    options: dict[str, Any] = field(default_factory=dict)


def expected(subject: Subject, source: str, target: str, options: dict[str, Any]) -> Expected:
    """Return the result by the contract. `options` are those of the job."""
    limit = SIDES.get(target)
    if limit is not None and max(subject.first.shape[:2]) > limit:
        return Expected(failure="dimension_limit")
    frames, depth = _expect_frames(subject, source, target, options)
    must, may = _expect_warnings(subject, source, target, frames)
    film = len(frames) > 1 and target in ANIMATED
    return Expected(
        frames=frames,
        alpha=target in ALPHA | BINARY_ALPHA and any((frame[..., 3] < pictures.FULL).any() for frame in frames),
        depth=depth,
        times=tuple(map(float, subject.times)) if film else (),
        plays=_expect_plays(source) if film else None,
        must=frozenset(must),
        may=frozenset(may),
        mean=_allow_difference(subject, source, target, frames, options),
        icon=icon_sides(frames[0].shape[:2], target),
        metadata=options.get("metadata", "strip"),
        options=options,
    )


def _expect_frames(
    subject: Subject, source: str, target: str, options: dict[str, Any]
) -> tuple[tuple[Pixels, ...], int]:
    """The pictures of a result, and its depth."""
    frames, depth = subject.frames, 8
    if not _keeps_all(subject, target):
        frames = frames[:1]
    if _keeps_depth(subject, source, target):
        depth = 16
    elif subject.kind in {Kind.GREY16, Kind.COLOUR16}:
        frames = tuple(pictures.from_bytes(pictures.eight(frame)) for frame in frames)
    if "width" in options:
        frames = tuple(reduced(frame, frame.shape[1] // options["width"]) for frame in frames)
    background = options.get("background", "#ffffff")
    if target in FLAT:
        frames = tuple(pictures.laid_on(frame, background) for frame in frames)
    elif target in BINARY_ALPHA:
        frames = tuple(pictures.on_or_off(frame, background) for frame in frames)
    return frames, depth


def _keeps_depth(subject: Subject, source: str, target: str) -> bool:
    """16 bits are kept where both formats hold them; of grey, every source that has them does."""
    return target in DEEP and (subject.kind is Kind.GREY16 or (subject.kind is Kind.COLOUR16 and source in DEEP))


def _keeps_all(subject: Subject, target: str) -> bool:
    if subject.kind is Kind.ANIMATION:
        return target in ANIMATED | PAGED
    return subject.kind is Kind.PAGES and target in PAGED


def _expect_warnings(
    subject: Subject, source: str, target: str, frames: tuple[Pixels, ...]
) -> tuple[set[str], set[str]]:
    """What must be said, and what else may be."""
    must: set[str] = set()
    lossy = source in SOURCE_LOSS or "width" in subject.options or subject.kind is Kind.PROFILED
    may = {"colors_reduced", "alpha_reduced"} if target == "gif" and lossy else set()
    if target in BINARY_ALPHA and any(_has_soft_edges(frame) for frame in subject.frames):
        must.add("alpha_reduced")
    if target in FLAT and (subject.frames[0][..., 3] < pictures.FULL).any():
        must.add("alpha_flattened")
    if len(subject.frames) > 1 and not _keeps_all(subject, target):
        must.add("animation_dropped" if subject.kind is Kind.ANIMATION else "frames_dropped")
    if subject.kind in {Kind.GREY16, Kind.COLOUR16} and not _keeps_depth(subject, source, target):
        must.add("depth_reduced")
    if subject.kind is Kind.MISPROFILED:
        must.add("profile_ignored")
    if subject.options.get("metadata") == "keep":
        may.add("metadata_dropped")
    if target in ICONS and max(subject.first.shape[:2]) not in ICONS[target]:
        may.add("resized_to_limit")
    if target == "gif" and any(_count_colors(frame) > 256 for frame in frames) and not lossy:
        must.add("colors_reduced")
    return must, may


def _has_soft_edges(frame: Pixels) -> bool:
    return bool(((frame[..., 3] > 0) & (frame[..., 3] < pictures.FULL)).any())


def _count_colors(frame: Pixels) -> int:
    """How many different colours are seen, clear being one of them."""
    return len(np.unique(pictures.eight(frame).reshape(-1, 4), axis=0))


def _expect_plays(source: str) -> int | None:
    """Return how often a source plays: an AVIF made here forever, all others three times."""
    return 0 if source == "avif" else PLAYS


def _allow_difference(
    subject: Subject, source: str, target: str, frames: tuple[Pixels, ...], options: dict[str, Any]
) -> float:
    loss = SOURCE_LOSS.get(source, 0.0) + (PROFILE_LOSS if subject.kind is Kind.PROFILED else 0.0)
    if target not in EXACT and not options.get("lossless", False):
        loss += CODEC_LOSS
    if "width" in options:
        loss += RESAMPLING_LOSS
    if target == "gif" and any(_count_colors(frame) > 256 for frame in frames):
        loss += DITHER_LOSS
    if _may_round(subject, source, target):
        loss += ROUNDING
    return loss


def _may_round(subject: Subject, source: str, target: str) -> bool:
    """What is half clear and laid on a ground, and 16 bits made 8, may be a step of 8 bits off."""
    mixed = target in FLAT | BINARY_ALPHA and subject.kind is Kind.ALPHA
    deep = subject.kind in {Kind.GREY16, Kind.COLOUR16}
    return mixed or (deep and not _keeps_depth(subject, source, target))


def reduced(pixels: Pixels, factor: int) -> Pixels:
    """Made smaller by a whole factor: the mean of premultiplied samples."""
    alpha = pixels[..., 3:].astype(np.float64) / pictures.FULL
    layers = np.concatenate([pixels[..., :3] * alpha, alpha], 2)
    height, width = (side // factor for side in layers.shape[:2])
    means = layers[: height * factor, : width * factor].reshape(height, factor, width, factor, 4).mean((1, 3))
    colour = np.divide(means[..., :3], means[..., 3:], out=np.zeros_like(means[..., :3]), where=means[..., 3:] > 0)
    return np.asarray(np.rint(np.concatenate([colour, means[..., 3:] * pictures.FULL], 2)), np.uint16)


def icon_sides(size: tuple[int, ...], target: str) -> tuple[int, ...]:
    """Return the sides of an icon: those of the format up to the picture's larger side, at least one."""
    sides = ICONS.get(target, ())
    return tuple(side for side in sides if side <= max(size)) or sides[:1]
