"""APNG: each frame holds the region of the change, and replaces it or is laid over it, whichever is smaller.

While the colors of the film fit into a palette, its frames wait as indexes, because the palette stands before the first.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import BinaryIO

from PIL import Image

from core import magic
from engine.animation.changes import Change, find_changes, pack_pixels
from engine.codecs.apng_pixels import Palette, Waiting, pack_colors, pack_indexes
from engine.codecs.pillow import choose_profile
from engine.codecs.plan import WritePlan
from engine.codecs.png_packing import choose_packing
from engine.containers import png_chunks, png_frames
from engine.image import Frame

LARGEST_PART = 65_535
INDEXED = 3
DEPTH = 8
"""Bits of a sample or index. FFmpeg misplaces regions of fewer bits, and zlib makes nearly as little of eight."""

COLOR_TYPES = {"RGB": 2, "RGBA": 6}

Film = Iterator[Change[Fraction]]


def write_all(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write every frame. All have the same size and mode."""
    first, times = next(frames), _Times(plan)
    mode, writer = first.image.mode, _Writer(first, plan, sink)
    plan = replace(plan, settings=plan.later_settings | choose_packing(first.image, plan.settings))
    shots = ((pack_pixels(frame.image), times.round_to_fraction(frame.duration)) for frame in chain([first], frames))
    del first
    _write_film(find_changes(shots, replaces=True), mode, plan, writer)
    writer.finish()
    times.warn_if_rounded()
    return plan.frames


def _write_film(film: Film, mode: str, plan: WritePlan, writer: "_Writer") -> None:
    palette, waiting = Palette(), list[Waiting]()
    for change in film:
        indexes = palette.add_pixels(change.pixels)
        if indexes is None:
            restored = (palette.restore_change(one) for one in waiting)
            _write_colors(chain(restored, [change]), film, mode, plan, writer)
            return
        waiting.append(Waiting.of(change, indexes))
    level = plan.settings.get("compress_level", -1)
    palette.finish()
    writer.begin(INDEXED, palette.pack_chunks())
    for one in waiting:
        over, data = pack_indexes(one, palette, level if isinstance(level, int) else -1)
        writer.add_frame(one.change, one.size, data, over=over)


def _write_colors(known: Film, later: Film, mode: str, plan: WritePlan, writer: "_Writer") -> None:
    """Write frames of more colors, with alpha if one of the first is laid over what stays."""
    changes = [*known, *filter(None, [next(later, None)])]
    mode = (
        "RGBA" if any(change.covers and 2 * change.changed.sum() < change.changed.size for change in changes) else mode
    )
    writer.begin(COLOR_TYPES[mode], b"")
    for change in chain(changes, later):
        over, data = pack_colors(change, mode, plan.settings)
        writer.add_frame(change, change.pixels.shape, data, over=over)


class _Writer:
    """Writes the chunks of the file, with their sequence numbers."""

    def __init__(self, first: Frame, plan: WritePlan, sink: BinaryIO) -> None:
        self._plan, self._sink, self._sequence = plan, sink, 0
        self._extra = pack_extra_chunks(first, plan)

    def begin(self, color_type: int, palette: bytes) -> None:
        """Write all that stands before the first frame."""
        header = struct.pack(">IIBBBBB", *self._plan.size, DEPTH, color_type, 0, 0, 0)
        animation = struct.pack(">II", self._plan.frames, self._plan.loop_count)
        self._sink.write(magic.PNG + png_chunks.pack_chunk(b"IHDR", header) + png_chunks.pack_chunk(b"acTL", animation))
        self._sink.write(self._extra + palette)

    def add_frame(self, change: Change[Fraction], size: tuple[int, ...], data: bytes, *, over: bool) -> None:
        """Write a frame of `size` (rows, columns)."""
        rows, columns = size
        place = struct.pack(">IIIII", self._sequence, columns, rows, *change.corner)
        delay = struct.pack(">HH", change.duration.numerator, change.duration.denominator)
        ways = bytes([png_frames.DISPOSAL_NUMBERS[change.disposal], over])
        self._sink.write(png_chunks.pack_chunk(b"fcTL", place, delay, ways))
        if self._sequence:
            self._sink.write(png_chunks.pack_chunk(b"fdAT", struct.pack(">I", self._sequence + 1), data))
        else:
            self._sink.write(png_chunks.pack_chunk(b"IDAT", data))
        self._sequence += 2 if self._sequence else 1

    def finish(self) -> None:
        """Write the end of the file."""
        self._sink.write(png_chunks.pack_chunk(b"IEND"))


def pack_extra_chunks(first: Frame, plan: WritePlan) -> bytes:
    """Return profile, resolution and metadata as Pillow writes them."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, plan.pillow, **plan.settings, **choose_profile(first))
    kinds = {b"IHDR", b"IDAT", b"IEND"}
    return b"".join(
        png_chunks.pack_chunk(kind, body)
        for kind, body in png_chunks.read_chunks(buffer.getvalue())
        if kind not in kinds
    )


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
