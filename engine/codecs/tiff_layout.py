"""How the pixels of a TIFF page are stored, and whether they can be read: everything is checked before it is decoded.

Tags are those of TIFF 6.0 unless another source is named.
"""

import math
from array import array
from dataclasses import dataclass
from itertools import pairwise

from engine.containers.tiff_pages import Directory, read_size
from engine.errors import corrupt, truncated, unsupported

NONE, OLD_JPEG, JPEG = 1, 6, 7
FAX = frozenset({2, 3, 4})
DEFLATE = frozenset({8, 32_946})
LZW, PACKBITS, LZMA, ZSTD, WEBP = 5, 32_773, 34_925, 50_000, 50_001
READ = frozenset({NONE, *FAX, LZW, OLD_JPEG, JPEG, *DEFLATE, PACKBITS, LZMA, ZSTD, WEBP})

COMPRESSIONS = {
    9: "JBIG", 10: "JBIG", 22_610: "JPEG XR", 32_766: "NeXT", 32_767: "Sony's raw", 32_769: "packed raw",
    32_770: "Samsung's raw", 32_771: "CCITT RLE by words", 32_808: "ThunderScan", 32_809: "ThunderScan", 32_895: "IT8",
    32_896: "IT8", 32_897: "IT8", 32_898: "IT8", 32_908: "Pixar film", 32_909: "Pixar log", 32_947: "DCS", 33_003: "JPEG 2000",
    33_004: "JPEG 2000", 33_005: "JPEG 2000", 33_007: "JPEG of ALT", 34_661: "JBIG", 34_676: "SGI LogLuv", 34_677: "SGI LogLuv",
    34_712: "JPEG 2000", 34_713: "Nikon's raw", 34_887: "LERC", 34_892: "lossy raw", 34_926: "Zstandard, old number",
    34_927: "WebP, old number", 34_933: "PNG", 34_934: "JPEG XR", 48_124: "Jetraw", 50_002: "JPEG XL", 52_546: "JPEG XL",
    65_000: "EER or Kodak's raw", 65_001: "EER", 65_002: "EER", 65_535: "Pentax's raw",
}  # fmt: skip
"""What is not read, by name (libtiff's tiff.h, and the makers' own numbers)."""

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, INKS, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 4, 5, 6, 8, 9
COLORS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, MASK: 1, INKS: 4, YCBCR: 3, CIELAB: 3, ICCLAB: 3}
"""Samples of color by photometric interpretation."""

PHOTOMETRICS = {
    10: "ITU L*a*b*",
    32_803: "a camera's color filter",
    32_844: "LogL",
    32_845: "LogLuv",
    34_892: "raw light",
}
UNSIGNED, SIGNED, FLOAT, VOID = 1, 2, 3, 4
FORMATS = {5: "complex integers", 6: "complex numbers"}
BITS = {
    UNSIGNED: frozenset({*range(1, 17), 32, 64}),
    SIGNED: frozenset({8, 16, 32, 64}),
    FLOAT: frozenset({16, 32, 64}),
}

MOST_SAMPLES = 1024
ASSOCIATED, UNASSOCIATED = 1, 2
ALPHAS = frozenset({ASSOCIATED, UNASSOCIATED, 999})
"""The values of ExtraSamples that mean transparency; 999 is written by Corel Draw 10."""

GDAL_NODATA = 42_113
GDAL = (42_112, GDAL_NODATA)
"""Tags by which GDAL marks its files; there a tile at offset 0 is background, not missing."""

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


def read_layout(directory: Directory) -> Layout:
    """Return how a page is stored. Raise ConversionError for what is not read, or not there."""
    width, height = read_size(directory)
    if width < 1 or height < 1:
        raise corrupt("a page has no size")
    bits, samples = _read_samples(directory)
    photometric, kind = _read_photometric(directory, samples), _read_kind(directory)
    compression = directory.read_number(259, NONE)
    if compression not in READ:
        raise unsupported("tiff", f"its pixels are packed as {COMPRESSIONS.get(compression, f'number {compression}')}")
    if bits not in BITS[kind]:
        raise unsupported("tiff", f"it has {bits} bits a sample{' of floats' if kind == FLOAT else ''}")
    if directory.read_number(32_997, 1) > 1:
        raise unsupported("tiff", "it is a block of pixels with a depth")
    colors, alpha, associated = _read_channels(directory, photometric, samples)
    planar, tile, rows = (
        directory.read_number(284, 1) == 2 and samples > 1,
        _read_tile(directory),
        _read_rows(directory, height),
    )
    layout = Layout(
        directory=directory, width=width, height=height, bits=bits, kind=kind, samples=samples, photometric=photometric,
        compression=compression, planar=planar, predictor=directory.read_number(317, 1), colors=colors, alpha=alpha,
        fill_order=directory.read_number(266, 1), associated=associated, tile=tile, rows=rows, offsets=array("Q"),
        counts=array("Q"),
    )  # fmt: skip
    _check_tile(layout)
    _place_pieces(layout)
    return layout


def _read_samples(directory: Directory) -> tuple[int, int]:
    """Return bits a sample and samples a pixel."""
    bits, samples = directory.read_numbers(258, MOST_SAMPLES), directory.read_number(277, 0)
    if samples < 1:
        samples = max(1, len(bits))
    if samples > MOST_SAMPLES:
        raise unsupported("tiff", f"it has {samples} samples a pixel")
    found = set(bits[:samples]) or {1}
    if len(found) > 1:
        raise unsupported("tiff", f"its samples have {', '.join(map(str, bits[:samples]))} bits")
    return found.pop(), samples


def _read_photometric(directory: Directory, samples: int) -> int:
    """Return what the samples mean."""
    if 262 not in directory:
        directory.flaws.append("it does not say what its samples mean")
        return RGB if samples >= 3 else BLACK_IS_ZERO
    found = directory.read_number(262, BLACK_IS_ZERO)
    if found not in COLORS:
        raise unsupported("tiff", f"its samples are {PHOTOMETRICS.get(found, f'of the unknown kind {found}')}")
    return found


def _read_kind(directory: Directory) -> int:
    """Return UNSIGNED, SIGNED or FLOAT."""
    found = set(directory.read_numbers(339, MOST_SAMPLES)) or {UNSIGNED}
    found = {UNSIGNED if kind in {0, VOID} else kind for kind in found}
    if len(found) > 1:
        raise unsupported("tiff", "its samples are of several kinds")
    kind = found.pop()
    if kind not in BITS:
        raise unsupported("tiff", f"its samples are {FORMATS.get(kind, f'of the unknown format {kind}')}")
    return kind


def _read_channels(directory: Directory, photometric: int, samples: int) -> tuple[int, int, bool]:
    """Return the samples of color, the place of alpha or -1, and whether it is associated."""
    colors = COLORS[photometric]
    if photometric == INKS and directory.read_number(332, 1) != 1:
        raise unsupported("tiff", "its inks are others than cyan, magenta, yellow and black")
    if samples < colors:
        raise unsupported("tiff", f"it has {samples} samples a pixel where {colors} are needed")
    extras = directory.read_numbers(338, MOST_SAMPLES)[: samples - colors]
    if 338 not in directory and samples == colors + 1 and photometric in {WHITE_IS_ZERO, BLACK_IS_ZERO, RGB}:
        # Writers forget to say it, and readers take it as such.
        return colors, colors, False
    for place, extra in enumerate(extras, colors):
        if extra in ALPHAS:
            return colors, place, extra == ASSOCIATED
    return colors, -1, False


def _read_tile(directory: Directory) -> tuple[int, int] | None:
    if 322 not in directory and 324 not in directory:
        return None
    tile = directory.read_number(322, 0), directory.read_number(323, 0)
    if min(tile) < 1:
        raise corrupt("its tiles have no size")
    return tile


def _read_rows(directory: Directory, height: int) -> int:
    rows = directory.read_number(278, height)
    if rows < 1:
        directory.flaws.append("its strips have no height")
    return min(rows, height) if rows >= 1 else height


def _check_tile(layout: Layout) -> None:
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


def _place_pieces(layout: Layout) -> None:
    """Fill in offsets and counts. Raise ConversionError when a piece is missing or lies behind the end."""
    directory, length = layout.directory, len(layout.directory.data)
    wanted = layout.pieces * (layout.samples if layout.planar else 1)
    if wanted > MOST_PIECES:
        raise corrupt("it has far too many strips or tiles")
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
        if not count or offset + count > length:
            raise truncated()


def _complete_counts(layout: Layout) -> None:
    """Work out byte counts that are missing, or wrong for pixels that are not packed."""
    offsets, counts, flaws = layout.offsets, layout.counts, layout.directory.flaws
    length = len(layout.directory.data)
    if len(counts) < len(offsets) or (len(offsets) == 1 and not counts[0]):
        flaws.append("it does not say how long its strips are")
        ends = sorted({*offsets, length})
        following = dict(pairwise(ends))
        del counts[:]
        counts.extend(max(0, following.get(offset, length) - offset) for offset in offsets)
    if layout.compression != NONE or layout.tile is not None or layout.photometric == YCBCR:
        return
    row = math.ceil(layout.width * layout.bits * (1 if layout.planar else layout.samples) / 8)
    for index, count in enumerate(counts):
        size = row * min(layout.rows, layout.height - index % layout.pieces * layout.rows)
        is_long = count > size and offsets[index] + count > length
        if is_long or (count < size and len(counts) == 1 and offsets[index] + size <= length):
            flaws.append("its strips are not as long as it says")
            counts[index] = size
        elif count < size:
            raise truncated()
