"""HEIC turned by its boxes: Debian's encoder writes no `irot` and `imir`, telephones do (ISO 23008-12, 6.5)."""

import struct
from collections.abc import Iterator

ROTATION = {3: 2, 5: 1, 6: 3, 7: 1, 8: 1}
"""Quarter turns against the clock that make an EXIF orientation upright, before the mirror."""

MIRROR = {2: 1, 4: 0, 5: 0, 7: 1}
"""The mirror that comes then: 0 swaps top and bottom, 1 left and right (as libavif and libheif have it)."""


def turned_by_boxes(data: bytes, orientation: int) -> bytes:
    """Return the file with boxes to turn its primary item. Offsets into the data behind move along."""
    boxes = [_make_box(b"irot", bytes([ROTATION[orientation]]))] if orientation in ROTATION else []
    boxes += [_make_box(b"imir", bytes([MIRROR[orientation]]))] if orientation in MIRROR else []
    if not boxes:
        return data
    start, end = next((at, stop) for kind, at, stop in _split_boxes(data, 0, len(data)) if kind == b"meta")
    grown = len(b"".join(boxes)) + len(boxes)
    meta = _change_meta(data[start:end], boxes, grown)
    return data[:start] + meta + data[end:]


def _make_box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def _split_boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each box."""
    while at + 8 <= end:
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at, at + length
        at += length


def _change_meta(box: bytes, added: list[bytes], grown: int) -> bytes:
    """Return `meta` with every box inside, and with two of them changed."""
    parts = []
    primary = next(
        int.from_bytes(box[start + 12 : end], "big")
        for kind, start, end in _split_boxes(box, 12, len(box))
        if kind == b"pitm"
    )
    for kind, start, end in _split_boxes(box, 12, len(box)):
        part = box[start:end]
        if kind == b"iprp":
            part = _add_properties(part, added, primary)
        elif kind == b"iloc":
            part = _move_extents(part, grown)
        parts.append(part)
    return _make_box(b"meta", box[8:12] + b"".join(parts))


def _add_properties(box: bytes, added: list[bytes], primary: int) -> bytes:
    """Add the new properties behind the others, and to the primary item of `ipma` as essential ones."""
    (ipco, ipma) = (box[start:end] for _, start, end in _split_boxes(box, 8, len(box)))
    known = sum(1 for _ in _split_boxes(ipco, 8, len(ipco)))
    store = _make_box(b"ipco", ipco[8:] + b"".join(added))
    new = bytes(0x80 | known + 1 + index for index in range(len(added)))
    # Version 0, small indices: number of items, then each: 2 bytes of id, a count, a byte for each property.
    links, at = ipma[8:16], 16
    while at < len(ipma):
        item, count = struct.unpack_from(">HB", ipma, at)
        used = ipma[at + 3 : at + 3 + count] + (new if item == primary else b"")
        links += struct.pack(">HB", item, len(used)) + used
        at += 3 + count
    return _make_box(b"iprp", store + _make_box(b"ipma", links))


def _move_extents(box: bytes, by: int) -> bytes:
    """Return `iloc` (version 1, offsets of 4 bytes) with every extent in the file moved behind."""
    changed = bytearray(box)
    base = box[13] >> 4
    (count,) = struct.unpack_from(">H", box, 14)
    at = 16
    for _ in range(count):
        in_file = box[at + 3] == 0
        at += 6 + base
        (extents,) = struct.unpack_from(">H", box, at)
        for extent in range(extents):
            place = at + 2 + 8 * extent
            (offset,) = struct.unpack_from(">I", box, place)
            struct.pack_into(">I", changed, place, offset + (by if in_file else 0))
        at += 2 + 8 * extents
    return bytes(changed)
