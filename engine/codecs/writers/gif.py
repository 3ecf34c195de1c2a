"""GIF, made of single GIFs of Pillow's: a colour table of its own for every frame, exact times, loops and disposal.

An opaque animation stores what changed; one with clear parts starts each frame on an empty canvas, as a GIF cannot
make a pixel clear again in another way.
"""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from PIL import Image, ImageChops

from core.failures import WarningCode
from engine.animation.timing import Clock
from engine.codecs.writers.plan import Plan
from engine.containers import gif
from engine.image import Frame
from engine.pixels.alpha import binary

COLOURS = 256
STEP = 10
SAMPLE = 1 << 20
"""Pixels that a colour table is made from, about."""


@dataclass(frozen=True, slots=True)
class _Indexed:
    image: Image.Image
    transparent: int | None


def write_still(frame: Frame, plan: Plan, sink: BinaryIO) -> tuple[int, int]:
    """One picture; its size in pixels."""
    indexed = _indexed(binary(frame.image, plan.options.background), plan)
    sink.write(gif.screen(*plan.size))
    _write_frame(indexed, (0, 0), gif.Control(), sink)
    sink.write(bytes([gif.TRAILER]))
    return frame.image.size


def write_all(frames: Iterator[Frame], plan: Plan, sink: BinaryIO) -> int:
    """Write every frame; all have the same size."""
    clock = Clock(STEP, most=gif.MOST_TICKS)
    sink.write(gif.screen(*plan.size) + gif.loop(plan.plays))
    before: Image.Image | None = None
    for frame in frames:
        image = binary(frame.image, plan.options.background)
        box = _region(image, before, plan)
        dispose = gif.DISPOSE_NONE if plan.opaque else gif.DISPOSE_BACKGROUND
        control = gif.Control(clock.ticks(frame.duration), dispose=dispose)
        _write_frame(_indexed(image.crop(box), plan), box[:2], control, sink)
        before = image
    sink.write(bytes([gif.TRAILER]))
    if clock.rounded:
        plan.warn_rounded("GIF", STEP)
    return plan.frames


def _region(image: Image.Image, before: Image.Image | None, plan: Plan) -> tuple[int, int, int, int]:
    """The part of a frame that has to be stored: what changed, or what is not clear; never nothing."""
    if before is None:
        return (0, 0, *plan.size)
    if plan.opaque:
        found = ImageChops.subtract_modulo(image, before).getbbox()
    else:
        found = image.getchannel("A").getbbox() if image.mode in {"LA", "RGBA"} else (0, 0, *plan.size)
    return found or (0, 0, 1, 1)


def _indexed(image: Image.Image, plan: Plan) -> _Indexed:
    """With a colour table: exact when the colours fit, else the best table with dithering, and said."""
    if image.mode not in {"LA", "RGBA"}:
        return _Indexed(_reduced(image.convert("RGB"), COLOURS, plan), None)
    alpha = image.getchannel("A")
    # What is clear takes the colour of something that is seen, so that it costs no entry of the table.
    colours = image.convert("RGBA").convert("RGB")
    box = alpha.getbbox()
    seen = colours.getpixel(_first_opaque(alpha)) if box else 0
    colours.paste(seen, mask=ImageChops.invert(alpha))  # type: ignore[arg-type]
    indexed = _reduced(colours, COLOURS - 1, plan)
    free = len(indexed.getpalette() or ()) // 3
    indexed.putpalette([*(indexed.getpalette() or ()), 0, 0, 0])
    indexed.paste(free, mask=ImageChops.invert(alpha))
    return _Indexed(indexed, free)


def _first_opaque(alpha: Image.Image) -> tuple[int, int]:
    at = alpha.tobytes().find(255)
    return at % alpha.width, at // alpha.width


def _reduced(colours: Image.Image, limit: int, plan: Plan) -> Image.Image:
    if colours.getcolors(limit) is not None:
        return colours.quantize(limit, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    plan.warn(WarningCode.COLORS_REDUCED, format="GIF", limit=COLOURS)
    table = _sample(colours).quantize(limit, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return colours.quantize(limit, palette=table, dither=Image.Dither.FLOYDSTEINBERG)


def _sample(colours: Image.Image) -> Image.Image:
    """Enough of a picture to choose colours by: the choice takes much memory for each pixel."""
    step = math.isqrt(colours.width * colours.height // SAMPLE)
    return colours if step <= 1 else colours.reduce(step)


def _write_frame(indexed: _Indexed, corner: tuple[int, int], control: gif.Control, sink: BinaryIO) -> None:
    buffer = io.BytesIO()
    indexed.image.save(buffer, "GIF", optimize=False, interlace=0)
    stored = gif.parse(buffer.getvalue(), 1).frames[0]
    control = replace(control, transparent=indexed.transparent)
    if control != gif.Control():
        sink.write(control.block())
    sink.write(replace(stored, x=corner[0], y=corner[1]).block())
