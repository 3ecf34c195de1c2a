"""WebP, stills and animations, by libwebp through Pillow."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image, WebPImagePlugin

from core.losses import ImageDamaged
from core.options import Options
from engine.animation.changes import pack_pixels
from engine.animation.timing import Clock
from engine.codecs.pillow import load_image
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, attach_marked, without_none
from engine.codecs.sequences import FrameSequence, encode_sequence, open_sequence
from engine.containers import riff
from engine.extras import survey_trailers
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.request import Limits

BYTES = 8
"""What libwebp takes for each pixel of the canvas: two of them."""

METHOD = 4
"""The documented default of libwebp's programs. Pillow's for animations is 0."""

MOST_COLORS = 256
"""Colors of a frame that a palette can hold, as those of any GIF."""

FLAT = 0.5
"""Part of the pixels that repeat the one to their left, in drawings and pictures of screens."""


def open_webp(data: bytes, limits: Limits) -> Opened:
    """Read the header of a WebP."""
    extras = survey_trailers(data, riff.read_length(data)).losses
    data, flaw = riff.mend_file(data)
    width, height = riff.read_canvas(data)
    check_pixels(width * height, limits.max_pixels)
    needs = width * height * BYTES
    image = load_image("webp", data, needs=needs)
    if isinstance(image, WebPImagePlugin.WebPImageFile) and image.mode == "RGB" and riff.has_clear_parts(data):
        # The decoder has the alpha in any case; Pillow takes it only when the file's flag says so.
        image._mode = image.rawmode = "RGBA"  # noqa: SLF001 - as its `_open` does
    opened = open_sequence("webp", image, depth=8, loop_count=None, needs=needs)
    flaws = [ImageDamaged(why=flaw)] if flaw else []
    return replace(opened, losses=(*opened.losses, *flaws, *extras))


def _choose_settings(options: Options) -> SaveSettings:
    method = None if options.effort is None else round(options.effort * 6 / 9)
    if options.lossless:
        # A quality would be another effort here.
        return without_none(lossless=True, method=method)
    return without_none(quality=options.quality, method=method)


def write_webp(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write an animation. libwebp merges equal neighbours and adds their times."""
    clock = Clock(1, most=(1 << 24) - 1)
    sequence = FrameSequence(frames, plan.frames, clock)
    settings = {"method": METHOD} | plan.settings | _choose_search(sequence, plan.options)
    data = encode_sequence(sequence, replace(plan, settings=settings), loop=min(plan.loop_count, 65_535))
    if clock.rounded:
        plan.warn_rounded("WebP", 1)
    sink.write(riff.set_alpha_flag(data) if riff.has_clear_parts(data) else data)
    return riff.count_frames(data)


def _choose_search(first: Image.Image, options: Options) -> SaveSettings:
    """Return the save parameters for a search of the smallest film, lossless frames included.

    It makes films of flat colors several times smaller, and halves those of few colors that stay without loss. On
    photographs it gains nothing and takes ten times as long.
    """
    if not (_is_flat(first) or (options.lossless and first.getcolors(MOST_COLORS))):
        return {}
    return {"minimize_size": True, "allow_mixed": not options.lossless}


def _is_flat(image: Image.Image) -> bool:
    pixels = pack_pixels(image)
    return bool(np.count_nonzero(pixels[:, 1:] == pixels[:, :-1]) >= FLAT * pixels.size)


CODEC = Codec(
    open=open_webp,
    encoder=Encoder(pillow="WEBP", settings=_choose_settings, attach=attach_marked, write_all=write_webp),
)
