"""Read from a TIFF's tags how its pixels are stored. What is not read is told by name; what is odd is a flaw.

Tags are those of TIFF 6.0 unless another source is named. Where writers err, it is read as libtiff reads it.
"""

from array import array

from engine.codecs.tiff_layout import (
    BLACK_IS_ZERO,
    COLORS,
    FAX,
    FLOAT,
    INKS,
    JPEG,
    NONE,
    OLD_JPEG,
    PALETTE,
    READ,
    RGB,
    SIGNED,
    UNSIGNED,
    VOID,
    WHITE_IS_ZERO,
    YCBCR,
    Layout,
    check_tile,
    place_pieces,
)
from engine.containers.tiff_pages import Directory, read_size
from engine.errors import corrupt, unsupported

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

PHOTOMETRICS = {
    10: "ITU L*a*b*",
    32_803: "a camera's color filter",
    32_844: "LogL",
    32_845: "LogLuv",
    34_892: "raw light",
}
FORMATS = {5: "complex integers", 6: "complex numbers"}
BITS = {
    UNSIGNED: frozenset({*range(1, 17), 32, 64}),
    SIGNED: frozenset({8, 16, 32, 64}),
    FLOAT: frozenset({16, 32, 64}),
}

COLOR_MAP = 320
MOST_SAMPLES = 1024
ASSOCIATED, UNASSOCIATED = 1, 2
ALPHAS = frozenset({ASSOCIATED, UNASSOCIATED, 999})
"""The values of ExtraSamples that mean transparency; 999 is written by Corel Draw 10."""


def read_layout(directory: Directory) -> Layout:
    """Return how a page is stored. Raise ConversionError for what is not read, or not there."""
    width, height = read_size(directory)
    if width < 1 or height < 1:
        raise corrupt("a page has no size")
    compression = directory.read_number(259, NONE)
    bits, samples = _read_samples(directory, compression)
    photometric, kind = _read_photometric(directory, samples, compression), _read_kind(directory)
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
    check_tile(layout)
    place_pieces(layout)
    return layout


def _read_samples(directory: Directory, compression: int) -> tuple[int, int]:
    """Return bits a sample and samples a pixel."""
    bits, samples = directory.read_numbers(258, MOST_SAMPLES), directory.read_number(277, 0)
    if samples < 1:
        is_colored = COLORS.get(directory.read_number(262, RGB), 1) > 1
        samples = max(1, len(bits)) if is_colored else 1
    if samples > MOST_SAMPLES:
        raise unsupported("tiff", f"it has {samples} samples a pixel")
    if not bits and compression in {JPEG, OLD_JPEG}:
        # A JPEG has bits of its own.
        return 8, samples
    if not bits and (samples > 1 or len(directory.read_numbers(COLOR_MAP, MOST_SAMPLES)) > len("RGB") << 1):
        raise corrupt("it does not say how many bits its samples have")
    found = set(bits[:samples]) or {1}
    if len(found) > 1:
        raise unsupported("tiff", f"its samples have {', '.join(map(str, bits[:samples]))} bits")
    return found.pop(), samples


def _read_photometric(directory: Directory, samples: int, compression: int) -> int:
    """Return what the samples mean."""
    if 262 not in directory:
        if samples > 1 and (compression == JPEG or (samples > COLORS[RGB] and 338 not in directory)):
            raise corrupt("it does not say what its samples mean")
        directory.flaws.append("it does not say what its samples mean")
        return _guess_photometric(directory, samples, compression)
    found = directory.read_number(262, BLACK_IS_ZERO)
    if found not in COLORS:
        raise unsupported("tiff", f"its samples are {PHOTOMETRICS.get(found, f'of the unknown kind {found}')}")
    return found


def _guess_photometric(directory: Directory, samples: int, compression: int) -> int:
    """Return what the samples mean, as libtiff guesses it."""
    if samples >= COLORS[RGB]:
        return YCBCR if compression == OLD_JPEG else RGB
    if COLOR_MAP in directory:
        return PALETTE
    return WHITE_IS_ZERO if compression in FAX else BLACK_IS_ZERO


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
    if 324 not in directory and not (322 in directory and 323 in directory):
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
