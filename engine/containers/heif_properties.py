"""Which properties the items of a HEIF or AVIF have (ISO/IEC 23008-12, section 9.3): one table, that some writers cut in two."""

import struct
from collections.abc import Iterator

from engine.containers.bmff import Box, pack_box, read_boxes
from engine.containers.heif_items import FULL
from engine.errors import corrupt

SPLIT = "its table of properties is in several parts"

Entry = tuple[int, bytes]
"""Number of an item, and its bytes in the table."""


def join_tables(data: bytes) -> tuple[bytes, str]:
    """Return the file with one table for each kind, and the flaw, "" if it has no other. Nothing else moves."""
    metas = (box for box in read_boxes(data, 0, len(data)) if box.kind == b"meta")
    for box in (box for meta in metas for box in read_boxes(data, meta.start + FULL, meta.end)):
        if box.kind != b"iprp":
            continue
        inner = list(read_boxes(data, box.start, box.end))
        heads = [data[one.start : one.start + FULL] for one in inner if one.kind == b"ipma"]
        if len(set(heads)) == len(heads):
            continue
        joined = pack_box(b"iprp", *_pack_inner(data, inner))
        # What is saved becomes free room, because places in the file are counted from its start.
        start = box.start - 8
        room = pack_box(b"free", bytes(box.end - start - len(joined) - 8))
        return data[:start] + joined + room + data[box.end :], SPLIT
    return data, ""


def _pack_inner(data: bytes, boxes: list[Box]) -> Iterator[bytes]:
    tables = dict[bytes, list[Entry]]()
    for box in boxes:
        if box.kind == b"ipma":
            tables.setdefault(data[box.start : box.start + FULL], []).extend(_read_entries(data, box))
        else:
            yield pack_box(box.kind, data[box.start : box.end])
    for head, entries in tables.items():
        yield pack_box(b"ipma", head, struct.pack(">I", len(entries)), *(entry for _, entry in sorted(entries)))


def _read_entries(data: bytes, table: Box) -> Iterator[Entry]:
    """Yield the entries of a table: number of the item, count, and one or two bytes for each property.

    Raise ConversionError when one goes beyond the table.
    """
    shape = ">IB" if data[table.start] else ">HB"
    wide = 1 + (data[table.start + 3] & 1)
    (count,) = struct.unpack_from(">I", data, table.start + FULL)
    at = table.start + FULL + 4
    for _ in range(min(count, (table.end - at) // struct.calcsize(shape))):
        number, properties = struct.unpack_from(shape, data, at)
        end = at + struct.calcsize(shape) + wide * properties
        if end > table.end:
            raise corrupt("its table of properties is broken")
        yield number, data[at:end]
        at = end
