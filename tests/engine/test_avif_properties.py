"""AVIFs whose table of properties is cut in two, as old encoders wrote it: no decoder here takes them as they are."""

import struct

import pytest
from PIL import Image

from conformance import images
from conformance.running import apart
from engine.containers.bmff import Box, pack_box, read_boxes
from engine.containers.heif_properties import join_tables
from tests.engine.conftest import Converter

FULL = 4
"""Bytes of version and flags."""


@pytest.fixture
def soft() -> bytes:
    """An AVIF of two items: color and alpha."""
    image = images.quarters().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return images.encoded(image, "AVIF")


def find(data: bytes, parent: Box, kind: bytes) -> Box:
    return next(box for box in read_boxes(data, parent.start, parent.end) if box.kind == kind)


def split_table(data: bytes, *, turned: bool = False) -> bytes:
    """Return the file with a table for each of its two items, and all places behind them moved."""
    meta = find(data, Box(b"", 0, len(data)), b"meta")
    inner = meta._replace(start=meta.start + FULL)
    properties, places = find(data, inner, b"iprp"), find(data, inner, b"iloc")
    table = find(data, properties, b"ipma")
    first = table.start + FULL + 4
    middle = first + 3 + data[first + 2]
    entries = [data[first:middle], data[middle : table.end]]
    if turned:
        entries.reverse()
    tables = b"".join(
        pack_box(b"ipma", data[table.start : first - 4], struct.pack(">I", 1), entry) for entry in entries
    )
    added = len(tables) - (table.end - table.start + 8)
    changed = bytearray(data[: table.start - 8] + tables + data[table.end :])
    for box in (meta, properties):
        struct.pack_into(">I", changed, box.start - 8, box.end - box.start + 8 + added)
    for at in range(places.start + 14, places.end, 14):
        struct.pack_into(">I", changed, at, struct.unpack_from(">I", data, at)[0] + added)
    return bytes(changed)


@pytest.mark.parametrize("turned", [False, True])
def test_a_table_in_two_parts_is_joined(run: Converter, soft: bytes, turned: bool) -> None:
    result = run(split_table(soft, turned=turned), "png")
    assert apart(result.image(), run(soft, "png").image()) == 0
    assert result.warnings == ["image_damaged"]


def test_a_table_in_one_part_stays(run: Converter, soft: bytes) -> None:
    assert join_tables(soft) == (soft, "")
    assert run(soft, "png").warnings == []


def test_a_table_that_ends_early_is_damaged(run: Converter, soft: bytes) -> None:
    split = bytearray(split_table(soft))
    at = split.index(b"ipma") + 4 + FULL
    split[at + 6] += 1
    failure = run(bytes(split), "png").outcome.failure
    assert failure is not None
    assert failure.code == "corrupt_image"
    assert "table of properties" in failure.detail
