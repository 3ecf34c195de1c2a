"""AVIF, stills and image sequences, by libavif through Pillow."""

from collections.abc import Iterator
from typing import BinaryIO

from PIL import AvifImagePlugin

from core.options import Options
from engine.animation.timing import Clock
from engine.codecs.pillow import load_image
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, attach_marked, choose_subsampling, without_none
from engine.codecs.sequences import FrameSequence, encode_sequence, open_sequence
from engine.containers import bmff
from engine.errors import decoding
from engine.image import Frame, Opened
from engine.request import Limits

EFFORT = 4
"""Chosen by docs/encoders.md, which `make tune` measures."""


def limit_threads() -> None:
    """Let a decoder have one thread."""
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def open_avif(data: bytes, _limits: Limits) -> Opened:
    """Read the header of an AVIF."""
    bmff.check_whole(data)
    with decoding("avif"):
        depth, loop_count, numbers = bmff.read_depth(data), bmff.read_loop_count(data), bmff.read_nclx(data)
    return open_sequence("avif", load_image("avif", data), depth=depth, loop_count=loop_count, numbers=numbers)


def _choose_settings(options: Options) -> SaveSettings:
    speed = 10 - (EFFORT if options.effort is None else options.effort)
    return without_none(
        quality=options.quality,
        speed=speed,
        subsampling=choose_subsampling(options),
        max_threads=1,
        # libavif's own choice for stills, `iq`, needs a tenth more bytes for the same picture at these speeds.
        advanced={"tune": "ssim"},
    )


def _bytes_per_pixel(options: Options) -> int:
    """Return libaom's own memory for each pixel.

    Measured: 30 bytes at its faster speeds, 50 at slower ones and at 4:4:4.
    """
    slow = (options.effort or 0) > 4 or options.has_full_chroma
    return 50 if slow else 30


def write_avif(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write an image sequence. Its frames last a millisecond at least."""
    clock = Clock(1, least=1, most=(1 << 31) - 1)
    data = encode_sequence(FrameSequence(frames, plan.frames, clock), plan)
    if clock.rounded:
        plan.warn_rounded("AVIF", 1)
    sink.write(bmff.set_loop_count(data, plan.loop_count))
    return plan.frames


CODEC = Codec(
    prepare=limit_threads,
    open=open_avif,
    encoder=Encoder(
        pillow="AVIF", settings=_choose_settings, attach=attach_marked,
        write_all=write_avif, bytes_per_pixel=_bytes_per_pixel,
    ),
)  # fmt: skip
