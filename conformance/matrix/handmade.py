"""Files of formats unknown to Pillow's writers, put together by hand."""

import struct

import numpy as np
from imagecodecs import brotli_encode
from PIL import Image

from conformance import images
from conformance.matrix.pictures import Pixels


def psd(picture: Image.Image) -> bytes:
    """A composite (Adobe Photoshop File Formats Specification): header, empty parts, one layer with alpha, planes."""
    bands = picture.split()
    mode = {"L": 1, "RGB": 3, "RGBA": 3, "CMYK": 4}[picture.mode]
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(bands), picture.height, picture.width, 8, mode)
    layers = b""
    if picture.mode == "RGBA":
        layers = _empty_layer()
        # Photoshop lays the composite on white beside storing its alpha; libraries that know it take the white out.
        white = Image.new("RGBA", picture.size, "white")
        bands = (*Image.alpha_composite(white, picture).split()[:3], bands[3])
    parts = bytes(8) + struct.pack(">I", len(layers)) + layers
    return header + parts + struct.pack(">H", 0) + b"".join(band.tobytes() for band in bands)


def _empty_layer() -> bytes:
    """A negative number of layers says that the composite's fourth channel is its alpha."""
    extra, places = bytes(8) + b"\x03abc", (-1, 0, 1, 2)
    record = struct.pack(">4iH", 0, 0, 1, 1, len(places)) + b"".join(struct.pack(">hI", place, 3) for place in places)
    record += b"8BIMnorm" + bytes((255, 0, 0, 0)) + struct.pack(">I", len(extra)) + extra
    info = struct.pack(">h", -1) + record + bytes(3 * len(places))
    return struct.pack(">I", len(info)) + info + bytes(4)


ICNS_KINDS = {(64, 64): b"icp6", (128, 128): b"ic07", (256, 256): b"ic08"}


def icns(picture: Image.Image) -> bytes:
    """Return an ICNS with one entry, a PNG."""
    png = images.encoded(picture, "PNG")
    entry = ICNS_KINDS[picture.size] + struct.pack(">I", len(png) + 8) + png
    return b"icns" + struct.pack(">I", len(entry) + 8) + entry


def jxl_with_boxes(codestream: bytes, exif: Image.Exif) -> bytes:
    """EXIF as it is, XMP compressed (ISO/IEC 18181-2): what `cjxl` of Debian leaves away, and newer ones write."""
    boxes = (
        (b"JXL ", b"\r\n\x87\n"),
        (b"ftyp", b"jxl " + bytes(4) + b"jxl "),
        (b"Exif", bytes(4) + exif.tobytes().removeprefix(b"Exif\0\0")),
        (b"brob", b"xml " + brotli_encode(images.XMP)),
        (b"jxlc", codestream),
    )
    return b"".join(struct.pack(">I", len(body) + 8) + kind + body for kind, body in boxes)


def sgi16(samples: Pixels) -> bytes:
    """Planes of 16 bits, the lowest row first (The SGI Image File Format 0.97)."""
    height, width, planes = samples.shape
    header = struct.pack(">HBBHHHHII", 474, 0, 2, 3 if planes > 1 else 2, width, height, planes, 0, 65_535)
    return header.ljust(512, b"\0") + np.moveaxis(samples[::-1], 2, 0).astype(">u2").tobytes()
