"""Raw data of cameras in TIFF's clothes (DNG, NEF, CR2 and others): told by name, and answered by a preview of its size.

Raw data is not developed here: what it looks like is the camera's secret or the photographer's choice. Its preview is the
camera's own picture. It stands for the photo where it has nearly as many pixels, which a thumbnail has not.
"""

from collections.abc import Iterable
from dataclasses import replace

from core.losses import PreviewUsed
from engine.codecs.registry import open_source
from engine.containers.jpeg_frame import JpegFrame, read_frame
from engine.containers.tiff_pages import Directory, read_size
from engine.errors import unsupported
from engine.image import Opened
from engine.request import Limits

DNG_VERSION, MAKE, SONY_PRIVATE = 50_706, 271, 50_740
RAW_LIGHT = frozenset({32_803, 34_892})
"""Photometric interpretations: a color filter array (TIFF/EP), linear raw (DNG 1.7, chapter 4)."""

FILTER_TAGS = (33_421, 33_422)
"""Size and pattern of a color filter (TIFF/EP). Some writers call the samples behind it grey."""

RAW_PACKINGS = frozenset({32_767, 32_769, 32_770, 34_713, 65_535})
"""Compressions of Sony, of packed raw data, of Samsung, Nikon and Pentax (ExifTool's tag names of EXIF)."""

MAGICS = {(8, b"CR\2\0"): "CR2", (8, b"IIII"): "IIQ", (8, b"MMMM"): "IIQ"}
"""Marks behind the header."""

MAKERS = {
    b"CANON": "CR2", b"NIKON": "NEF", b"SONY": "ARW", b"PENTAX": "PEF", b"RICOH": "PEF", b"SAMSUNG": "SRW", b"HASSELBLAD": "3FR",
    b"PHASE ONE": "IIQ", b"LEAF": "MOS", b"MAMIYA": "MEF", b"KODAK": "DCR", b"EASTMAN KODAK": "DCR", b"SEIKO EPSON": "ERF",
    b"OLYMPUS": "ORF", b"PANASONIC": "RW2", b"LEICA": "RWL",
}  # fmt: skip
"""The name of a maker's raw files, by the beginning of the tag Make."""

NEARLY_ALL = 0.8
"""A preview has at least this share of the pixels."""


def name_raw(data: bytes, directories: Iterable[Directory]) -> str:
    """Return the name of the raw format, "" if the file is a picture. The first directory is the file's first."""
    listed = list(directories)
    if DNG_VERSION in listed[0]:
        return "DNG"
    for (at, mark), name in MAGICS.items():
        if data.startswith(mark, at):
            return name
    make = listed[0].read_bytes(MAKE)[:32].upper()
    by_maker = next((name for start, name in MAKERS.items() if make.startswith(start)), "")
    if any(_holds_raw(directory) for directory in listed):
        return by_maker or "raw"
    return "ARW" if by_maker == "ARW" and SONY_PRIVATE in listed[0] else ""


def _holds_raw(directory: Directory) -> bool:
    has_filter = directory.read_number(277, 1) == 1 and any(tag in directory for tag in FILTER_TAGS)
    is_raw = directory.read_number(262, -1) in RAW_LIGHT or directory.read_number(259, 1) in RAW_PACKINGS
    return has_filter or is_raw


def open_preview(data: bytes, name: str, directories: Iterable[Directory], orientation: int, limits: Limits) -> Opened:
    """Open the preview of a raw file as its picture. Raise ConversionError if it has none of nearly the same size."""
    full, best, found = 0, b"", JpegFrame(0, 0, 0, is_lossless=False)
    for directory in directories:
        width, height = read_size(directory)
        full = max(full, width * height)
        for piece in _list_jpegs(data, directory):
            frame = read_frame(piece)
            if frame is None or frame.is_lossless:
                full = max(full, frame.width * frame.height * frame.components if frame else 0)
            elif frame.width * frame.height > found.width * found.height:
                best, found = piece, frame
    if not best or found.width * found.height < NEARLY_ALL * full:
        raise unsupported("tiff", f"it is a camera's raw file ({name}) without a preview of the same size")
    return _turn_preview(open_source("jpeg", best, limits).with_one_frame(), orientation)


def _list_jpegs(data: bytes, directory: Directory) -> Iterable[bytes]:
    """Yield what may be a whole JPEG: the old tags of one, or the only strip of a page."""
    for place, size in ((513, 514), (273, 279)):
        offsets, counts = directory.read_numbers(place, 2), directory.read_numbers(size, 2)
        if len(offsets) == len(counts) == 1 and min(offsets[0], counts[0]) > 0:
            yield data[offsets[0] : offsets[0] + counts[0]]


def _turn_preview(opened: Opened, orientation: int) -> Opened:
    """Return a preview with its warning. The raw file says how it is to be turned where the preview does not."""
    turned = orientation if opened.orientation == 1 else opened.orientation
    width, height = opened.size
    read = opened.read
    return replace(
        opened.with_format("tiff"), read=lambda: (replace(frame, orientation=turned) for frame in read()),
        read_smaller=None, orientation=turned, losses=(*opened.losses, PreviewUsed(width=width, height=height)),
    )  # fmt: skip
