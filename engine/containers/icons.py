"""Icons: the entries of an ICO and the blocks of an ICNS. The largest can be taken out and read like any file.

What a directory says of an entry is a hint; the picture's own header decides before anything is decoded.
"""

import struct
import zlib
from dataclasses import dataclass

from core import magic
from engine.containers.png_chunks import pack_chunk
from engine.errors import corrupt, truncated, unsupported

ICO_HEAD, ICO_ENTRY = 6, 16

ICNS_SIDES = {
    b"ic04": 16, b"is32": 16, b"icp4": 16, b"icsb": 18, b"sb24": 24, b"ic05": 32, b"il32": 32, b"icp5": 32,
    b"ic11": 32, b"icsB": 36, b"ih32": 48, b"SB24": 48, b"icp6": 64, b"ic12": 64,
    b"it32": 128, b"ic07": 128, b"ic08": 256, b"ic13": 256, b"ic09": 512, b"ic14": 512, b"ic10": 1024,
}  # fmt: skip
MASKS = {b"is32": b"s8mk", b"il32": b"l8mk", b"ih32": b"h8mk", b"it32": b"t8mk"}
"""Old blocks hold color only; their alpha is a block of its own."""

ARGB = b"ARGB"
"""Before four planes of bytes, alpha first, each packed by runs."""


@dataclass(frozen=True, slots=True)
class Icon:
    """The largest picture of an icon: a PNG, a JPEG 2000, or (`kind` is the icon's own) an icon with it alone.

    `mask` has a bit for each pixel that is clear, of a bitmap with alpha: from below, rows of four bytes.
    """

    kind: str
    data: bytes
    size: tuple[int, int]
    mask: bytes = b""


def find_largest_ico(data: bytes) -> Icon:
    """Return the largest picture. Raise ConversionError when the directory is damaged or points behind the end."""
    (count,) = struct.unpack_from("<H", data, 4) if len(data) >= ICO_HEAD else (0,)
    if len(data) < ICO_HEAD + ICO_ENTRY * count:
        raise truncated()
    entries = [data[at : at + ICO_ENTRY] for at in range(ICO_HEAD, ICO_HEAD + ICO_ENTRY * count, ICO_ENTRY)]
    if not entries:
        raise corrupt("it has no picture")
    entry = max(entries, key=_rank_entry)
    length, offset = struct.unpack_from("<II", entry, 8)
    if offset + length > len(data):
        raise truncated()
    picture = data[offset : offset + length]
    if picture.startswith(magic.PNG):
        return Icon("png", picture, (0, 0))
    return _extract_bitmap(entry, picture)


def _rank_entry(entry: bytes) -> tuple[int, int]:
    """Rank an entry by area, then by bits. Sides of 256 are written as 0."""
    return (entry[0] or 256) * (entry[1] or 256), int.from_bytes(entry[6:8], "little")


def _extract_bitmap(entry: bytes, picture: bytes) -> Icon:
    """Return a Windows bitmap as an icon of its own, with the size of its own header.

    Its height counts its mask too.
    """
    if len(picture) < 40:
        raise truncated()
    head, width, doubled = struct.unpack_from("<Iii", picture)
    size = (width, abs(doubled) // 2)
    if head != 40 or not 0 < size[0] <= 1024 or not 0 < size[1] <= 1024:
        raise unsupported("ico", "its bitmap is of a kind that is not known here")
    told = bytes(side if side < 256 else 0 for side in size)
    # The bitmap knows its depth; what the directory says is often 0, or of another bitmap.
    alone = told + entry[2:6] + picture[14:16] + struct.pack("<II", len(picture), ICO_HEAD + ICO_ENTRY)
    return Icon("ico", magic.ICO + struct.pack("<H", 1) + alone + picture, size, _find_mask(picture, size))


def _find_mask(picture: bytes, size: tuple[int, int]) -> bytes:
    """Return the mask behind the samples of a bitmap of 32 bits, b"" when it is not there."""
    start, length = 40 + 4 * size[0] * size[1], -(-size[0] // 32) * 4 * size[1]
    is_wide = int.from_bytes(picture[14:16], "little") == 32
    return picture[start : start + length] if is_wide and start + length <= len(picture) else b""


def find_largest_icns(data: bytes) -> Icon:
    """Return the largest picture. Raise ConversionError when a block is damaged or the file ends early."""
    if int.from_bytes(data[4:8], "big") > len(data):
        raise truncated()
    blocks = _read_icns_blocks(data)
    kinds = sorted((kind for kind in blocks if kind in ICNS_SIDES), key=lambda kind: (ICNS_SIDES[kind], kind))
    if not kinds:
        raise unsupported("icns", "it has no picture of a kind that is known here")
    best = kinds[-1]
    picture, side = blocks[best], ICNS_SIDES[best]
    if picture.startswith(magic.PNG):
        return Icon("png", picture, (0, 0))
    if picture.startswith((magic.JP2, magic.J2K_CODESTREAM)):
        return Icon("jp2", picture, (0, 0))
    if picture.startswith(ARGB):
        return Icon("png", _argb_to_png(picture, side), (0, 0))
    kept = {kind: blocks[kind] for kind in (best, MASKS.get(best, b"")) if kind in blocks}
    return Icon("icns", pack_icns(kept), (side, side))


def _argb_to_png(block: bytes, side: int) -> bytes:
    planes, at = [], len(ARGB)
    for _ in ARGB:
        plane, at = _unpack_plane(block, at, side * side)
        planes.append(plane)
    alpha, red, green, blue = planes
    pixels = bytes(value for pixel in zip(red, green, blue, alpha, strict=True) for value in pixel)
    rows = b"".join(b"\0" + pixels[start : start + 4 * side] for start in range(0, len(pixels), 4 * side))
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return magic.PNG + b"".join(pack_chunk(*chunk) for chunk in chunks)


def _unpack_plane(block: bytes, at: int, length: int) -> tuple[bytes, int]:
    """Return so many bytes of runs, and where the next begin: a count below 128 and bytes, or a count and one byte."""
    plane = b""
    while len(plane) < length:
        if at + 1 >= len(block):
            raise truncated()
        count = block[at]
        if count < 128:
            plane, at = plane + block[at + 1 : at + 2 + count], at + 2 + count
        else:
            plane, at = plane + block[at + 1 : at + 2] * (count - 125), at + 2
    if len(plane) > length or at > len(block):
        raise corrupt("a plane of it has too many pixels")
    return plane, at


def _read_icns_blocks(data: bytes) -> dict[bytes, bytes]:
    blocks: dict[bytes, bytes] = {}
    at, end = 8, min(len(data), int.from_bytes(data[4:8], "big"))
    while at + 8 <= end:
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "big")
        if length < 8:
            raise corrupt("a block of it has no size")
        if at + length > len(data):
            raise truncated()
        blocks.setdefault(kind, data[at + 8 : at + length])
        at += length
    return blocks


def pack_icns(blocks: dict[bytes, bytes]) -> bytes:
    """Return an ICNS with those blocks."""
    body = b"".join(kind + (len(block) + 8).to_bytes(4, "big") + block for kind, block in blocks.items())
    return magic.ICNS + (len(body) + 8).to_bytes(4, "big") + body


def pack_ico(pictures: dict[int, bytes]) -> bytes:
    """Return an ICO with those PNGs, by the side of their square, of 256 at most."""
    at, directory = ICO_HEAD + ICO_ENTRY * len(pictures), b""
    for side, picture in pictures.items():
        directory += struct.pack("<BBBBHHII", side & 255, side & 255, 0, 0, 1, 32, len(picture), at)
        at += len(picture)
    return magic.ICO + struct.pack("<H", len(pictures)) + directory + b"".join(pictures.values())
