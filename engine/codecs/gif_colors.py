"""Color tables of GIF: one that a whole film shares while its colors fit, and tables of single frames.

A transparent pixel needs an index that no other pixel of its frame has. That may be one of a color that the frame does
not use, so the shared table may be full.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.pixels.palette import sample_pixels

COLORS = 256
RGB = np.uint32(0xFFFFFF)
GLIMPSE = 1 << 12
"""Pixels that tell soon of a photograph that its colors are too many."""

BLOCK = 1 << 16
"""Pixels that are looked up at a time: numpy takes 8 bytes for each."""

UNUSED = 0xFFFFFFFF

Colors = NDArray[np.uint32]
"""Colors as one number each: red, green and blue from the lowest byte on."""

Indexes = NDArray[np.uint8]


class ColorTable:
    """A table that grows by the colors of each frame, up to 256.

    A lookup of all colors tells their indexes; the system gives its memory only as far as it is used.
    """

    def __init__(self) -> None:
        self.count = 0
        self._colors = np.full(COLORS, UNUSED, np.uint32)
        self._places = np.zeros(1 << 24, np.uint8)

    def find_indexes(self, colors: Colors) -> Indexes | None:
        """Return the index of each color, None when one is not in the table."""
        found = np.empty(len(colors), np.uint8)
        for start in range(0, len(colors), BLOCK):
            block = colors[start : start + BLOCK]
            found[start : start + BLOCK] = self._places[block]
            if not np.array_equal(self._colors[found[start : start + BLOCK]], block):
                return None
        return found

    def add_colors(self, colors: Colors) -> Indexes | None:
        """Return the index of each color, with the new ones added. Return None when they do not fit."""
        if len(np.unique(colors[:: 1 + len(colors) // GLIMPSE])) > COLORS:
            return None
        added: Colors = np.zeros(0, np.uint32)
        for start in range(0, len(colors), BLOCK):
            block = colors[start : start + BLOCK]
            new = block[self._colors[self._places[block]] != block]
            added = np.union1d(added, new) if len(new) else added
            if len(added) > COLORS - self.count:
                return None
        self._places[added] = np.arange(self.count, self.count + len(added))
        self._colors[self.count : self.count + len(added)] = added
        self.count += len(added)
        return self.find_indexes(colors)

    def to_bytes(self) -> bytes:
        """Return the table as it stands in a file, as many colors as it holds."""
        return pack_colors(self._colors[: self.count])


def find_free(indexes: Indexes) -> int | None:
    """Return the lowest unused index, None if all are used."""
    free = np.flatnonzero(np.bincount(indexes.ravel(), minlength=COLORS) == 0)
    return int(free[0]) if len(free) else None


def pack_colors(colors: Colors) -> bytes:
    """Return colors as three bytes each."""
    return colors.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def reduce_colors(pixels: Colors, limit: int, shown: NDArray[np.bool_]) -> tuple[Indexes, bytes]:
    """Choose the best colors for the shown pixels (rows, columns), and dither.

    Return indexes and a color table.
    """
    image = _make_image(np.where(shown, pixels, pixels[shown][0]) if not shown.all() else pixels)
    table = sample_pixels(image).quantize(limit, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    reduced = image.quantize(limit, palette=table, dither=Image.Dither.FLOYDSTEINBERG)
    return np.asarray(reduced), bytes(table.getpalette() or ())[: 3 * limit]


def _make_image(pixels: Colors) -> Image.Image:
    rows, columns = pixels.shape
    return Image.frombytes("RGB", (columns, rows), pixels.astype("<u4", copy=False).tobytes(), "raw", "RGBX")
