"""How the pixels of a TIFF page are stored, and where: every strip and tile is found in the file before it is decoded.

Tags are those of TIFF 6.0 unless another source is named. tiff_tags reads them.
"""

import math
from array import array
from dataclasses import dataclass
from itertools import pairwise

from engine.containers.tiff_pages import Directory
from engine.errors import corrupt, truncated

NONE, OLD_JPEG, JPEG = 1, 6, 7
FAX = frozenset({2, 3, 4})
DEFLATE = frozenset({8, 32_946})
LZW, PACKBITS, LZMA, ZSTD, WEBP = 5, 32_773, 34_925, 50_000, 50_001
READ = frozenset({NONE, *FAX, LZW, OLD_JPEG, JPEG, *DEFLATE, PACKBITS, LZMA, ZSTD, WEBP})

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, INKS, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
COLORS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, MASK: 1, INKS: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}
"""Samples of color by photometric interpretation."""

UNSIGNED, SIGNED, FLOAT, VOID = 1, 2, 3, 4
GDAL_NODATA = 42_113
GDAL = (42_112, GDAL_NODATA)
"""Tags by which GDAL marks its files; there a tile at offset 0 is background, not missing."""

NODATA_DIGITS = 64

JPEG_START = 513
MOST_PIECES = 1 << 17
"""Strips or tiles of a page: each takes its time, however small it is."""

LARGEST_TILE = 1 << 25
"""Samples of a tile that may be larger than the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the pixels of one page are stored.

    `samples` is per pixel, `colors` are those of the color, `alpha` is the place of the transparency among them or -1.
    `rows` are those of a strip; `tile` is width and height of a tile, or None. `offsets` and `counts` place each piece,
    the planes one after the other if `planar`; a count of 0 is background.
    """

    directory: Directory
    width: int
    height: int
    bits: int
    kind: int
    samples: int
    photometric: int
    compression: int
    planar: bool
    predictor: int
    fill_order: int
    colors: int
    alpha: int
    associated: bool
    tile: tuple[int, int] | None
    rows: int
    offsets: "array[int]"
    counts: "array[int]"

    @property
    def pixels(self) -> int:
        """Return the number of pixels."""
        return self.width * self.height

    @property
    def dropped(self) -> int:
        """Return the number of samples beside color and transparency."""
        return self.samples - self.colors - (self.alpha >= 0)

    @property
    def pieces(self) -> int:
        """Return the strips or tiles of a plane."""
        return _count_pieces(self.width, self.height, self.tile, self.rows)


def measure_piece(layout: Layout, index: int) -> tuple[int, int]:
    """Return the bytes that a strip or tile needs, not packed, and the most that it may have."""
    samples = 1 if layout.planar else layout.samples
    if layout.tile is not None:
        size = math.ceil(layout.tile[0] * layout.bits * samples / 8) * layout.tile[1]
        return size, size
    row = math.ceil(layout.width * layout.bits * samples / 8)
    return row * min(layout.rows, layout.height - index % layout.pieces * layout.rows), row * layout.rows


def check_tile(layout: Layout) -> None:
    """Raise ConversionError when a tile is so large that a small picture would take much memory."""
    if layout.tile is None:
        return
    samples = layout.tile[0] * layout.tile[1] * (1 if layout.planar else layout.samples)
    if samples > max(LARGEST_TILE, layout.pixels * layout.samples):
        raise corrupt("its tiles are far larger than the picture")


def _count_pieces(width: int, height: int, tile: tuple[int, int] | None, rows: int) -> int:
    if tile is None:
        return math.ceil(height / rows)
    return math.ceil(width / tile[0]) * math.ceil(height / tile[1])


def place_pieces(layout: Layout) -> None:
    """Fill in offsets and counts. Raise ConversionError when a piece is missing or lies behind the end."""
    directory, length = layout.directory, len(layout.directory.data)
    wanted = layout.pieces * (layout.samples if layout.planar else 1)
    if wanted > MOST_PIECES:
        raise corrupt("it has far too many strips or tiles")
    if layout.compression == OLD_JPEG and JPEG_START in directory:
        # The strips are parts of a whole file, and often wrong.
        wanted = 0
    places, sizes = (324, 325) if layout.tile is not None and 324 in directory else (273, 279)
    layout.offsets.extend(max(0, offset) for offset in directory.read_numbers(places, wanted))
    layout.counts.extend(max(0, count) for count in directory.read_numbers(sizes, wanted))
    if layout.compression == OLD_JPEG:
        if any(offset + count > length for offset, count in zip(layout.offsets, layout.counts, strict=False)):
            raise truncated()
        return
    if len(layout.offsets) < wanted:
        raise truncated()
    _complete_counts(layout)
    sparse = any(tag in directory for tag in GDAL)
    for offset, count in zip(layout.offsets, layout.counts, strict=True):
        if not count and sparse and not offset:
            continue
        if not offset or not count or offset + count > length:
            raise truncated()


def _complete_counts(layout: Layout) -> None:
    """Work out byte counts that are missing, or wrong for pixels that are not packed."""
    offsets, counts, flaws = layout.offsets, layout.counts, layout.directory.flaws
    length = len(layout.directory.data)
    is_sparse = any(tag in layout.directory for tag in GDAL)
    if len(counts) < len(offsets) or not (any(counts) or (is_sparse and not any(offsets))):
        flaws.append("it does not say how long its strips are")
        ends = sorted({*offsets, length})
        following = dict(pairwise(ends))
        del counts[:]
        counts.extend(max(0, following.get(offset, length) - offset) for offset in offsets)
    if layout.compression != NONE or layout.photometric == YCBCR:
        return
    for index, count in enumerate(counts):
        size, most = measure_piece(layout, index)
        is_long = count > size and offsets[index] + count > length
        if not is_long:
            _check_told(layout, count, most)
        if is_long or (count < size and len(counts) == 1 and offsets[index] + size <= length):
            flaws.append("its strips are not as long as it says")
            counts[index] = size
        elif 0 < count < size:
            raise truncated()


def _check_told(layout: Layout, count: int, most: int) -> None:
    """Raise ConversionError when a strip is too long for samples of one bit, or for no packing, that nobody named."""
    if 258 not in layout.directory and count >= 2 * most:
        raise corrupt("it does not say how many bits its samples have")
    if 259 not in layout.directory and count > most:
        raise corrupt("it does not say how its pixels are packed")


def read_nodata(layout: Layout) -> float | None:
    """Return the value by which GDAL marks samples that have none, None when there is no such."""
    text = layout.directory.read_bytes(GDAL_NODATA)[:NODATA_DIGITS].rstrip(b"\0 ").decode("ascii", "replace")
    try:
        return float(text)
    except ValueError:
        return None
