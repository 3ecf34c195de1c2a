"""The items of a HEIF or AVIF (ISO/IEC 23008-12): which are pictures, and which stand beside the picture."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.containers.bmff import Box, read_boxes
from engine.errors import ConversionError

PICTURES = frozenset({b"hvc1", b"av01", b"avc1", b"vvc1", b"jpeg", b"j2k1", b"unci", b"grid", b"iovl", b"iden"})
TONE_MAP = b"tmap"
"""A picture made of another and a gain map (ISO 21496-1)."""

FILM = b"mpvd"
"""The box of a motion photo's film (Motion Photo format 1.0)."""

SAMSUNG = b"sefd"
"""The box in which Samsung's phones put what they append to a JPEG."""

FULL = 4
"""Bytes of version and flags before the content of some boxes."""

TYPED = 2
"""The first version in which an item tells its type, with a short number; longer ones later."""


@dataclass(slots=True)
class Items:
    """`kinds` are the visible items by number, `references` (type, from, to), `auxiliary` the names of uses."""

    kinds: dict[int, bytes] = field(default_factory=dict)
    references: list[tuple[bytes, int, int]] = field(default_factory=list)
    auxiliary: list[bytes] = field(default_factory=list)
    top: list[Box] = field(default_factory=list)

    @property
    def has_gain_map(self) -> bool:
        """Return whether one of the items lays a gain map on a picture."""
        return TONE_MAP in self.kinds.values()

    def count_pictures(self) -> int:
        """Return the number of pictures of equal rank, 1 at least."""
        beside = {source for kind, source, _ in self.references if kind in {b"thmb", b"auxl"}}
        parts = {target for kind, _, target in self.references if kind == b"dimg"}
        found = [number for number, kind in self.kinds.items() if kind in PICTURES]
        # The picture below a tone map is a part too, and what is shown.
        return max(1, len(set(found) - beside - parts) + self.has_gain_map)

    def count_gain_maps(self) -> int:
        """Return how many visible pictures are nothing but the gain map of a tone map."""
        maps = {number for number, kind in self.kinds.items() if kind == TONE_MAP}
        # The first input is the picture itself.
        inputs = [target for kind, source, target in self.references if kind == b"dimg" and source in maps]
        return len({target for target in inputs[1:] if target in self.kinds})


def read_items(data: bytes) -> Items:
    """Read the items of a file. Of a table that makes no sense, what comes before is told."""
    items = Items()
    try:
        for box in read_boxes(data, 0, len(data)):
            items.top.append(box)
            if box.kind == b"meta":
                _read_meta(data, box, items)
    except (struct.error, ConversionError):
        pass
    return items


def _read_meta(data: bytes, meta: Box, items: Items) -> None:
    for box in read_boxes(data, meta.start + FULL, meta.end):
        if box.kind == b"iinf":
            wide = data[box.start] != 0
            _read_kinds(data, Box(box.kind, box.start + FULL + (4 if wide else 2), box.end), items)
        elif box.kind == b"iref":
            items.references += _read_references(data, box)
        elif box.kind == b"iprp":
            items.auxiliary += _read_auxiliary(data, box)


def _read_kinds(data: bytes, table: Box, items: Items) -> None:
    for entry in read_boxes(data, table.start, table.end):
        version, hidden = data[entry.start], data[entry.start + 3] & 1
        if version >= TYPED and not hidden:
            shape = ">H2x4s" if version == TYPED else ">I2x4s"
            number, kind = struct.unpack_from(shape, data, entry.start + FULL)
            items.kinds[number] = kind


def _read_references(data: bytes, table: Box) -> Iterator[tuple[bytes, int, int]]:
    letter = "I" if data[table.start] else "H"
    size = struct.calcsize(letter)
    for box in read_boxes(data, table.start + FULL, table.end):
        source, count = struct.unpack_from(f">{letter}H", data, box.start)
        count = min(count, (box.end - box.start) // size)
        for target in struct.unpack_from(f">{count}{letter}", data, box.start + size + 2):
            yield box.kind, source, target


def _read_auxiliary(data: bytes, properties: Box) -> Iterator[bytes]:
    for container in read_boxes(data, properties.start, properties.end):
        if container.kind == b"ipco":
            for box in read_boxes(data, container.start, container.end):
                if box.kind == b"auxC":
                    yield data[box.start + FULL : box.end].partition(b"\0")[0]
