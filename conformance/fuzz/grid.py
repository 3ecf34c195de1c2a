"""An AVIF or HEIC with a grid of tiles as its picture, all of them the same few bytes (ISO 23008-12, 6.6.2.3)."""

import struct
from dataclasses import dataclass

from PIL import Image

from conformance import images
from engine.codecs import heic


@dataclass(frozen=True, slots=True)
class Codec:
    """Pillow's name of what codes a tile, the box with its configuration, its item type, and the file's brands."""

    pillow: str
    configuration: bytes
    item: bytes
    brands: bytes


AVIF = Codec("AVIF", b"av1C", b"av01", b"avif" + bytes(4) + b"avifmif1miaf")
HEIC = Codec("HEIF", b"hvcC", b"hvc1", b"heic" + bytes(4) + b"heicmif1")


@dataclass(frozen=True, slots=True)
class _Grid:
    """The lengths of its parts. `tile` is the item of every tile, 0 if each has its own."""

    codec: Codec
    tiles: int
    side: int
    whole: int
    configuration: bytes
    coded: int
    tile: int


def grid(codec: Codec, count: int, side: int, tile: int = 0) -> bytes:
    """`count` x `count` tiles of `side` x `side` pixels."""
    heic.load_library()
    coded = images.encoded(Image.new("RGB", (side, side), images.RED), codec.pillow, quality=30)
    whole = count * side
    told = struct.pack(">BBBBII", 0, 1, count - 1, count - 1, whole, whole)
    payload = _find_payload(coded)
    parts = _Grid(codec, count * count, side, whole, _box_in(coded, codec.configuration), len(payload), tile)
    kind = _make_box(b"ftyp", codec.brands)
    place = len(kind) + len(_make_meta(parts, 0, len(told))) + 8
    return kind + _make_meta(parts, place, len(told)) + _make_box(b"mdat", told + payload)


def _make_box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def _make_full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _make_box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _make_meta(parts: _Grid, place: int, grid: int) -> bytes:
    """Make the box `meta`: item 1 is the grid, items 2 and up are tiles. The grid's bytes lie at `place`, the tile's follow."""
    tiles, numbers = parts.tiles, range(2, parts.tiles + 2)
    entries = [_make_full_box(b"infe", 2, 0, struct.pack(">HH", 1, 0), b"grid\0")]
    entries += [
        _make_full_box(b"infe", 2, 1, struct.pack(">HH", number, 0), parts.codec.item + b"\0") for number in numbers
    ]
    places = [struct.pack(">HHHII", 1, 0, 1, place, grid)]
    places += [struct.pack(">HHHII", number, 0, 1, place + grid, parts.coded) for number in numbers]
    links = struct.pack(f">HH{tiles}H", 1, tiles, *([parts.tile] * tiles if parts.tile else numbers))
    used = [struct.pack(">HBBB", 1, 2, 2, 3)] + [struct.pack(">HBBBB", number, 3, 1, 3, 0x84) for number in numbers]
    sizes = [_make_full_box(b"ispe", 0, 0, struct.pack(">II", length, length)) for length in (parts.side, parts.whole)]
    depth = _make_full_box(b"pixi", 0, 0, bytes((3, 8, 8, 8)))
    return _make_full_box(
        b"meta", 0, 0,
        _make_full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
        _make_full_box(b"pitm", 0, 0, struct.pack(">H", 1)),
        _make_full_box(b"iloc", 0, 0, bytes((0x44, 0)), struct.pack(">H", tiles + 1), *places),
        _make_full_box(b"iinf", 0, 0, struct.pack(">H", tiles + 1), *entries),
        _make_full_box(b"iref", 0, 0, _make_box(b"dimg", links)),
        _make_box(b"iprp", _make_box(b"ipco", *sizes, depth, parts.configuration),
             _make_full_box(b"ipma", 0, 0, struct.pack(">I", tiles + 1), *used)),
    )  # fmt: skip


def _find_payload(data: bytes) -> bytes:
    """What lies in the file's `mdat`: one coded picture."""
    return _box_in(data, b"mdat")[8:]


def _box_in(data: bytes, kind: bytes) -> bytes:
    at = data.index(kind) - 4
    return data[at : at + int.from_bytes(data[at : at + 4], "big")]
