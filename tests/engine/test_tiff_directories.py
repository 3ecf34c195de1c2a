"""TIFF directories, in TIFF files and EXIF blocks: one reader for both byte orders."""

import struct

import pytest

from engine.containers import tiff
from engine.errors import ConversionError

MAKE, ORIENTATION, WIDTH = 0x010F, 0x0112, 0x0100


def directory(order: str, *entries: tuple[int, int, int]) -> bytes:
    """A block with one directory; an entry is a tag, a type and a value."""
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HIH", 42, 8, len(entries))
    body = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + struct.pack(f"{order}H2x" if kind == tiff.SHORT else f"{order}I", value)
        for tag, kind, value in entries
    )
    return head + body + struct.pack(f"{order}I", 0xABCD)


@pytest.mark.parametrize("order", ["<", ">"])
def test_entries_are_read_in_both_byte_orders(order: str) -> None:
    block = directory(order, (WIDTH, tiff.LONG, 70_000), (ORIENTATION, tiff.SHORT, 6))
    assert tiff.read_order(block) == order
    first = tiff.find_first(block, order)
    width, orientation = tiff.read_entries(block, order, first)
    assert (width.tag, tiff.read_value(block, order, width)) == (WIDTH, 70_000)
    assert (orientation.tag, tiff.read_value(block, order, orientation)) == (ORIENTATION, 6)
    assert tiff.read_number(block, order, tiff.find_link(block, order, first)) == 0xABCD


@pytest.mark.parametrize("order", ["<", ">"])
def test_entries_are_removed(order: str) -> None:
    turned, kept = (ORIENTATION, tiff.SHORT, 6), (MAKE, tiff.LONG, 5)
    block = bytearray(directory(order, turned, kept, turned))
    assert tiff.remove_entries(block, order, 8, ORIENTATION) == tiff.find_link(block, order, 8) == 22
    assert bytes(block) == directory(order, kept) + bytes(2 * tiff.ENTRY)


@pytest.mark.parametrize("cut", [4, 9, 12, 24])
def test_a_directory_that_is_cut_off_is_no_directory(cut: int) -> None:
    block = bytearray(directory("<", (ORIENTATION, tiff.SHORT, 6))[:cut])
    with pytest.raises(struct.error):
        tiff.remove_entries(block, "<", tiff.find_first(block, "<"), ORIENTATION)


@pytest.mark.parametrize(
    ("head", "room"),
    [
        (b"II*\0" + struct.pack("<I", 100), 102),
        (b"MM\0*" + struct.pack(">I", 100), 102),
        (b"II+\0\x08\0\0\0" + struct.pack("<Q", 100), 102),
        (b"MM\0+\0\x08\0\0" + struct.pack(">Q", 100), 102),
    ],
)
def test_a_tiff_that_ends_before_its_first_directory(head: bytes, room: int) -> None:
    tiff.check_start(head.ljust(room, b"\0"))
    with pytest.raises(ConversionError):
        tiff.check_start(head.ljust(room - 1, b"\0"))
