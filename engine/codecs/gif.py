"""GIF: read frame by frame, each decoded by Pillow and composed here; written by differences.

A frame holds the part that changes, transparent where it does not. All frames share one color table while the film's
colors fit; a frame whose colors do not has a table of its own. Pillow packs the pixels (LZW).
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.losses import AlphaReduced, ColorsReduced, ImageDamaged
from engine.animation.changes import Canvas, Change, find_changes, pack_pixels
from engine.animation.compose import Patch, compose_frames
from engine.animation.timing import Clock, merge_frames
from engine.codecs.gif_colors import COLORS, RGB, ColorTable, Indexes, find_free, reduce_colors
from engine.codecs.pillow import load_image
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.containers import gif
from engine.containers.disposal import Disposal
from engine.errors import decoding
from engine.image import Frame, FrameKind, Opened
from engine.metadata import Metadata
from engine.pixels.alpha import has_soft_edges, make_binary
from engine.pixels.modes import to_eight_bits, to_plain_mode
from engine.request import Limits

STEP = 10
LEAST = 2
"""Steps. Browsers play a frame of one step as ten."""

HELD = 1 << 16
"""Bytes of frames that wait for the length of the shared table. In a longer file, a full table weighs nothing."""


@dataclass(frozen=True, slots=True)
class _Indexed:
    """Indexes (rows, columns), the one of them that is transparent, and a table of its own if it has one."""

    indexes: Indexes
    transparent: int | None
    table: bytes = b""


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
        opaque=parts.is_opaque, stays_opaque=parts.stays_opaque, metadata=Metadata(comment=parts.comment),
        losses=(ImageDamaged(why=", ".join(parts.flaws)),) if parts.flaws else (),
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
    canvas = _make_canvas(frame, plan)
    change = Change(canvas, canvas != 0, (0, 0), 0, Disposal.KEEP)
    writer = _Writer(plan, sink)
    writer.add_frame(change, None)
    writer.finish()
    return frame.image.size


def write_all(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write the frames, all of the same size. Return how many are left after short ones are merged."""
    clock = Clock(STEP, least=LEAST, most=gif.MOST_TICKS, merges=True)
    shots = ((_make_canvas(frame, plan), frame.duration) for frame in frames)
    writer = _Writer(plan, sink)
    for change in find_changes(merge_frames(shots, clock), replaces=False):
        writer.add_frame(change, change.disposal)
    writer.finish()
    if clock.rounded:
        plan.warn_rounded("GIF", STEP)
    return writer.count


def _make_canvas(frame: Frame, plan: WritePlan) -> Canvas:
    background = plan.options.flat_color
    if has_soft_edges(frame.image):
        plan.warn(AlphaReduced(format="GIF", background=background))
    return pack_pixels(make_binary(frame.image, background))


class _Writer:
    """Writes the file. The table of all frames is known at the end, and stands at the start."""

    def __init__(self, plan: WritePlan, sink: BinaryIO) -> None:
        self.count = 0
        self._plan, self._sink = plan, sink
        self._table, self._highest = ColorTable(), 0
        self._held: bytearray | None = bytearray()

    def add_frame(self, change: Change[int], disposal: Disposal | None) -> None:
        """Write a frame, or hold it until the length of the table is known."""
        indexed, data = min(
            ((version, _pack_indexes(version)) for version in _index_colors(change, self._table, self._plan)),
            key=lambda packed: len(packed[0].table) + len(packed[1]),
        )
        rows, columns = indexed.indexes.shape
        transparent = indexed.transparent
        is_part = not self.count and (columns, rows) != self._plan.size
        if transparent is None and (is_part or disposal is Disposal.CLEAR):
            # Without a transparent color, some readers fill what is clear with the background's.
            transparent = find_free(indexed.indexes)
        self._highest = max(self._highest, transparent or 0)
        control = gif.Control(change.duration, transparent, disposal)
        table = gif.pack_table(indexed.table, 1 + (transparent or 0)) if indexed.table else b""
        frame = gif.GifFrame(*change.corner, columns, rows, False, table, control, data)
        self._put((control.to_bytes() if control != gif.Control() else b"") + frame.to_bytes())
        self.count += 1

    def _put(self, data: bytes) -> None:
        if self._held is None:
            self._sink.write(data)
            return
        self._held += data
        if len(self._held) > HELD:
            self._release(bytes(3 * COLORS))

    def _release(self, table: bytes) -> None:
        loop = gif.pack_loop(self._plan.loop_count) if self._plan.frames > 1 else b""
        self._sink.write(gif.pack_screen(*self._plan.size, table) + loop + bytes(self._held or b""))
        self._held = None

    def finish(self) -> None:
        """Write the table and the end of the file."""
        table = self._table.to_bytes()
        if self._held is not None:
            self._release(gif.pack_table(table, 1 + self._highest) if table else b"")
        else:
            self._sink.seek(len(gif.pack_screen(*self._plan.size)))
            self._sink.write(table)
            self._sink.seek(0, io.SEEK_END)
        self._sink.write(bytes([gif.TRAILER]))


def _index_colors(change: Change[int], table: ColorTable, plan: WritePlan) -> list[_Indexed]:
    """Return the change with indexes into the shared table, or into a table of its own, in one way or two.

    The colors are exact if they fit, else the best ones, with dithering.
    """
    shared = _list_exact(change, table)
    if shared:
        return shared
    own = ColorTable()
    exact = _list_exact(change, own)
    if exact:
        return [_Indexed(version.indexes, version.transparent, own.to_bytes()) for version in exact]
    plan.warn(ColorsReduced(format="GIF", limit=COLORS))
    if change.changed.all():
        indexes, colors = reduce_colors(change.pixels, COLORS, change.changed)
        return [_Indexed(indexes, None, colors)]
    indexes, colors = reduce_colors(change.pixels, COLORS - 1, change.changed)
    free = len(colors) // 3
    return [_Indexed(np.where(change.changed, indexes, np.uint8(free)), free, colors + bytes(3))]


def _list_exact(change: Change[int], table: ColorTable) -> list[_Indexed]:
    """Return the ways to store the change by that table: transparent where nothing changes, and filled there."""
    colors, drawn = change.pixels & RGB, change.changed
    indexes = table.add_colors(colors[drawn])
    if indexes is None:
        return []
    if drawn.all():
        return [_Indexed(indexes.reshape(drawn.shape), None)]
    ways = [_mark_clear(indexes, drawn)]
    seen = change.pixels != 0
    filled = table.find_indexes(colors[seen])
    if filled is not None:
        ways.append(_Indexed(filled.reshape(drawn.shape), None) if seen.all() else _mark_clear(filled, seen))
    return [way for way in ways if way is not None]


def _mark_clear(indexes: Indexes, seen: NDArray[np.bool_]) -> _Indexed | None:
    """Return indexes of the whole region, with a free one for what is not seen. Return None if none is free."""
    free = find_free(indexes)
    if free is None:
        return None
    whole = np.full(seen.shape, free, np.uint8)
    whole[seen] = indexes
    return _Indexed(whole, free)


def _pack_indexes(indexed: _Indexed) -> bytes:
    """Return the pixels as GIF stores them: the bits of the first codes, and blocks of data."""
    rows, columns = indexed.indexes.shape
    bits = max(2, int(indexed.indexes.max()).bit_length())
    image = Image.frombuffer("P", (columns, rows), indexed.indexes, "raw", "P", 0, 1)
    return bytes([bits]) + image.tobytes("gif", "P", bits, 0) + b"\0"


CODEC = Codec(open=open_gif, encoder=Encoder(pillow="GIF", write_still=write_still, write_all=write_all))
