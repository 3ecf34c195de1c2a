"""Boxes of ISO files, which AVIF, HEIC, JPEG 2000 and JPEG XL share: one reader, and what it says of damage."""

import struct

import pytest

from core import magic
from engine.containers import jxl
from engine.containers.bmff import pack_box, read_boxes
from engine.errors import ConversionError

WIDE = struct.pack(">I4sQ", 1, b"wide", 20) + b"body"
OPEN = struct.pack(">I4s", 0, b"open") + b"to the end"


def found(data: bytes) -> list[tuple[bytes, bytes]]:
    return [(box.kind, data[box.start : box.end]) for box in read_boxes(data, 0, len(data))]


@pytest.mark.parametrize(
    ("data", "boxes"),
    [
        (b"", []),
        (pack_box(b"free"), [(b"free", b"")]),
        (pack_box(b"one ", b"a", b"bc") + pack_box(b"two "), [(b"one ", b"abc"), (b"two ", b"")]),
        (WIDE + pack_box(b"free"), [(b"wide", b"body"), (b"free", b"")]),
        (pack_box(b"free") + OPEN, [(b"free", b""), (b"open", b"to the end")]),
    ],
)
def test_boxes(data: bytes, boxes: list[tuple[bytes, bytes]]) -> None:
    assert found(data) == boxes


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (pack_box(b"free") + b"\0\0\0", "truncated_image"),
        (pack_box(b"free", b"body")[:-1], "truncated_image"),
        (WIDE[:-1], "truncated_image"),
        (struct.pack(">I4s", 7, b"free"), "corrupt_image"),
        (struct.pack(">I4sQ", 1, b"wide", 15), "corrupt_image"),
        (struct.pack(">I4s", 1, b"wide"), "corrupt_image"),
    ],
)
def test_damaged_boxes(data: bytes, code: str) -> None:
    with pytest.raises(ConversionError) as refused:
        found(data)
    assert refused.value.failure.code == code
    with pytest.raises(ConversionError) as refused:
        jxl.parse_file(magic.JXL + jxl.FILE_TYPE + data)
    assert refused.value.failure.code == code


def test_boxes_between_two_offsets() -> None:
    inner = pack_box(b"here", b"it is")
    outer = b"before" + inner + b"behind"
    (box,) = read_boxes(outer, 6, 6 + len(inner))
    assert outer[box.start : box.end] == b"it is"


@pytest.mark.parametrize("level", [b"", pack_box(b"jxll", b"\x0a")])
def test_metadata_goes_between_the_level_of_a_jxl_and_its_codestream(level: bytes) -> None:
    head, picture = magic.JXL + jxl.FILE_TYPE + level, pack_box(b"jxlc", magic.JXL_CODESTREAM)
    assert jxl.insert_boxes(head + picture, b"", b"<x/>") == head + pack_box(b"xml ", b"<x/>") + picture
