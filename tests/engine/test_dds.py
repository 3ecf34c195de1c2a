"""DDS: each kind of samples, and what lies beside the first picture."""

import struct

import numpy as np
import pytest
from PIL import Image

from conformance import images
from conformance.running import apart
from tests.engine.conftest import Converter

ALPHA = np.asarray(Image.linear_gradient("L").resize((48, 32)))
PIXELS = np.dstack([np.asarray(images.quarters()), ALPHA]).astype(np.uint64)
HALF = np.dstack([np.asarray(images.quarters()), np.full((32, 48), 255)]).astype(np.float64) / 255


def dds(body: bytes, flags: int, bits: int = 0, masks: tuple[int, ...] = (), *, code: bytes = bytes(4), more: int = 0,
        depth: int = 0, extended: tuple[int, ...] = ()) -> bytes:  # fmt: skip
    """A texture of 48 x 32 (Microsoft, Programming Guide for DDS)."""
    head = b"DDS " + struct.pack("<7I44x", 124, 0x1007, 32, 48, 0, depth, 0)
    head += struct.pack("<2I4s5I", 32, flags, code, bits, *(*masks, 0, 0, 0, 0)[:4])
    head += struct.pack("<5I", 0x1000, more, 0, 0, 0)
    return head + (struct.pack("<5I", *extended) if extended else b"") + body


def dx10(body: bytes, number: int, *, cube: bool = False, count: int = 1, alpha: int = 0, depth: int = 0) -> bytes:
    return dds(body, 4, code=b"DX10", depth=depth, extended=(number, 4 if depth else 3, 4 * cube, count, alpha))


def packed(masks: tuple[int, ...], bits: int) -> bytes:
    """Red, green, blue and alpha below those masks."""
    numbers = np.zeros((32, 48), np.uint64)
    for band, mask in enumerate(masks):
        if mask:
            shift = (mask & -mask).bit_length() - 1
            numbers |= (
                (PIXELS[:, :, band] * np.uint64(mask >> shift) + np.uint64(127)) // np.uint64(255)
            ) << np.uint64(shift)
    return numbers.astype("<u4").view(np.uint8).reshape(32, 48, 4)[:, :, : bits // 8].tobytes()


MASKS = {
    "B8G8R8": (24, (0xFF0000, 0xFF00, 0xFF)), "R8G8B8": (24, (0xFF, 0xFF00, 0xFF0000)),
    "A8R8G8B8": (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)), "A8B8G8R8": (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
    "R8G8B8A8": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)), "X8R8G8B8": (32, (0xFF0000, 0xFF00, 0xFF)),
    "A2R10G10B10": (32, (0x3FF00000, 0xFFC00, 0x3FF, 0xC0000000)), "R5G6B5": (16, (0xF800, 0x7E0, 0x1F)),
    "A1R5G5B5": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)), "X1R5G5B5": (16, (0x7C00, 0x3E0, 0x1F)),
    "A4R4G4B4": (16, (0xF00, 0xF0, 0xF, 0xF000)), "R3G3B2": (8, (0xE0, 0x1C, 3)),
}  # fmt: skip
NUMBERS = {24: (0x3FF, 0xFFC00, 0x3FF00000, 0xC0000000), 28: MASKS["A8B8G8R8"][1], 27: MASKS["A8B8G8R8"][1],
           29: MASKS["A8B8G8R8"][1], 87: MASKS["A8R8G8B8"][1], 91: MASKS["A8R8G8B8"][1], 88: MASKS["X8R8G8B8"][1],
           93: MASKS["X8R8G8B8"][1]}  # fmt: skip
SHORT = {85: "R5G6B5", 86: "A1R5G5B5", 115: "A4R4G4B4"}


def check(run: Converter, data: bytes, masks: tuple[int, ...]) -> None:
    result = run(data, "png")
    assert result.warnings == []
    seen = np.asarray(result.image().convert("RGBA")).astype(int)
    steps = [255 / (mask >> ((mask & -mask).bit_length() - 1)) for mask in masks]
    for band in range(4):
        wanted = PIXELS[:, :, band].astype(int) if band < len(masks) else np.full((32, 48), 255)
        shown = seen[:, :, 3] > 0 if band < 3 else np.ones((32, 48), bool)
        assert np.abs(seen[:, :, band] - wanted)[shown].max() <= (steps[band] if band < len(masks) else 0)


@pytest.mark.parametrize("kind", MASKS)
def test_samples_of_every_order_and_width_are_read(run: Converter, kind: str) -> None:
    bits, masks = MASKS[kind]
    check(run, dds(packed(masks, bits), 0x41 if len(masks) == 4 else 0x40, bits, masks), masks)


@pytest.mark.parametrize("number", [*NUMBERS, *SHORT])
def test_samples_by_the_number_of_their_format_are_read(run: Converter, number: int) -> None:
    bits, masks = (16, MASKS[SHORT[number]][1]) if number in SHORT else (32, NUMBERS[number])
    check(run, dx10(packed(masks, bits), number), masks)


GREY = np.asarray(images.quarters(mode="L"))


@pytest.mark.parametrize(
    "data",
    [
        dds(GREY.tobytes(), 0x20000, 8, (0xFF,)),
        dds(GREY.tobytes(), 0x20000, 8),
        images.encoded(images.quarters(mode="L"), "DDS"),
        images.encoded(images.quarters(mode="LA"), "DDS"),
        dds(GREY.astype("<u2").tobytes(), 0x20000, 16, (0xFF,)),
        dx10(GREY.tobytes(), 61),
        dx10((GREY.astype("<u2") * 257).tobytes(), 56),
        dds((GREY.astype("<u2") * 257).tobytes(), 0x20000, 16, (0xFFFF,)),
        dx10((GREY / 255).astype("<f4").tobytes(), 41),
        dds(np.dstack([GREY, ALPHA * 0 + 255]).tobytes(), 0x20001, 16, (0xFF, 0, 0, 0xFF00)),
    ],
)
def test_grey_is_read(run: Converter, data: bytes) -> None:
    seen = run(data, "jpeg", quality=100).image().convert("L")
    wanted = Image.fromarray(GREY)
    assert apart(seen, wanted) <= 3


@pytest.mark.parametrize(
    ("data", "depth"),
    [
        (dx10((HALF * 65_535).astype("<u2").tobytes(), 11), 16),
        (dds((HALF * 65_535).astype("<u2").tobytes(), 4, code=b"\x24\0\0\0"), 16),
        (dx10(HALF.astype("<f2").tobytes(), 10), 16),
        (dds(HALF.astype("<f2").tobytes(), 4, code=b"\x71\0\0\0"), 16),
        (dx10(HALF.astype("<f4").tobytes(), 2), 32),
        (dx10(HALF[:, :, :3].astype("<f4").tobytes(), 6), 32),
        (dx10((HALF * [9, 9, 9, 1]).astype("<f4").tobytes(), 2), 32),
    ],
)
def test_samples_of_more_bits_become_8_and_that_is_said(run: Converter, data: bytes, depth: int) -> None:
    result = run(data, "png")
    assert result.warnings == ["depth_reduced"]
    assert f"{depth} bits" in result.outcome.warnings[0].detail
    assert apart(result.image().convert("RGB"), images.quarters()) <= 1


def blocks(name: str) -> bytes:
    picture = images.quarters(mode="RGB" if name == "BC5" else "RGBA")
    data = images.encoded(picture, "DDS", pixel_format=name)
    return data[148 if name.startswith("BC") else 128 :]


@pytest.mark.parametrize(
    ("name", "numbers"), [("DXT1", (70, 71, 72)), ("BC2", (73, 74, 75)), ("BC3", (76, 77, 78)), ("BC5", (82, 83))]
)
def test_blocks_of_every_variant_are_read(run: Converter, name: str, numbers: tuple[int, ...]) -> None:
    for number in numbers:
        seen = run(dx10(blocks(name), number), "png").image().convert("RGB")
        wanted = images.quarters()
        if name == "BC5":
            wanted = Image.fromarray(np.asarray(wanted) * np.array([1, 1, 0], np.uint8))
        assert apart(seen, wanted) <= 8


def test_hdr_blocks_are_read(run: Converter) -> None:
    """Mode 11 of BC6H: six numbers of 10 bits; 495 is 1.0."""
    white = sum(495 << (5 + 10 * place) for place in range(6)) | 3
    result = run(dx10(white.to_bytes(16, "little") * 12 * 8, 95), "png")
    assert result.warnings == ["depth_reduced"]
    assert result.image().convert("RGB").getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("data", [dds(blocks("BC3"), 4, code=b"DXT4"), dx10(blocks("BC3"), 77, alpha=2)])
def test_premultiplied_colors_are_divided(run: Converter, data: bytes) -> None:
    half = Image.new("RGBA", (48, 32), (100, 50, 25, 128))
    body = images.encoded(half, "DDS", pixel_format="BC3")[148:]
    start = len(data) - len(body)
    seen = np.asarray(run(data[:start] + body, "png").image()).astype(int)
    assert np.abs(seen - (200, 100, 50, 128)).max() <= 10


def test_alpha_that_is_called_opaque_is_left_out(run: Converter) -> None:
    masks = NUMBERS[28]
    assert run(dx10(packed(masks, 32), 28, alpha=3), "png").image().mode == "RGB"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (dds(b"", 0x41, 32, NUMBERS[28], more=0xFE00), "5 further faces of a cube"),
        (dds(b"", 0x41, 32, NUMBERS[28], more=0x600), None),
        (dds(b"", 0x41, 32, NUMBERS[28], more=0x200000, depth=2), "1 further slice of a volume"),
        (dx10(b"", 28, cube=True), "5 further faces of a cube"),
        (dx10(b"", 28, depth=2), "1 further slice of a volume"),
        (dx10(b"", 28, count=3), "2 further pictures of an array"),
        (dx10(b"", 28, cube=True, count=2), "5 further faces of a cube and 1 further picture of an array"),
    ],
)
def test_what_lies_beside_the_first_picture_is_named(run: Converter, data: bytes, words: str | None) -> None:
    result = run(data + packed(NUMBERS[28], 32), "png")
    assert result.warnings == (["extras_dropped"] if words else [])
    assert words is None or words in result.outcome.warnings[0].detail


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("scale", [1, 9])
def test_floats_that_are_no_numbers_are_black(run: Converter, bad: float, scale: int) -> None:
    holed = HALF * [scale, scale, scale, 1]
    holed[3, 5, :3] = bad
    wanted = np.asarray(images.quarters()).copy()
    wanted[3, 5] = 0
    result = run(dx10(holed.astype("<f4").tobytes(), 2), "png")
    assert "samples without a value" in result.outcome.warnings[0].detail
    assert np.array_equal(np.asarray(result.image().convert("RGB")), wanted)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (dx10(bytes(9999), 81), "DXGI format 81"),
        (dx10(bytes(9999), 4000), "DXGI format 4000"),
        (dds(bytes(9999), 4, code=b"BC4S"), "BC4S"),
        (dds(bytes(9999), 4, code=b"\0\xff\n\1"), "code"),
        (dds(bytes(9999), 0x80000, 32, (0xFF, 0xFF00)), "0x80000"),
        (dds(bytes(9999), 0x40, 12, (0xF, 0xF0)), "12 bits"),
        (dx10(np.full((32, 48, 4), np.inf, "<f4").tobytes(), 2), "no numbers"),
    ],
)
def test_an_unknown_kind_is_named(run: Converter, data: bytes, word: str) -> None:
    result = run(data, "png")
    assert result.failure == "unsupported_image"
    assert result.outcome.failure is not None
    assert word in result.outcome.failure.detail


@pytest.mark.parametrize("data", [dx10(blocks("BC3"), 77), dds(packed(NUMBERS[28], 32), 0x41, 32, NUMBERS[28])])
def test_a_texture_without_its_end_is_cut_off(run: Converter, data: bytes) -> None:
    for length in (len(data) - 1, 140, 127, 100):
        assert run(data[:length], "png").failure == "truncated_image"
