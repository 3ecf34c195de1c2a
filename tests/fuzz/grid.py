"""An AVIF whose picture is a grid of tiles, all of them the same few bytes (ISO 23008-12, 6.6.2.3)."""

import struct

from PIL import Image

from tests import images


def avif_grid(count: int, side: int) -> bytes:
    """`count` x `count` tiles of `side` x `side` pixels."""
    tile = images.encoded(Image.new("RGB", (side, side), images.RED), "AVIF", quality=30, subsampling="4:2:0")
    coded, configuration = _payload(tile), _box_in(tile, b"av1C")
    tiles, whole = count * count, count * side
    grid = struct.pack(">BBBBII", 0, 1, count - 1, count - 1, whole, whole)
    kind = _box(b"ftyp", b"avif" + bytes(4) + b"avifmif1miaf")
    place = len(kind) + len(_meta(tiles, configuration, side, whole, 0, len(grid), len(coded))) + 8
    meta = _meta(tiles, configuration, side, whole, place, len(grid), len(coded))
    return kind + meta + _box(b"mdat", grid + coded)


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _meta(tiles: int, configuration: bytes, side: int, whole: int, place: int, grid: int, coded: int) -> bytes:
    """Item 1 is the grid, items 2 and up the tiles; `place` is where the grid's bytes lie, the tile's follow."""
    numbers = range(2, tiles + 2)
    entries = [_full(b"infe", 2, 0, struct.pack(">HH", 1, 0), b"grid\0")]
    entries += [_full(b"infe", 2, 1, struct.pack(">HH", number, 0), b"av01\0") for number in numbers]
    places = [struct.pack(">HHHII", 1, 0, 1, place, grid)]
    places += [struct.pack(">HHHII", number, 0, 1, place + grid, coded) for number in numbers]
    links = struct.pack(f">HH{tiles}H", 1, tiles, *numbers)
    used = [struct.pack(">HBBB", 1, 2, 2, 3)] + [struct.pack(">HBBBB", number, 3, 1, 3, 0x84) for number in numbers]
    sizes = [_full(b"ispe", 0, 0, struct.pack(">II", length, length)) for length in (side, whole)]
    depth = _full(b"pixi", 0, 0, bytes((3, 8, 8, 8)))
    return _full(
        b"meta", 0, 0,
        _full(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
        _full(b"pitm", 0, 0, struct.pack(">H", 1)),
        _full(b"iloc", 0, 0, bytes((0x44, 0)), struct.pack(">H", tiles + 1), *places),
        _full(b"iinf", 0, 0, struct.pack(">H", tiles + 1), *entries),
        _full(b"iref", 0, 0, _box(b"dimg", links)),
        _box(b"iprp", _box(b"ipco", *sizes, depth, configuration),
             _full(b"ipma", 0, 0, struct.pack(">I", tiles + 1), *used)),
    )  # fmt: skip


def _payload(data: bytes) -> bytes:
    """What lies in the file's `mdat`: one coded picture."""
    return _box_in(data, b"mdat")[8:]


def _box_in(data: bytes, kind: bytes) -> bytes:
    at = data.index(kind) - 4
    return data[at : at + int.from_bytes(data[at : at + 4], "big")]
