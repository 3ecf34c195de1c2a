"""APNG, made of single PNGs of Pillow's.

Each frame holds only the region of the change, and replaces it.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import BinaryIO

from PIL import Image, ImageChops

from core import magic
from engine.codecs.pillow import choose_profile
from engine.codecs.plan import WritePlan
from engine.codecs.png_packing import choose_packing
from engine.codecs.save_settings import SaveSettings
from engine.containers import png
from engine.image import Frame

LARGEST_PART = 65_535


def write_all(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write every frame. All have the same size and mode."""
    first = next(frames)
    way = choose_packing(first.image, plan.settings)
    plan = replace(plan, settings=plan.settings | way, later_settings=plan.later_settings | way)
    head, data = split_chunks(first, plan.settings, plan)
    sink.write(magic.PNG)
    for kind, body in head:
        sink.write(png.pack_chunk(kind, body))
        if kind == b"IHDR":
            sink.write(png.pack_chunk(b"acTL", struct.pack(">II", plan.frames, plan.loop_count)))
    times = _Times(plan)
    sink.write(_pack_control(0, first.image.size, (0, 0), times.round_to_fraction(first.duration)))
    sink.write(png.pack_chunk(b"IDAT", data))
    sequence, before = 1, first.image
    for frame in frames:
        sink.write(_pack_patch(frame, before, plan, sequence, times))
        sequence, before = sequence + 2, frame.image
    sink.write(png.pack_chunk(b"IEND"))
    times.warn_if_rounded()
    return plan.frames


class _Times:
    """Delays as fractions of two 16-bit numbers. Only very long and very odd ones are rounded."""

    def __init__(self, plan: WritePlan) -> None:
        self._plan = plan
        self._rounded = False

    def round_to_fraction(self, duration: Fraction) -> Fraction:
        seconds = duration / 1000
        found = seconds.limit_denominator(LARGEST_PART)
        if found.numerator > LARGEST_PART:
            found = min(seconds.limit_denominator(max(1, int(LARGEST_PART / seconds))), Fraction(LARGEST_PART))
        self._rounded |= found != seconds
        return found

    def warn_if_rounded(self) -> None:
        if self._rounded:
            self._plan.warn_rounded("PNG", 1)


def _pack_control(sequence: int, size: tuple[int, int], corner: tuple[int, int], seconds: Fraction) -> bytes:
    delay = struct.pack(">HH", seconds.numerator, seconds.denominator)
    return png.pack_chunk(b"fcTL", struct.pack(">IIIII", sequence, *size, *corner), delay, png.REPLACE)


def _pack_patch(frame: Frame, before: Image.Image, plan: WritePlan, sequence: int, times: _Times) -> bytes:
    difference = ImageChops.subtract_modulo(frame.image, before)
    box = difference.getbbox(alpha_only=False) or (0, 0, 1, 1)
    region = frame.image.crop(box)
    _, data = split_chunks(Frame(region), plan.later_settings, plan)
    control = _pack_control(sequence, region.size, box[:2], times.round_to_fraction(frame.duration))
    return control + png.pack_chunk(b"fdAT", struct.pack(">I", sequence + 1), data)


def split_chunks(frame: Frame, settings: SaveSettings, plan: WritePlan) -> tuple[list[tuple[bytes, memoryview]], bytes]:
    """Return a frame as Pillow writes it: the chunks before the image data, and that data."""
    buffer = io.BytesIO()
    frame.image.save(buffer, plan.pillow, **settings, **choose_profile(frame))
    parts = [(kind, body) for kind, body in png.read_chunks(buffer.getvalue()) if kind != b"IEND"]
    return [part for part in parts if part[0] != b"IDAT"], b"".join(body for kind, body in parts if kind == b"IDAT")
