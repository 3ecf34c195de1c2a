"""GIF: read frame by frame, each decoded by Pillow and composed here; written as single GIFs of Pillow's.

Each frame is written with a color table of its own, exact times, loops and disposal. An opaque animation stores only
the changes. One with clear parts starts each frame on an empty canvas, because a GIF cannot make a pixel clear again
otherwise.
"""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import BinaryIO

from PIL import Image, ImageChops

from core.losses import ColorsReduced
from engine.animation.compose import Patch, compose_frames
from engine.animation.timing import Clock
from engine.codecs.pillow import load_image
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.containers import gif
from engine.containers.disposal import Disposal
from engine.errors import decoding
from engine.image import Frame, FrameKind, Opened
from engine.metadata import Metadata
from engine.pixels.alpha import make_binary
from engine.pixels.modes import to_eight_bits, to_plain_mode
from engine.request import Limits

COLORS = 256
STEP = 10
SAMPLE = 1 << 20
"""Pixels that a color table is made from, about."""


@dataclass(frozen=True, slots=True)
class _Indexed:
    image: Image.Image
    transparent: int | None


def open_gif(data: bytes, limits: Limits) -> Opened:
    """Read the header of a GIF. Raise ConversionError when it is bad or has too many frames."""
    parts = gif.parse_file(data, limits.max_frames)
    size, count = (parts.width, parts.height), len(parts.frames)

    def read_frames() -> Iterator[Frame]:
        for composed, duration in compose_frames(size, _read_patches(parts)):
            yield Frame(composed, duration)

    return Opened(
        format="gif", size=size, pixels=parts.width * parts.height * count, read=read_frames,
        kind=FrameKind.ANIMATION if count > 1 else FrameKind.STILL, frames=count, loop_count=parts.loop_count,
        opaque=parts.is_opaque, metadata=Metadata(comment=parts.comment),
    )  # fmt: skip


def _read_patches(parts: gif.GifFile) -> Iterator[Patch]:
    for frame in parts.frames:
        image = load_image("gif", frame.to_file())
        with decoding("gif"):
            image.load()
        yield Patch(
            to_eight_bits(to_plain_mode(Frame(image))).convert("RGBA"),
            (frame.x, frame.y),
            Fraction(frame.control.ticks * 10),
            over=True,
            disposal=frame.control.disposal or Disposal.KEEP,
        )


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture. Return its size in pixels."""
    indexed = _index_colors(make_binary(frame.image, plan.options.background), plan)
    sink.write(gif.pack_screen(*plan.size))
    _write_frame(indexed, (0, 0), gif.Control(), sink)
    sink.write(bytes([gif.TRAILER]))
    return frame.image.size


def write_all(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write every frame. All have the same size."""
    clock = Clock(STEP, most=gif.MOST_TICKS)
    sink.write(gif.pack_screen(*plan.size) + gif.pack_loop(plan.loop_count))
    before: Image.Image | None = None
    for frame in frames:
        image = make_binary(frame.image, plan.options.background)
        box = _find_region(image, before, plan)
        disposal = Disposal.KEEP if plan.opaque else Disposal.CLEAR
        control = gif.Control(clock.count_ticks(frame.duration), disposal=disposal)
        _write_frame(_index_colors(image.crop(box), plan), box[:2], control, sink)
        before = image
    sink.write(bytes([gif.TRAILER]))
    if clock.rounded:
        plan.warn_rounded("GIF", STEP)
    return plan.frames


def _find_region(image: Image.Image, before: Image.Image | None, plan: WritePlan) -> tuple[int, int, int, int]:
    """Return the part of a frame that has to be stored, at least one pixel.

    Of an opaque animation that is the change, of others the part that is not clear.
    """
    if before is None:
        return (0, 0, *plan.size)
    if plan.opaque:
        found = ImageChops.subtract_modulo(image, before).getbbox()
    else:
        found = image.getchannel("A").getbbox() if image.mode in {"LA", "RGBA"} else (0, 0, *plan.size)
    return found or (0, 0, 1, 1)


def _index_colors(image: Image.Image, plan: WritePlan) -> _Indexed:
    """Give a picture a color table: an exact one when the colors fit, else the best one, with dithering."""
    if image.mode not in {"LA", "RGBA"}:
        return _Indexed(_reduce_colors(image.convert("RGB"), COLORS, plan), None)
    alpha = image.getchannel("A")
    # What is clear takes the color of something that is seen, so that it costs no entry of the table.
    colors = image.convert("RGBA").convert("RGB")
    box = alpha.getbbox()
    seen = colors.getpixel(_first_opaque(alpha)) if box else 0
    colors.paste(seen, mask=ImageChops.invert(alpha))  # type: ignore[arg-type]
    indexed = _reduce_colors(colors, COLORS - 1, plan)
    free = len(indexed.getpalette() or ()) // 3
    indexed.putpalette([*(indexed.getpalette() or ()), 0, 0, 0])
    indexed.paste(free, mask=ImageChops.invert(alpha))
    return _Indexed(indexed, free)


def _first_opaque(alpha: Image.Image) -> tuple[int, int]:
    at = alpha.tobytes().find(255)
    return at % alpha.width, at // alpha.width


def _reduce_colors(colors: Image.Image, limit: int, plan: WritePlan) -> Image.Image:
    if colors.getcolors(limit) is not None:
        return colors.quantize(limit, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    plan.warn(ColorsReduced(format="GIF", limit=COLORS))
    table = _sample_pixels(colors).quantize(limit, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return colors.quantize(limit, palette=table, dither=Image.Dither.FLOYDSTEINBERG)


def _sample_pixels(colors: Image.Image) -> Image.Image:
    """Return enough of a picture to choose colors by.

    The choice takes much memory for each pixel.
    """
    step = math.isqrt(colors.width * colors.height // SAMPLE)
    return colors if step <= 1 else colors.reduce(step)


def _write_frame(indexed: _Indexed, corner: tuple[int, int], control: gif.Control, sink: BinaryIO) -> None:
    buffer = io.BytesIO()
    indexed.image.save(buffer, "GIF", optimize=False, interlace=0)
    stored = gif.parse_file(buffer.getvalue(), 1).frames[0]
    control = replace(control, transparent=indexed.transparent)
    if control != gif.Control():
        sink.write(control.to_bytes())
    sink.write(replace(stored, x=corner[0], y=corner[1]).to_bytes())


CODEC = Codec(open=open_gif, encoder=Encoder(pillow="GIF", write_still=write_still, write_all=write_all))
