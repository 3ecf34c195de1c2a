"""TIFF pages of palettes with 1, 4 or 8 bits a pixel, packed by deflate: Pillow writes palettes of 8 bits alone."""

import io
import zlib
from itertools import accumulate
from typing import BinaryIO

import numpy as np
from PIL import Image, TiffImagePlugin

from core import magic
from engine.codecs.save_settings import SaveSettings
from engine.pixels.packed_rows import choose_level, count_rows, pack_rows

STRIP = 1 << 20
"""Bytes of a strip before it is packed, about. Each begins without anything to repeat, so small strips cost bytes."""

PALETTE, DEFLATE, INCHES = 3, 8, 2
"""TIFF's numbers of the kind of pixels, of their packing, and of the unit of resolution."""

HEADER = magic.TIFF_LITTLE + b"\x08\0\0\0"

METADATA = frozenset({700, 33_723})
"""XMP and IPTC."""


def write_page(profile: bytes | None, settings: SaveSettings, image: Image.Image, sink: BinaryIO) -> None:
    """Write one page of mode P as a little-endian TIFF. `settings` are those of Pillow's writer."""
    bits = choose_bits(image)
    height = count_rows(image, bits, STRIP)
    level = choose_level(image, bits)
    strips = [zlib.compress(rows.tobytes(), level) for rows in pack_rows(image, bits, STRIP)]
    tags = TiffImagePlugin.ImageFileDirectory_v2(ifh=HEADER)
    tags.update(_describe_pixels(image, bits, height, [len(strip) for strip in strips]))
    for tag in (TiffImagePlugin.STRIPOFFSETS, TiffImagePlugin.STRIPBYTECOUNTS):
        tags.tagtype[tag] = 4
    tags.update(_describe_rest(profile, settings))
    page = io.BytesIO()
    tags.save(page)
    page.writelines(strips)
    sink.write(page.getbuffer())


def choose_bits(image: Image.Image) -> int:
    """Return the fewest bits a pixel that programs read: for 2, 16 or 256 colors."""
    highest = image.getextrema()[1]
    if not isinstance(highest, int | float):
        raise TypeError(image.mode)
    return 1 if highest < 2 else 4 if highest < 16 else 8


def _describe_pixels(image: Image.Image, bits: int, height: int, sizes: list[int]) -> dict[int, object]:
    """Return the tags of the pixels. Offsets count from the end of the tags, as Pillow wants them."""
    count = 1 << bits
    colors = np.frombuffer(bytes(image.getpalette() or ())[: count * 3], np.uint8).reshape(-1, 3)
    table = np.zeros((3, count), np.uint16)
    table[:, : len(colors)] = colors.T * np.uint16(257)
    return {
        TiffImagePlugin.IMAGEWIDTH: image.width,
        TiffImagePlugin.IMAGELENGTH: image.height,
        TiffImagePlugin.BITSPERSAMPLE: bits,
        TiffImagePlugin.COMPRESSION: DEFLATE,
        TiffImagePlugin.PHOTOMETRIC_INTERPRETATION: PALETTE,
        TiffImagePlugin.SAMPLESPERPIXEL: 1,
        TiffImagePlugin.ROWSPERSTRIP: min(height, image.height),
        TiffImagePlugin.STRIPBYTECOUNTS: tuple(sizes),
        TiffImagePlugin.STRIPOFFSETS: tuple(accumulate(sizes[:-1], initial=0)),
        TiffImagePlugin.PLANAR_CONFIGURATION: 1,
        TiffImagePlugin.COLORMAP: tuple(table.ravel().tolist()),
    }


def _describe_rest(profile: bytes | None, settings: SaveSettings) -> dict[int, object]:
    """Return the tags of resolution, profile and metadata."""
    tags, dpi = settings.get("exif"), settings.get("dpi")
    found = tags.items() if isinstance(tags, Image.Exif) else ()
    rest = {tag: value for tag, value in found if tag in METADATA}
    if profile:
        rest[TiffImagePlugin.ICCPROFILE] = profile
    if isinstance(dpi, tuple):
        across, down = dpi
        rest |= {TiffImagePlugin.RESOLUTION_UNIT: INCHES, TiffImagePlugin.X_RESOLUTION: across,
                 TiffImagePlugin.Y_RESOLUTION: down}  # fmt: skip
    return rest
