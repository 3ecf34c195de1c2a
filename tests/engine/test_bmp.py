"""BMPs that are packed by runs, and those whose samples lie below masks: what does not stay inside of the picture is damage."""

import struct

import pytest
from PIL import Image

from conformance import images
from conformance.running import apart
from tests.engine.conftest import Converter

WIDTH, HEIGHT = 6, 3
COLOURS = [(0, 0, 0), (200, 10, 10), (10, 200, 10), (10, 10, 200)]
END_OF_ROW, END = b"\0\0", b"\0\1"
ROW = b"\3\1\3\2" + END_OF_ROW


def packed(runs: bytes, *, compression: int = 1) -> bytes:
    """A bitmap of 6 x 3, its rows from below, with those codes."""
    bits = 8 // compression
    palette = b"".join(bytes((blue, green, red, 0)) for red, green, blue in COLOURS)
    numbers = (40, WIDTH, HEIGHT, 1 | bits << 16, compression, len(runs), 2835, 2835, len(COLOURS), 0)
    head = b"".join(number.to_bytes(4, "little") for number in numbers)
    start = 14 + len(head) + len(palette)
    size = (start + len(runs)).to_bytes(4, "little")
    return b"BM" + size + bytes(4) + start.to_bytes(4, "little") + head + palette + runs


def picture(*rows: str) -> Image.Image:
    image = Image.new("RGB", (WIDTH, len(rows)))
    image.putdata([COLOURS[int(sample)] for row in rows for sample in row])
    return image


@pytest.mark.parametrize(
    ("runs", "rows"),
    [
        pytest.param(ROW + b"\6\3" + END_OF_ROW + ROW + END, ("111222", "333333", "111222"), id="runs"),
        pytest.param(ROW + b"\0\3\1\2\3\0\3\0" + END_OF_ROW + ROW + END, ("111222", "123000", "111222"), id="pixels"),
        pytest.param(ROW + b"\3\1\x14\2" + END_OF_ROW + ROW + END, ("111222",) * 3, id="a run beyond its row"),
    ],
)
def test_runs_inside_of_the_picture(run: Converter, runs: bytes, rows: tuple[str, ...]) -> None:
    assert apart(run(packed(runs), "png").image().convert("RGB"), picture(*rows)) == 0


@pytest.mark.parametrize("told", [5, 300, 1 << 31])
def test_more_colours_told_than_stand_there(run: Converter, told: int) -> None:
    sound = images.encoded(images.quarters().quantize(4), "BMP")
    flawed = sound[:46] + struct.pack("<I", told) + sound[50:]
    assert apart(run(flawed, "png").image().convert("RGB"), run(sound, "png").image().convert("RGB")) == 0


def test_four_bits_a_pixel(run: Converter) -> None:
    row = b"\3\x11\0\3\x22\x20" + END_OF_ROW
    seen = run(packed(row * 3 + END, compression=2), "png").image().convert("RGB")
    assert apart(seen, picture(*("111222",) * 3)) == 0


@pytest.mark.parametrize(
    "runs",
    [
        pytest.param(ROW + b"\5\1\0\3\1\2\3\0" + END_OF_ROW + ROW + END, id="pixels beyond their row"),
        pytest.param(ROW * 4 + END, id="a row too many"),
        pytest.param(ROW * 2 + b"\0\2\0\5" + ROW + END, id="a jump out of the picture"),
        pytest.param(ROW * 2 + b"\0\2", id="a jump that is cut off"),
    ],
)
def test_runs_outside_of_the_picture_are_damage(run: Converter, runs: bytes) -> None:
    assert run(packed(runs), "png").failure in {"corrupt_image", "truncated_image"}


PAIR = [(255, 0, 0), (0, 255, 255)]
"""The pixels of a masked bitmap, from its left."""


def masked(
    bits: int,
    masks: tuple[int, ...],
    *rows: tuple[int, ...],
    header: int = 40,
    compression: int = 3,
    from_top: bool = True,
) -> bytes:
    """A bitmap of numbers of so many bits, whose samples lie below the masks."""
    height = -len(rows) if from_top else len(rows)
    letter = {16: "H", 32: "I"}[bits]
    packed = b"".join(struct.pack(f"<{len(row)}{letter}", *row) for row in rows)
    packed = b"".join(
        packed[at : at + len(rows[0]) * bits // 8].ljust(-(-len(rows[0]) * bits // 32) * 4, b"\0")
        for at in range(0, len(packed), len(rows[0]) * bits // 8)
    )
    head = struct.pack(
        "<IiiHHIIiiII", header, len(rows[0]), height, 1, bits, compression, len(packed), 3937, 3937, 0, 0
    )
    head = (head + struct.pack(f"<{len(masks)}I", *masks)).ljust(header, b"\0")
    start = 14 + len(head)
    return struct.pack("<2sIHHI", b"BM", start + len(packed), 0, 0, start) + head + packed


@pytest.mark.parametrize(
    ("bits", "masks", "row"),
    [
        pytest.param(32, (0x00FF_0000, 0xFF00, 0xFF), (0xFF_0000, 0xFFFF), id="8-8-8"),
        pytest.param(32, (0xFF, 0xFF00_0000, 0xFF_0000), (0xFF, 0xFFFF_0000), id="8-8-8 in another order"),
        pytest.param(32, (0x7FF, 0x3F_F800, 0xFFC0_0000), (0x7FF, 0xFFFF_F800), id="11-11-10"),
        pytest.param(16, (0xF00, 0xF0, 0xF), (0xF00, 0xFF), id="4-4-4"),
        pytest.param(16, (0x30, 0xE, 1), (0x30, 0xF), id="2-3-1"),
        pytest.param(16, (0xF800, 0x7E0, 0x1F), (0xF800, 0x7FF), id="5-6-5"),
    ],
)
def test_samples_below_masks(run: Converter, bits: int, masks: tuple[int, ...], row: tuple[int, int]) -> None:
    result = run(masked(bits, masks, row), "png")
    assert list(result.image().convert("RGB").get_flattened_data()) == PAIR
    assert result.warnings == (["depth_reduced"] if max(mask.bit_count() for mask in masks) > 8 else [])
    assert result.image().info["dpi"] == pytest.approx((100, 100), abs=0.1)


def test_rows_below_masks_come_from_below_and_are_padded(run: Converter) -> None:
    masks = (0xF800, 0x7E0, 0x1F)
    data = masked(16, masks, (0xF800, 0, 0), (0, 0, 0x1F), from_top=False)
    seen = run(data, "png")
    assert (
        list(seen.image().convert("RGB").get_flattened_data())
        == [(0, 0, 0)] * 2 + [(0, 0, 255), (255, 0, 0)] + [(0, 0, 0)] * 2
    )
    assert run(data[:-2], "png").warnings == ["image_damaged"]
    assert apart(run(data[:-2], "png").image(), seen.image()) == 0
    assert run(data[:-3], "png").failure == "truncated_image"


@pytest.mark.parametrize(("header", "compression"), [(56, 3), (40, 6), (124, 3)])
def test_a_fourth_mask_is_alpha_unless_nothing_is_below_it(run: Converter, header: int, compression: int) -> None:
    masks = (0xF000, 0xF00, 0xF0, 0xF)
    seen = run(masked(16, masks, (0xF00F, 0xFF8), header=header, compression=compression), "png").image()
    assert list(seen.get_flattened_data()) == [(255, 0, 0, 255), (0, 255, 255, 136)]
    empty = run(masked(16, masks, (0xF000, 0xFF0), header=header, compression=compression), "png").image()
    assert list(empty.convert("RGBA").get_flattened_data()) == [(255, 0, 0, 255), (0, 255, 255, 255)]


@pytest.mark.parametrize(
    "masks", [(0, 0, 0), (0xF0F0, 0xF00, 0xF), (0x1_0000, 0xF0, 0xF)], ids=["none", "with a hole", "beyond the bits"]
)
def test_masks_without_sense_are_refused(run: Converter, masks: tuple[int, ...]) -> None:
    assert run(masked(16, masks, (1, 2)), "png").failure == "unsupported_image"


def test_a_masked_bitmap_without_a_size_is_damaged(run: Converter) -> None:
    data = masked(16, (0xF00, 0xF0, 0xF), (1, 2))
    assert run(data[:18] + bytes(4) + data[22:], "png").failure == "corrupt_image"
    huge = data[:18] + struct.pack("<ii", 30_000, 30_000) + data[26:]
    assert run(huge, "png").failure == "too_many_pixels"
