"""Samples of a TIFF page, decoded by tifffile, strip by strip or tile by tile.

tifffile is lenient, and it reads much that is no picture. So it never sees the file: it is given a directory that is made
anew from the checked layout, and then each piece of the pixels alone.
"""

import io
import logging
import struct
from collections.abc import Iterator

import imagecodecs
import numpy as np
import tifffile

from engine.codecs.tiff_layout import (
    BLACK_IS_ZERO,
    DEFLATE,
    FLOAT,
    JPEG,
    LZMA,
    LZW,
    NONE,
    OLD_JPEG,
    WEBP,
    ZSTD,
    Layout,
    read_nodata,
)
from engine.codecs.tiff_unpacking import UNPACKED, unpack_pieces
from engine.containers.jpeg_frame import read_frame
from engine.containers.riff import read_canvas
from engine.errors import corrupt, decoding, unsupported
from engine.pixels.samples import Samples

PREDICTORS = (frozenset({1, 2}), frozenset({1, 2, 3}))
"""For whole numbers, and for floats."""

PREDICTED = frozenset({LZW, *DEFLATE, LZMA, ZSTD})
"""The packings to which a predictor applies, as libtiff has it."""

WARM_UP = (
    (np.uint8, 4, None, None), (np.uint8, None, "jpeg", None), (np.uint8, None, "packbits", None), (np.uint16, None, "zlib", 2),
    (np.float32, None, "zstd", 3), (np.uint16, None, "lzma", None),
)  # fmt: skip
"""Types, bits, packings and predictors that have code of their own."""

SHORT, LONG = 3, 4
SUBSAMPLING = 530


def decode_samples(layout: Layout, wanted: int) -> Samples:
    """Return the first `wanted` samples of each pixel as an array (rows, columns, samples), in native byte order.

    Raise ConversionError when a piece is damaged or too short.
    """
    with decoding("tiff"):
        page = _make_page(layout, layout.height)
        if page.dtype is None:
            raise unsupported("tiff", f"it has {layout.bits} bits a sample")
        samples = np.full((layout.height, layout.width, wanted), _read_background(layout, page.dtype), page.dtype)
        tables = layout.directory.read_bytes(347) or None
        is_unpacked = layout.compression in UNPACKED
        planes = wanted if layout.planar else 1
        for index, piece in unpack_pieces(layout, planes) if is_unpacked else _list_pieces(layout, planes):
            _check_piece(layout, piece)
            try:
                found, place, _ = page.decode(piece, index, jpegtables=tables)
            except (RuntimeError, ValueError):
                if layout.tile is not None or (index + 1) % layout.pieces:
                    raise
                # The last strip may have rows below the picture.
                found, place, _ = _make_page(layout, layout.pieces * layout.rows).decode(
                    piece, index, jpegtables=tables
                )
            if found is not None:
                _put_piece(samples, found[0], place)
    return samples.view(np.uint8) if samples.dtype == bool else samples


def _list_pieces(layout: Layout, planes: int) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each piece that is needed. Background has none."""
    for index in range(layout.pieces * planes):
        start, length = layout.offsets[index], layout.counts[index]
        if length:
            yield index, layout.directory.data[start : start + length]


def _put_piece(samples: Samples, piece: Samples, place: tuple[int, ...]) -> None:
    """Copy a strip or tile (rows, columns, samples) to its place: plane, depth, row, column, sample."""
    plane, _, top, left, _ = place
    first, last = (plane, plane + 1) if plane or piece.shape[2] < samples.shape[2] else (0, samples.shape[2])
    part = samples[top : top + piece.shape[0], left : left + piece.shape[1], first:last]
    part[...] = piece[: part.shape[0], : part.shape[1], : part.shape[2]]


def _check_piece(layout: Layout, piece: bytes) -> None:
    """Raise ConversionError when a piece that brings a size of its own is not as large as its place, or is cut."""
    width, height = layout.tile or (layout.width, layout.rows)
    if layout.compression == WEBP:
        size = read_canvas(piece)
    elif layout.compression == JPEG:
        frame = read_frame(piece)
        size = (frame.width, frame.height) if frame else (0, 0)
    else:
        return
    if size[0] > width or size[1] > height or not all(size):
        raise corrupt("a strip or tile has a wrong size")


def _make_page(layout: Layout, height: int) -> tifffile.TiffPage:
    """Return a page of that layout as tifffile knows it, without its pixels."""
    big_endian = layout.directory.form.order == ">"
    tags = _list_tags(layout, height)
    data = struct.pack(">2sHIH" if big_endian else "<2sHIH", b"MM" if big_endian else b"II", 42, 8, len(tags))
    for tag, (kind, value) in sorted(tags.items()):
        if tag == SUBSAMPLING:
            # The one tag with two values: across and down.
            data += struct.pack((">" if big_endian else "<") + "HHIHH", tag, kind, 2, value, value)
            continue
        code = "HHIH2x" if kind == SHORT else "HHII"
        data += struct.pack((">" if big_endian else "<") + code, tag, kind, 1, value)
    page = tifffile.TiffFile(io.BytesIO(data + bytes(4))).pages[0]
    if not isinstance(page, tifffile.TiffPage):
        raise TypeError(page)
    return page


def _list_tags(layout: Layout, height: int) -> dict[int, tuple[int, int]]:
    """Return type and value of the tags that describe a layout. Extra samples need no names here."""
    if layout.compression == OLD_JPEG:
        raise unsupported("tiff", "its pixels are packed as old JPEG, in an inner directory")
    if layout.compression in PREDICTED and layout.predictor not in PREDICTORS[layout.kind == FLOAT]:
        raise unsupported("tiff", f"it has the predictor {layout.predictor}")
    if layout.compression in PREDICTED and layout.predictor > 1 and layout.bits not in {8, 16, 32, 64}:
        raise unsupported("tiff", f"it has a predictor for {layout.bits} bits")
    # Each plane of a JPEG is one of grey, whatever it stands for.
    is_unpacked = layout.compression in UNPACKED
    photometric = BLACK_IS_ZERO if layout.planar and layout.compression == JPEG else layout.photometric
    tags = {
        256: (LONG, layout.width), 257: (LONG, height), 258: (SHORT, layout.bits), 259: (SHORT, NONE if is_unpacked else layout.compression),
        262: (SHORT, photometric), 266: (SHORT, 2 if layout.fill_order == 2 and not is_unpacked else 1), 277: (SHORT, layout.samples),
        284: (SHORT, 2 if layout.planar else 1), 339: (SHORT, layout.kind),
        SUBSAMPLING: (SHORT, 1),
        317: (SHORT, layout.predictor if layout.compression in PREDICTED else 1),
    }  # fmt: skip
    if layout.tile is None:
        return tags | {273: (LONG, 8), 278: (LONG, layout.rows), 279: (LONG, 1)}
    return tags | {322: (LONG, layout.tile[0]), 323: (LONG, layout.tile[1]), 324: (LONG, 8), 325: (LONG, 1)}


def _read_background(layout: Layout, dtype: np.dtype[np.generic]) -> float:
    """Return the value of pixels that are not stored: what GDAL says, else 0."""
    value = read_nodata(layout) or 0.0
    try:
        return value if dtype.kind == "f" or dtype.type(int(value)) == value else 0.0
    except (ValueError, ArithmeticError):
        return 0.0


def prepare() -> None:
    """Load what tifffile and imagecodecs load late, by decoding a little of each kind."""
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    for kind, bits, packing, predictor in WARM_UP:
        file = io.BytesIO()
        tifffile.imwrite(
            file, np.zeros((3, 16, 16), kind), bitspersample=bits, predictor=predictor, photometric="rgb",
            planarconfig="separate", compression=packing, metadata=None, maxworkers=1,
        )  # fmt: skip
        tifffile.imread(io.BytesIO(file.getvalue()), maxworkers=1)
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((16, 16, 4), np.uint8), photometric="rgb", compression="webp", metadata=None)
    tifffile.imread(io.BytesIO(file.getvalue()), maxworkers=1)
    imagecodecs.bitorder_decode(b"\0")
