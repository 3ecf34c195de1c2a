"""Sound TIFFs of each kind."""

import io
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from conformance import images
from conformance.flaws.flaw import make_photo
from conformance.flaws.tiff_file import COUNTS, JPEG_LENGTH, JPEG_START, LONG, OFFSETS, SHORT, File, Page, Tag, parse

ROWS = 16


def make_kinds() -> dict[str, File]:
    """Return the parts of a sound file of each kind."""
    photo = make_photo()
    grey, bit = photo.convert("L"), photo.convert("1")
    clear = np.dstack((np.asarray(photo), np.asarray(grey)))
    ink, deep = photo.convert("CMYK"), np.asarray(grey, np.uint16) * 257 + 5
    strips = {"rowsperstrip": ROWS}
    kinds = {
        "raw": _make(photo, **strips),
        "raw, one strip": _make(photo),
        "raw, big-endian": _make(photo, byteorder=">", **strips),
        "raw, BigTIFF": _make(photo, bigtiff=True, **strips),
        "raw, tiles": _make(photo, tile=(32, 48)),
        "raw, planar": _make(np.moveaxis(np.asarray(photo), 2, 0), planarconfig="separate", **strips),
        "raw, clear": _make(clear, extrasamples=("unassalpha",), **strips),
        "raw, ink": _make(ink, photometric="separated", **strips),
        "raw, 16 bits": _make(deep, photometric="minisblack", byteorder=">", **strips),
        "raw, bits": parse(images.encoded(bit, "TIFF")),
        "LZW": _make(photo, compression="lzw", predictor=2, **strips),
        "LZW, grey": _make(grey, photometric="minisblack", compression="lzw", byteorder=">", **strips),
        "LZW, BigTIFF": _make(photo, compression="lzw", tile=(32, 48), bigtiff=True, byteorder=">"),
        "Deflate": _make(photo, compression="zlib", predictor=2, byteorder=">", **strips),
        "Deflate, one strip": _make(photo, compression="zlib"),
        "Deflate, 16 bits": _make(deep, photometric="minisblack", compression="zlib", tile=(32, 48)),
        "PackBits, palette": _make_palette(photo, compression="packbits", **strips),
        "raw, palette": _make_palette(photo, **strips),
        "Zstandard, floats": _make(np.asarray(photo, np.float32) / 255, compression="zstd", predictor=3, **strips),
        "LZMA, 16 bits": _make(np.asarray(photo, np.uint16) * 257, compression="lzma", byteorder=">", **strips),
        "WebP": _make(photo, compression="webp", compressionargs={"lossless": True}, **strips),
        "Group 4": _make_fax(bit, "group4"),
        "Group 4, strips": _make_fax(bit, "group4", tiffinfo={278: ROWS}),
        "fax without marks": _make_fax(bit, "tiff_ccitt"),
        "Group 3": _make_fax(bit, "group3"),
        "JPEG": parse(images.encoded(photo.convert("YCbCr"), "TIFF", compression="jpeg", tiffinfo={278: ROWS})),
        "JPEG, grey": parse(images.encoded(grey, "TIFF", compression="jpeg", tiffinfo={278: ROWS})),
        "JPEG, tiles": _make(photo, compression="jpeg", tile=(32, 48)),
        "old JPEG": _wrap_old_jpeg(photo),
    }
    turned = _make(photo.rotate(180), byteorder=">", **strips)
    return kinds | {"two pages": File((kinds["Deflate"].pages[0], turned.pages[0]), ">")}


def _make_fax(bit: Image.Image, packing: str, **settings: object) -> File:
    """Return a fax as most are: 0 is white."""
    file = parse(images.encoded(bit, "TIFF", compression=packing, **settings))
    return file.with_page(file.pages[0].put(Tag(262, SHORT, (0,))))


def _make(picture: Image.Image | np.ndarray[Any, Any], **settings: object) -> File:
    file = io.BytesIO()
    given: dict[str, Any] = {"photometric": "rgb", "metadata": None} | settings
    tifffile.imwrite(file, np.asarray(picture), **given)
    return parse(file.getvalue())


def _make_palette(photo: Image.Image, **settings: object) -> File:
    image = photo.quantize(256)
    table = np.asarray(image.getpalette(), np.uint16).reshape(-1, 3).T
    colors = np.zeros((3, 256), np.uint16)
    colors[:, : table.shape[1]] = table * 257
    return _make(image, photometric="palette", colormap=colors, **settings)


def _wrap_old_jpeg(photo: Image.Image) -> File:
    """Return a JPEG in a TIFF as TIFF 6.0 had it: the tags of section 22 point to a whole file, strips to its data."""
    data = images.encoded(photo, "JPEG", subsampling=0)
    width, height = photo.size
    tags = (
        Tag(256, LONG, (width,)), Tag(257, LONG, (height,)), Tag(258, SHORT, (8, 8, 8)), Tag(259, SHORT, (6,)),
        Tag(262, SHORT, (6,)), Tag(OFFSETS, LONG), Tag(277, SHORT, (3,)), Tag(278, LONG, (height,)), Tag(COUNTS, LONG),
        Tag(512, SHORT, (1,)), Tag(JPEG_START, LONG), Tag(JPEG_LENGTH, LONG), Tag(530, SHORT, (1, 1)),
    )  # fmt: skip
    return File((Page(tags, (data,)),))
