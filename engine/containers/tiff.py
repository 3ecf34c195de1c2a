"""TIFF directories (TIFF 6.0, section 2): the one reader of them, for TIFF files and for EXIF blocks.

Offsets are counted from the start of the data. A directory that lies outside of it raises struct.error.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from core import magic
from engine.errors import truncated

Data = bytes | bytearray

ENTRY = 12
"""Bytes of an entry: tag, type, count, and the value or where it is."""

ORDERS = {b"II": "<", b"MM": ">"}
SHORT, LONG = 3, 4


class Entry(NamedTuple):
    """An entry of a directory: where it starts, its tag, and the type of its values."""

    at: int
    tag: int
    kind: int


def read_order(data: Data) -> str:
    """Return the byte order as `struct` writes it. Raise struct.error when the data is no TIFF."""
    order = ORDERS.get(bytes(data[:2]))
    if order is None:
        raise struct.error("these bytes are no TIFF")
    return order


def read_number(data: Data, order: str, at: int) -> int:
    """Return the 32-bit number at that offset."""
    return int(struct.unpack_from(f"{order}I", data, at)[0])


def find_first(data: Data, order: str) -> int:
    """Return the offset of the first directory."""
    return read_number(data, order, 4)


def read_entries(data: Data, order: str, at: int) -> Iterator[Entry]:
    """Yield the entries of the directory at that offset."""
    for entry in range(at + 2, find_link(data, order, at), ENTRY):
        tag, kind = struct.unpack_from(f"{order}HH8x", data, entry)
        yield Entry(entry, tag, kind)


def find_link(data: Data, order: str, at: int) -> int:
    """Return the offset of a directory's link to the next one, right behind its entries."""
    (count,) = struct.unpack_from(f"{order}H", data, at)
    return at + 2 + ENTRY * int(count)


def read_value(data: Data, order: str, entry: Entry) -> int:
    """Return the value of an entry that holds one SHORT or LONG."""
    return int(struct.unpack_from(f"{order}H" if entry.kind == SHORT else f"{order}I", data, entry.at + 8)[0])


def remove_entries(block: bytearray, order: str, at: int, tag: int) -> int:
    """Take every entry with that tag out of a directory, in place. Return the offset of its link."""
    start, link = at + 2, find_link(block, order, at)
    next_directory = struct.pack(f"{order}I", read_number(block, order, link))
    kept = [block[entry.at : entry.at + ENTRY] for entry in read_entries(block, order, at) if entry.tag != tag]
    body = b"".join(kept) + next_directory
    block[start : link + 4] = body + bytes(link + 4 - start - len(body))
    struct.pack_into(f"{order}H", block, at, len(kept))
    return start + ENTRY * len(kept)


def check_start(data: bytes) -> None:
    """Raise ConversionError (truncated) when the first directory of a TIFF or BigTIFF lies behind the end.

    Writers put it anywhere, often last.
    """
    order = read_order(data)
    # A BigTIFF has the sizes of its numbers first, and offsets of eight bytes.
    place = slice(8, 16) if data[:4] in {magic.BIGTIFF_LITTLE, magic.BIGTIFF_BIG} else slice(4, 8)
    if int.from_bytes(data[place], "little" if order == "<" else "big") + 2 > len(data):
        raise truncated()


def encode_text(value: object) -> object:
    """Return the bytes of a text. Pillow reads it as Latin-1, which loses none, and writes ASCII, which would."""
    return value.encode("latin-1", "replace") if isinstance(value, str) else value
