"""Small files with headers of large ones."""

import struct
from collections.abc import Callable

from conformance import images
from engine.codecs import heic

MANY = 60_000


def claiming(name: str, at: int, layout: str, *sides: int) -> Callable[[], bytes]:
    """Return a maker of a small file of Pillow's with other sides in its header."""

    def make() -> bytes:
        data = bytearray(images.encoded(images.quarters(), name))
        struct.pack_into(layout, data, at, *sides)
        return bytes(data)

    return make


def jpeg(side: int) -> bytes:
    """By its frame header."""
    data = bytearray(images.encoded(images.quarters(), "JPEG"))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, side, side)
    return bytes(data)


def jp2(tile: int = 0) -> bytes:
    """By its box and its codestream; `tile` is the side of its tiles."""
    data = bytearray(images.encoded(images.quarters(), "JPEG2000"))
    struct.pack_into(">II", data, data.index(b"ihdr") + 4, MANY, MANY)
    size = data.index(b"\xff\x51")
    struct.pack_into(">II", data, size + 6, MANY, MANY)
    if tile:
        struct.pack_into(">II", data, size + 22, tile, tile)
    return bytes(data)


def webp() -> bytes:
    """The canvas of an animation."""
    data = bytearray(images.animated_webp())
    data[24:30] = (16_382).to_bytes(3, "little") * 2
    return bytes(data)


def bmff(name: str) -> bytes:
    """AVIF or HEIC (Pillow's names): the property with the size of the picture."""
    heic.load_library()
    data = images.encoded(images.quarters(), name)
    told = b"ispe" + bytes(4)
    at = data.index(told) + len(told)
    return data[:at] + struct.pack(">II", MANY, MANY) + data[at + 8 :]


def jxl() -> bytes:
    """Make a bare codestream with 2^30 by 2^30 in its header: two sides of 30 bits, then all defaults (ISO/IEC 18181-1, D)."""
    side = "11" + "1" * 30
    bits = "0" + side + "000" + side + "1"
    padded = bits + "0" * (-len(bits) % 8)
    return b"\xff\x0a" + bytes(int(padded[at : at + 8][::-1], 2) for at in range(0, len(padded), 8)) + bytes(100)


def apng() -> bytes:
    """Make an animation of 2^31 - 1 frames by its header, and of one in truth."""
    data = images.animated_png()
    at = data.index(b"acTL") + 4
    head = struct.pack(">I", (1 << 31) - 1) + data[at + 4 : at + 8]
    return data[: at - 8] + images.chunk(b"acTL", head) + data[at + 12 :]


def tga_rle() -> bytes:
    """Run-length coded, 60,000 by 60,000, and only as many bytes as would do for a few rows."""
    return struct.pack("<BBB5xHHHHBB", 0, 0, 10, 0, 0, MANY, MANY, 24, 0) + b"\xff\1\2\3" * 4000
