"""The clean aperture of a picture (ISO/IEC 14496-12, 12.1.4): the part of it that is to be seen."""

import struct
from collections.abc import Iterator
from fractions import Fraction
from math import floor

from engine.containers.bmff import Box, find_tracks, read_boxes
from engine.errors import ConversionError

APERTURE = b"clap"
FULL = 4
"""Bytes of version and flags before the content of some boxes."""

ENTRY = 78
"""Bytes of a track's sample entry before its boxes."""

Rectangle = tuple[int, int, int, int]


def find_aperture(data: bytes, size: tuple[int, int], *, film: bool) -> Rectangle | None:
    """Return what is to be seen of the primary picture or of the film: left, top, right and bottom.

    None is all of it. Raise ValueError when the aperture makes no sense.
    """
    try:
        found = next((box for box in (_list_entries if film else _list_properties)(data) if box.kind == APERTURE), None)
        return None if found is None else _place_aperture(data[found.start : found.end], size)
    except (struct.error, ConversionError, ZeroDivisionError, IndexError) as error:
        raise ValueError("the aperture cannot be read") from error


def _place_aperture(body: bytes, size: tuple[int, int]) -> Rectangle:
    """Place it around the middle of the picture, moved by its offsets."""
    numbers = struct.unpack_from(">IIIIiIiI", body)
    width, height, across, down = (Fraction(*numbers[at : at + 2]) for at in range(0, 8, 2))
    left, right = _place_side(width, across, size[0])
    top, bottom = _place_side(height, down, size[1])
    return left, top, right, bottom


def _place_side(length: Fraction, offset: Fraction, whole: int) -> tuple[int, int]:
    start = floor(offset + (whole - length) / 2)
    end = start + floor(length)
    start, end = max(start, 0), min(end, whole)
    if start >= end:
        raise ValueError("nothing is to be seen")
    return start, end


def _list_properties(data: bytes) -> Iterator[Box]:
    """Yield the properties of the primary item (ISO/IEC 23008-12, 9.3)."""
    for meta in (box for box in read_boxes(data, 0, len(data)) if box.kind == b"meta"):
        boxes = {box.kind: box for box in read_boxes(data, meta.start + FULL, meta.end)}
        if b"pitm" not in boxes or b"iprp" not in boxes:
            continue
        first = boxes[b"pitm"]
        primary = int.from_bytes(data[first.start + FULL : first.end], "big")
        tables = list(read_boxes(data, boxes[b"iprp"].start, boxes[b"iprp"].end))
        known = [one for box in tables if box.kind == b"ipco" for one in read_boxes(data, box.start, box.end)]
        for table in (box for box in tables if box.kind == b"ipma"):
            yield from (known[index - 1] for index in _list_indices(data, table, primary) if 0 < index <= len(known))


def _list_indices(data: bytes, table: Box, item: int) -> Iterator[int]:
    """Yield which properties an item has, counted from 1."""
    version, wide = data[table.start], data[table.start + 3] & 1
    (count,) = struct.unpack_from(">I", data, table.start + FULL)
    at, letter = table.start + FULL + 4, "I" if version else "H"
    for _ in range(min(count, table.end - table.start)):
        number, length = struct.unpack_from(f">{letter}B", data, at)
        at += struct.calcsize(f">{letter}B")
        if number == item:
            found = struct.unpack_from(f">{length}{'H' if wide else 'B'}", data, at)
            yield from (index & (0x7FFF if wide else 0x7F) for index in found)
        at += length * (2 if wide else 1)


def _list_entries(data: bytes) -> Iterator[Box]:
    """Yield the boxes of the first track's first kind of samples."""
    for table in find_tracks(data, b"mdia", b"minf", b"stbl", b"stsd")[:1]:
        for entry in list(read_boxes(data, table.start + FULL + 4, table.end))[:1]:
            yield from read_boxes(data, entry.start + ENTRY, entry.end)
