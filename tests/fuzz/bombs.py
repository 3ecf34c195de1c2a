"""Small files that ask for much: what each is, and the code that it has to end with."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from tests import images
from tests.fuzz.grid import avif_grid


@dataclass(frozen=True, slots=True)
class Bomb:
    """`codes` are the ends that are right: `ok` where the picture itself is harmless."""

    name: str
    source: str
    make: Callable[[], bytes]
    codes: frozenset[str]


def _png_of_bits(side: int) -> bytes:
    row = bytes(1 + (side + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = (images.chunk(b"IHDR", header), images.chunk(b"IDAT", body), images.chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _zeros(megabytes: int) -> bytes:
    """So many, deflated."""
    packer, million = zlib.compressobj(9), bytes(1 << 20)
    return b"".join(packer.compress(million) for _ in range(megabytes)) + packer.flush()


def _tiff(width: int, height: int, strip: bytes) -> bytes:
    """Little-endian, 8-bit grey, one deflated strip."""
    entries = (
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1),
        (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, len(strip)),
    )  # fmt: skip
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + table


def _tiff_of_pages(count: int) -> bytes:
    """Directories in a chain, every one the same picture of one pixel."""
    entries = (
        (256, 4, 1, 1), (257, 4, 1, 1), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
        (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, 1, 1),
    )  # fmt: skip
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries)
    start, length = 10, len(table) + 4
    links = [*range(start + length, start + count * length, length), 0]
    return b"II*\0" + struct.pack("<I", start) + b"\0\0" + b"".join(table + struct.pack("<I", link) for link in links)


def _gif(count: int, side: int = 8) -> bytes:
    """Many frames; their code is the shortest that there is."""
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, 0, 1, 0, 0) + struct.pack("<BHHHHB", 0x2C, 0, 0, 1, 1, 0)
    return head + (frame + b"\x02\x02\x44\x01\x00") * count + b";"


def _png_with_text(megabytes: int) -> bytes:
    small = images.encoded(images.quarters(), "PNG")
    text = images.chunk(b"zTXt", b"Comment\0\0" + _zeros(megabytes))
    return small[:33] + text + small[33:]


def _ico(count: int) -> bytes:
    png = images.encoded(Image.new("RGBA", (256, 256), (*images.RED, 255)), "PNG")
    entry = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(png), 6 + 16 * count)
    return struct.pack("<HHH", 0, 1, count) + entry * count + png


def _ico_of_large_pngs(count: int) -> bytes:
    png = _png_of_bits(20_000)
    entry = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(png), 6 + 16 * count)
    return struct.pack("<HHH", 0, 1, count) + entry * count + png


def _psd(groups: int, side: int = 16) -> bytes:
    """Groups in groups: each layer is empty and opens a section (Photoshop's `lsct`, type 3 or 1)."""
    records = b"".join(_psd_group(kind) for kind in [3] * groups + [1] * groups)
    info = struct.pack(">h", 2 * groups) + records
    info += bytes(len(info) % 2)
    layers = struct.pack(">I", len(info)) + info + bytes(4)
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, side, side, 8, 3)
    composite = struct.pack(">H", 0) + bytes((200,)) * (side * side * 3)
    return header + bytes(8) + struct.pack(">I", len(layers)) + layers + composite


def _psd_group(kind: int) -> bytes:
    extra = bytes(8) + b"\x03abc" + b"8BIMlsct" + struct.pack(">II", 4, kind)
    head = struct.pack(">4iH", 0, 0, 0, 0, 0) + b"8BIMnorm" + bytes((255, 0, 0, 0))
    return head + struct.pack(">I", len(extra)) + extra


def _claiming(name: str, at: int, layout: str, *sides: int) -> Callable[[], bytes]:
    """A small file of Pillow's whose header claims other sides."""

    def make() -> bytes:
        data = bytearray(images.encoded(images.quarters(), name))
        struct.pack_into(layout, data, at, *sides)
        return bytes(data)

    return make


def _psd_claiming() -> bytes:
    data = bytearray(_psd(1))
    struct.pack_into(">II", data, 14, 30_000, 30_000)
    return bytes(data)


def _jpeg_claiming(side: int) -> bytes:
    data = bytearray(images.encoded(images.quarters(), "JPEG"))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, side, side)
    return bytes(data)


def _jp2_claiming() -> bytes:
    data = bytearray(images.encoded(images.quarters(), "JPEG2000"))
    struct.pack_into(">II", data, data.index(b"ihdr") + 4, MANY, MANY)
    size = data.index(b"\xff\x51")
    struct.pack_into(">II", data, size + 6, MANY, MANY)
    return bytes(data)


def _webp_claiming() -> bytes:
    data = bytearray(images.animated_webp())
    data[24:30] = (16_382).to_bytes(3, "little") * 2
    return bytes(data)


REFUSED = frozenset({"too_many_pixels"})
BROKEN = frozenset({"too_many_pixels", "truncated_image", "corrupt_image"})
FINE = frozenset({"ok"})
MANY = 60_000

BOMBS: tuple[Bomb, ...] = (
    Bomb("PNG, 400 MP of one bit", "png", lambda: _png_of_bits(20_000), REFUSED),
    Bomb("PNG, a text of 100 MB", "png", lambda: _png_with_text(100), FINE),
    Bomb("PNG, claims 60,000 x 60,000", "png", images.png_claiming, REFUSED),
    Bomb("TIFF, 400 MP deflated", "tiff", lambda: _tiff(20_000, 20_000, _zeros(382)), REFUSED),
    Bomb("TIFF, 500 MB in the strip of a small picture", "tiff", lambda: _tiff(64, 64, _zeros(500)), FINE | BROKEN),
    Bomb("TIFF, 20,000 pages", "tiff", lambda: _tiff_of_pages(20_000), frozenset({"too_many_frames"})),
    Bomb("GIF, 10,000 frames", "gif", lambda: _gif(10_000), frozenset({"too_many_frames"})),
    Bomb("GIF, 1,000 frames of 60,000 x 60,000", "gif", lambda: _gif(1_000, MANY), REFUSED),
    Bomb("AVIF, a grid of 65,536 x 65,536", "avif", lambda: avif_grid(16, 4096), BROKEN | {"unsupported_image"}),
    Bomb("AVIF, a grid of 128 x 128 tiles", "avif", lambda: avif_grid(128, 64), BROKEN | {"unsupported_image"}),
    Bomb("ICO, 1,000 entries", "ico", lambda: _ico(1_000), FINE),
    Bomb("ICO, 1,000 entries of 400 MP", "ico", lambda: _ico_of_large_pngs(1_000), REFUSED),
    Bomb("PSD, 4,000 groups in groups", "psd", lambda: _psd(4_000), FINE),
    Bomb("PSD, claims 30,000 x 30,000", "psd", _psd_claiming, BROKEN),
    Bomb("BMP, claims 30,000 x 30,000", "bmp", _claiming("BMP", 18, "<ii", 30_000, 30_000), BROKEN),
    Bomb("TGA, claims 60,000 x 60,000", "tga", _claiming("TGA", 12, "<HH", MANY, MANY), BROKEN),
    Bomb("PCX, claims 60,000 x 60,000", "pcx", _claiming("PCX", 8, "<HH", MANY, MANY), BROKEN),
    Bomb("DDS, claims 60,000 x 60,000", "dds", _claiming("DDS", 12, "<II", MANY, MANY), BROKEN),
    Bomb("QOI, claims 60,000 x 60,000", "qoi", _claiming("QOI", 4, ">II", MANY, MANY), BROKEN),
    Bomb("PPM, claims 60,000 x 60,000", "ppm", lambda: b"P6 60000 60000 255\n" + bytes(1000), BROKEN),
    Bomb("JPEG, claims 65,500 x 65,500", "jpeg", lambda: _jpeg_claiming(65_500), BROKEN),
    Bomb("JPEG 2000, claims 60,000 x 60,000", "jp2", _jp2_claiming, BROKEN | {"unsupported_image"}),
    Bomb("WebP, claims 16,383 x 16,383", "webp", _webp_claiming, BROKEN),
)
