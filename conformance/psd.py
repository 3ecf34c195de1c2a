"""Photoshop files, made by hand (Adobe's Photoshop File Formats Specification)."""

import struct
import zlib
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Samples = NDArray[Any]


def psd(image: Image.Image, *, layers: int = 0, resources: bytes = b"") -> bytes:
    """A composite; a count of layers below 0 says that it has alpha."""
    return document([np.asarray(band) for band in image.split()], layers=layers, resources=resources)


def document(
    planes: list[Samples],
    *,
    mode: int = 3,
    depth: int = 8,
    packing: int = 0,
    large: bool = False,
    layers: int = 0,
    records: bytes = b"",
    resources: bytes = b"",
    colors: bytes = b"",
    blocks: bytes = b"",
) -> bytes:
    """A document of that composite, its samples in the file's own type. `records` are what follows the count of layers."""
    height, width = planes[0].shape
    letter = "Q" if large else "I"
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 2 if large else 1, len(planes), height, width, depth, mode)
    counted = struct.pack(f">{letter}h", 2 + len(records), layers) + records if layers else b""
    if blocks:
        counted = (counted or bytes(8 if large else 4)) + bytes(4) + blocks
    sections = b"".join(struct.pack(">I", len(part)) + part for part in (colors, resources))
    sections += struct.pack(f">{letter}", len(counted)) + counted
    return header + sections + struct.pack(">H", packing) + pack_planes(planes, depth, packing, large=large)


def pack_planes(planes: list[Samples], depth: int, packing: int, *, large: bool) -> bytes:
    rows = [_row(row, depth, predicted=packing == 3) for plane in planes for row in plane]
    if packing == 1:
        packed = [_pack_bits(row) for row in rows]
        lengths = struct.pack(f">{len(rows)}{'I' if large else 'H'}", *map(len, packed))
        return lengths + b"".join(packed)
    return zlib.compress(b"".join(rows)) if packing else b"".join(rows)


def _row(row: Samples, depth: int, *, predicted: bool) -> bytes:
    if depth == 1:
        return np.packbits(row).tobytes()
    kind = {8: ">u1", 16: ">u2", 32: ">f4"}[depth]
    if not predicted:
        return row.astype(kind).tobytes()
    if depth == 32:
        ranked = np.frombuffer(row.astype(kind).tobytes(), np.uint8).reshape(-1, 4).T.reshape(-1)
        return np.diff(ranked, prepend=ranked[:1] * 0).astype(np.uint8).tobytes()
    values = row.astype(np.int64)
    return (np.diff(values, prepend=0) % (1 << depth)).astype(kind).tobytes()


def _pack_bits(row: bytes) -> bytes:
    """Runs of equal bytes, and single ones as runs of one literal."""
    packed = b""
    for value, run in groupby(row):
        count = len(list(run))
        while count:
            some = min(count, 128)
            packed += bytes((257 - some, value)) if some > 1 else bytes((0, value))
            count -= some
    return packed


def resource(number: int, body: bytes) -> bytes:
    return b"8BIM" + struct.pack(">H2xI", number, len(body)) + body + bytes(len(body) % 2)


def on_white(image: Image.Image) -> Image.Image:
    """As Photoshop stores a composite: laid on white, its alpha beside."""
    flat = Image.new("RGBA", image.size, (255, 255, 255, 255))
    flat.alpha_composite(image)
    flat.putalpha(image.getchannel("A"))
    return flat
