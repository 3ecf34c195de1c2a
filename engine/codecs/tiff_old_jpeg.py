"""JPEG in a TIFF as TIFF 6.0 had it at first (section 22): most writers put a whole JPEG file there, which is read as one.

What is taken apart further is left to libtiff.
"""

from engine.codecs.registry import open_source
from engine.codecs.tiff_layout import BLACK_IS_ZERO, OLD_JPEG, YCBCR, Layout
from engine.containers.jpeg_frame import read_frame
from engine.image import Frame
from engine.request import Limits

START, LENGTH = 513, 514
COMPONENTS = {YCBCR: 3, BLACK_IS_ZERO: 1}


def find_jpeg(layout: Layout) -> bytes:
    """Return the whole JPEG file of a page, b"" if there is none of its size."""
    directory = layout.directory
    start, length = directory.read_number(START, 0), directory.read_number(LENGTH, 0)
    places = [(start, length or len(directory.data))] if start > 0 else []
    if len(layout.offsets) == len(layout.counts) == 1:
        places.append((layout.offsets[0], layout.counts[0]))
    return next(
        (piece for at, size in places if _is_whole(layout, piece := directory.data[at : at + max(0, size)])), b""
    )


def _is_whole(layout: Layout, piece: bytes) -> bool:
    frame = read_frame(piece)
    told = (layout.width, layout.height, COMPONENTS.get(layout.photometric, 0))
    return layout.compression == OLD_JPEG and frame is not None and frame[:3] == told and not frame.is_lossless


def read_jpeg(jpeg: bytes, limits: Limits) -> Frame:
    """Return the picture of a whole JPEG file. Raise ConversionError when pixels are missing."""
    return next(iter(open_source("jpeg", jpeg, limits).read()))
