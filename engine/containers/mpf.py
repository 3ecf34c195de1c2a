"""The pictures of a JPEG by its index (CIPA DC-007, Multi-Picture Format, sections 5.2.2 and 5.2.3)."""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from engine.containers import tiff

SEGMENT_MARK = b"MPF\0"
ENTRIES_TAG = 0xB002
ENTRY = 16
"""Bytes of an entry: attributes, length, offset, and two numbers of other pictures that it depends on."""

START = b"\xff\xd8\xff"


class Kind(IntEnum):
    """The use of a picture: the low 24 bits of its attributes."""

    UNDEFINED = 0
    PRIMARY = 0x03_0000
    GAIN_MAP = 0x05_0000
    APPENDED = -1
    """Behind the first picture, but in no index."""

    @classmethod
    def is_preview(cls, value: int) -> bool:
        """Return whether it is a smaller copy of the first picture (a "large thumbnail")."""
        return value >> 16 == 1


class Picture(NamedTuple):
    """A picture behind the first: its kind, and where it starts and ends in the file."""

    kind: int
    start: int
    end: int


def read_later_pictures(data: bytes, body: int, length: int) -> list[Picture]:
    """Return the pictures behind the first by the index, which starts at `body` and has so many bytes.

    Pictures that are not in the file are left out: programs copy the index and lose the rest.
    """
    index = data[body : body + length]
    try:
        found = [
            Picture(kind, body + start, body + start + size) for kind, size, start in _read_entries(index) if start
        ]
    except struct.error:
        return []
    return [picture for picture in found if data.startswith(START, picture.start)]


def _read_entries(index: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield kind, length and offset of each picture. The first has the offset 0, the others count from the index."""
    order = tiff.read_order(index)
    for entry in tiff.read_entries(index, order, tiff.find_first(index, order)):
        if entry.tag == ENTRIES_TAG:
            length, at = struct.unpack_from(f"{order}II", index, entry.at + 4)
            table = index[at : at + length]
            for place in range(0, len(table) - ENTRY + 1, ENTRY):
                attributes, size, start = struct.unpack_from(f"{order}III", table, place)
                yield attributes & 0xFF_FFFF, size, start
            return
