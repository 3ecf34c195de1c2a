"""YCbCr that is not packed: units of brightness with one sample of each color (TIFF 6.0, section 21)."""

import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.engine.conftest import Converter

WIDTH, HEIGHT = 21, 13
ACROSS, DOWN = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
PICTURE = Image.fromarray(
    np.stack((40 + 4 * ACROSS, 60 + 6 * DOWN, 100 + 2 * (ACROSS + DOWN)), axis=2).astype(np.uint8)
)


def pack_units(across: int, down: int) -> bytes:
    ycc = np.asarray(PICTURE.convert("YCbCr"))
    ycc = np.pad(ycc, ((0, -HEIGHT % down), (0, -WIDTH % across), (0, 0)), mode="edge")
    units = bytearray()
    for top in range(0, ycc.shape[0], down):
        for left in range(0, ycc.shape[1], across):
            block = ycc[top : top + down, left : left + across]
            units += block[:, :, 0].tobytes() + bytes(round(float(block[:, :, color].mean())) for color in (1, 2))
    return bytes(units)


def store(units: bytes, across: int, down: int, *more: tuple[int, int, int, int]) -> bytes:
    """A little-endian file with one strip right behind the header."""
    entries = [
        (256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 6), (273, 4, 1, 8),
        (277, 3, 1, 3), (278, 4, 1, HEIGHT), (279, 4, 1, len(units)), (530, 3, 2, across | down << 16), *more,
    ]  # fmt: skip
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<I", 8 + len(units)) + units + struct.pack("<H", len(entries)) + table + bytes(4)


@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (1, 2), (2, 2), (4, 2), (4, 4)])
def test_colors_that_pixels_share(run: Converter, across: int, down: int) -> None:
    result = run(store(pack_units(across, down), across, down), "png")
    assert result.warnings == []
    assert np.abs(np.asarray(result.image(), int) - np.asarray(PICTURE, int)).max() < 14


def test_a_unit_that_is_missing_is_a_failure(run: Converter) -> None:
    assert run(store(pack_units(2, 2)[:-6], 2, 2), "png").failure == "truncated_image"


def narrow(units: bytes, across: int, down: int) -> bytes:
    """The same units with brightness from 16 to 235 and colors from 16 to 240, as films have it."""
    size = across * down
    return bytes(
        round(16 + value * 219 / 255) if at % (size + 2) < size else round(128 + (value - 128) * 112 / 127)
        for at, value in enumerate(units)
    )


def store_ranged(units: bytes, across: int, down: int, numbers: tuple[int, ...]) -> bytes:
    """A file with black and white of its own, behind its directory."""
    count = len(numbers)
    data = store(units, across, down, (532, 3, count, 0))
    data = data.replace(struct.pack("<HHII", 532, 3, count, 0), struct.pack("<HHII", 532, 3, count, len(data)))
    return data + struct.pack(f"<{count}H", *numbers)


@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 2), (4, 1)])
def test_black_and_white_of_its_own(run: Converter, across: int, down: int) -> None:
    units = narrow(pack_units(across, down), across, down)
    result = run(store_ranged(units, across, down, (16, 235, 128, 240, 128, 240)), "png")
    assert result.warnings == []
    assert np.abs(np.asarray(result.image(), int) - np.asarray(PICTURE, int)).max() < 14


@pytest.mark.parametrize("packing", [8, 50_000], ids=["Deflate", "Zstandard"])
@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 2), (1, 4), (4, 4)])
def test_colors_that_pixels_share_in_a_packed_file(run: Converter, packing: int, across: int, down: int) -> None:
    """libtiff leaves out the last pixels of some, and makes up what is missing."""
    units = pack_units(across, down)
    pack = zlib.compress if packing == 8 else imagecodecs.zstd_encode
    result = run(call_packed(store(bytes(pack(units)), across, down), packing), "png")
    assert np.abs(np.asarray(result.image(), int) - np.asarray(PICTURE, int)).max() < 14
    cut = run(call_packed(store(bytes(pack(units[:-1])), across, down), packing), "png")
    assert cut.failure in {"truncated_image", "corrupt_image"}


def call_packed(data: bytes, packing: int) -> bytes:
    """The same file with that packing, and with the bits of each sample, which makes it one that Pillow may read."""
    named = data.replace(struct.pack("<HHII", 259, 3, 1, 1), struct.pack("<HHII", 259, 3, 1, packing))
    return named.replace(struct.pack("<HHII", 258, 3, 1, 8), struct.pack("<HHII", 258, 3, 3, len(data))) + struct.pack(
        "<3H", 8, 8, 8
    )


@pytest.mark.parametrize("numbers", [(0, 255, 128, 255, 128, 255), (16, 235)], ids=["the usual", "too few"])
def test_black_and_white_that_say_nothing(run: Converter, numbers: tuple[int, ...]) -> None:
    usual, plain = (
        run(data, "png").data for data in (store_ranged(pack_units(1, 1), 1, 1, numbers), store(pack_units(1, 1), 1, 1))
    )
    assert usual == plain


def test_black_that_is_white_is_a_failure(run: Converter) -> None:
    data = store_ranged(pack_units(1, 1), 1, 1, (16, 16, 128, 240, 128, 240))
    assert run(data, "png").failure == "corrupt_image"


def test_shares_of_colors_of_its_own(run: Converter) -> None:
    rgb = np.asarray(PICTURE, float)
    luma = rgb @ (0.2126, 0.7152, 0.0722)
    ycc = np.stack((luma, 128 + (rgb[:, :, 2] - luma) / 1.8556, 128 + (rgb[:, :, 0] - luma) / 1.5748), axis=2)
    data = store(np.round(ycc).astype(np.uint8).tobytes(), 1, 1, (529, 5, 3, 0))
    placed = data.replace(struct.pack("<HHII", 529, 5, 3, 0), struct.pack("<HHII", 529, 5, 3, len(data)))
    result = run(placed + struct.pack("<6I", 2126, 10_000, 7152, 10_000, 722, 10_000), "png")
    assert np.abs(np.asarray(result.image(), int) - rgb).max() < 4
