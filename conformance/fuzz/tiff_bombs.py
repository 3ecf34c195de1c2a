"""Small TIFF files with large demands."""

import struct

from conformance.fuzz import claims
from conformance.fuzz.bomb import BROKEN, CROWDED, FINE, ODD, REFUSED, Bomb, pack_zeros

Entry = tuple[int, int, int, int]
JPEG, WEBP, DEFLATE = 7, 50_001, 8


def _make_tiff(width: int, height: int, strip: bytes) -> bytes:
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


def _tiff_of_many_strips(count: int) -> bytes:
    """Make a picture of 64 x 64 with so many strips by its directory."""
    entries = (
        (256, 4, 1, 64), (257, 4, 1, 64), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, count, 8),
        (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, count, 8),
    )  # fmt: skip
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + table + bytes(4096)


def _tiff_in_a_circle() -> bytes:
    """Two directories, each the next one of the other."""
    data = bytearray(_tiff_of_pages(2))
    struct.pack_into("<I", data, len(data) - 4, 10)
    return bytes(data)


def _make_page(*entries: Entry, body: bytes = b"") -> bytes:
    """Make a little-endian file of one directory behind `body`, which starts at 8. Later entries win."""
    merged = sorted({entry[0]: entry for entry in entries}.values())
    table = struct.pack("<H", len(merged)) + b"".join(struct.pack("<HHII", *one) for one in merged) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + table


def _picture(side: int, packing: int, body: bytes) -> tuple[Entry, ...]:
    return (
        (256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, packing), (262, 3, 1, 1), (273, 4, 1, 8),
        (277, 3, 1, 1), (278, 4, 1, side), (279, 4, 1, len(body)),
    )  # fmt: skip


def _tile_of(side: int) -> bytes:
    """A picture of 64 x 64 in one tile of that side."""
    body = pack_zeros(64)
    tile = ((322, 4, 1, side), (323, 4, 1, side), (324, 4, 1, 8), (325, 4, 1, len(body)))
    return _make_page(*_picture(64, DEFLATE, body), *tile, body=body)


def _strip_of(packing: int, body: bytes) -> bytes:
    """A picture of 64 x 64 in WhiteIsZero of two samples, so that tifffile reads it, in a strip with a size of its own."""
    return _make_page(*_picture(64, packing, body), (262, 3, 1, 0), (277, 3, 1, 2), (284, 3, 1, 2), body=body)


def _tags_on_each_other(count: int) -> bytes:
    """Private tags that all have the same 30 MB as their value."""
    body = bytes(30 << 20)
    private = ((60_000 + at, 7, len(body), 8) for at in range(count))
    return _make_page(*_picture(64, 1, bytes(4096)), *private, body=body)


def _inner_directories(count: int) -> bytes:
    """A page with so many inner directories, each of them itself."""
    body = struct.pack(f"<{count}I", *[8 + 4 * count] * count)
    return _make_page(*_picture(8, 1, bytes(64)), (330, 4, count, 8), body=body)


def _rows_of_strips(count: int) -> bytes:
    """A picture of one column, each row a strip, all at the same place: millions of them."""
    body = struct.pack("<I", 8) * count
    counts = struct.pack("<I", 1) * count
    size = ((256, 4, 1, 1), (257, 4, 1, count), (278, 4, 1, 1), (273, 4, count, 8), (279, 4, count, 8 + len(body)))
    return _make_page(*_picture(8, 1, b""), *size, body=body + counts)


TIFF_BOMBS: tuple[Bomb, ...] = (
    Bomb("TIFF, 400 MP deflated", "tiff", lambda: _make_tiff(20_000, 20_000, pack_zeros(382)), REFUSED),
    Bomb("TIFF, 784 MP, 750 MB deflated", "tiff", lambda: _make_tiff(28_000, 28_000, pack_zeros(750)), REFUSED),
    Bomb(
        "TIFF, 1 GB in the strip of a small picture",
        "tiff",
        lambda: _make_tiff(64, 64, pack_zeros(1024)),
        FINE | BROKEN,
    ),
    Bomb("TIFF, 20,000 pages", "tiff", lambda: _tiff_of_pages(20_000), CROWDED),
    Bomb("TIFF, pages in a circle", "tiff", _tiff_in_a_circle, FINE | BROKEN | CROWDED),
    Bomb("TIFF, claims 268,435,456 strips", "tiff", lambda: _tiff_of_many_strips(1 << 28), FINE | ODD),
    Bomb("TIFF, 64 x 64 in a tile of 60,000 x 60,000", "tiff", lambda: _tile_of(60_000), BROKEN),
    Bomb("TIFF, 64 x 64 in a tile of 5,000 x 5,000", "tiff", lambda: _tile_of(5_000), FINE | BROKEN),
    Bomb(
        "TIFF, a strip that is a JPEG of 65,500 x 65,500", "tiff", lambda: _strip_of(JPEG, claims.jpeg(65_500)), BROKEN
    ),
    Bomb("TIFF, a strip that is a WebP of 16,383 x 16,383", "tiff", lambda: _strip_of(WEBP, claims.webp()), BROKEN),
    Bomb("TIFF, 1,000 tags with the same 30 MB", "tiff", lambda: _tags_on_each_other(1_000), BROKEN),
    Bomb("TIFF, 100,000 inner directories", "tiff", lambda: _inner_directories(100_000), FINE | ODD),
    Bomb("TIFF, 4,000,000 strips of one pixel", "tiff", lambda: _rows_of_strips(4_000_000), BROKEN),
    Bomb("TIFF, 60,000 strips of one pixel", "tiff", lambda: _rows_of_strips(60_000), FINE),
)
