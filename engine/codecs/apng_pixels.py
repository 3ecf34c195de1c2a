"""The pixels of APNG frames: as indexes into a palette of the whole film, or as colors."""

import io
import zlib
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.animation.changes import Canvas, Change
from engine.codecs.save_settings import SaveSettings
from engine.containers import png_chunks
from engine.pixels.samples import ROWS

COLORS = 256
GLIMPSE = 1 << 12
"""Pixels that tell soon of a photograph that its colors are too many."""

NOTHING: Canvas = np.zeros((1, 1), np.uint32)
Indexes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change whose pixels are kept as indexes, and its mask as bits. `size` is in rows and columns."""

    change: Change[Fraction]
    size: tuple[int, int]
    indexes: Indexes
    changed: NDArray[np.uint8]

    @classmethod
    def of(cls, change: Change[Fraction], indexes: Indexes) -> Self:
        """Keep a change with these indexes of its pixels."""
        rows, columns = indexes.shape
        bits = np.packbits(change.changed)
        return cls(replace(change, pixels=NOTHING, changed=NOTHING == 1), (rows, columns), indexes, bits)

    def unpack_mask(self) -> NDArray[np.bool_]:
        """Return the mask of the changed pixels."""
        count = self.size[0] * self.size[1]
        return np.unpackbits(self.changed, count=count).reshape(self.size).astype(np.bool_)


class Palette:
    """Up to 256 colors with alpha, which grow by those of each frame."""

    def __init__(self) -> None:
        self._colors: Canvas = np.zeros(0, np.uint32)
        self._places: Indexes = np.arange(COLORS, dtype=np.uint8)
        self.has_clear = False

    def add_pixels(self, pixels: Canvas) -> Indexes | None:
        """Return the index of each pixel, with new colors added. Return None, and add none, when they do not fit."""
        if len(np.unique(pixels.ravel()[:: 1 + pixels.size // GLIMPSE])) > COLORS:
            return None
        colors, blocks = self._colors, range(0, len(pixels), ROWS)
        for start in blocks:
            colors = np.concatenate([colors, np.setdiff1d(pixels[start : start + ROWS], colors)])
            if len(colors) > COLORS:
                return None
        self._colors, order = colors, np.argsort(colors)
        found = np.empty(pixels.shape, np.uint8)
        for start in blocks:
            found[start : start + ROWS] = order[np.searchsorted(colors, pixels[start : start + ROWS], sorter=order)]
        return found

    def restore_change(self, waiting: Waiting) -> Change[Fraction]:
        """Return the change with its pixels."""
        return replace(waiting.change, pixels=self._colors[waiting.indexes], changed=waiting.unpack_mask())

    def finish(self) -> None:
        """Take no more colors. The clear one is added if there is room.

        Colors are ordered by their alpha. So their alpha takes the least room, and clear is 0, to which Pillow clears.
        """
        self.add_pixels(NOTHING)
        alpha = self._colors >> np.uint32(24)
        order = np.argsort(alpha, kind="stable")
        self._colors = self._colors[order]
        self._places = np.argsort(order).astype(np.uint8)
        self.has_clear = bool(self._colors[0] == 0)

    def order_indexes(self, waiting: Waiting) -> Indexes:
        """Return the indexes of a change in the finished palette."""
        return self._places[waiting.indexes]

    def pack_chunks(self) -> bytes:
        """Return the chunks with the colors and their alpha."""
        samples = self._colors.astype("<u4").view(np.uint8).reshape(-1, 4)
        alpha = samples[:, 3]
        colors = png_chunks.pack_chunk(b"PLTE", samples[:, :3].tobytes())
        clear = np.flatnonzero(alpha < 255)
        return colors + (png_chunks.pack_chunk(b"tRNS", alpha[: clear[-1] + 1].tobytes()) if len(clear) else b"")


def pack_indexes(waiting: Waiting, palette: Palette, level: int) -> tuple[bool, bytes]:
    """Return whether the frame is laid over what is below, and its packed pixels."""
    indexes, changed = palette.order_indexes(waiting), waiting.unpack_mask()
    replacing = _pack_rows(indexes, level)
    if not palette.has_clear or changed.all() or not waiting.change.covers:
        return False, replacing
    over = _pack_rows(np.where(changed, indexes, np.uint8(0)), level)
    return (True, over) if len(over) < len(replacing) else (False, replacing)


def _pack_rows(indexes: Indexes, level: int) -> bytes:
    """Pack indexes without a filter: neighbours in a palette have nothing to do with each other."""
    return zlib.compress(np.pad(indexes, ((0, 0), (1, 0))).tobytes(), level)


def pack_colors(change: Change[Fraction], mode: str, settings: SaveSettings) -> tuple[bool, bytes]:
    """Return whether the frame is laid over what is below, and its packed pixels in that mode."""
    replacing = _pack_image(change.pixels, mode, settings)
    if mode != "RGBA" or not change.covers or change.changed.all():
        return False, replacing
    over = _pack_image(np.where(change.changed, change.pixels, np.uint32(0)), mode, settings)
    return (True, over) if len(over) < len(replacing) else (False, replacing)


def _pack_image(pixels: Canvas, mode: str, settings: SaveSettings) -> bytes:
    rows, columns = pixels.shape
    image = Image.frombytes("RGBA", (columns, rows), pixels.astype("<u4", copy=False).tobytes()).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **settings)
    return b"".join(body for kind, body in png_chunks.read_chunks(buffer.getvalue()) if kind == b"IDAT")
