"""YCbCr that is not packed: units of brightness with one sample of each color (TIFF 6.0, section 21)."""

import struct

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


def test_a_black_of_its_own_is_refused_by_name(run: Converter) -> None:
    failed = run(store(pack_units(1, 1), 1, 1, (532, 3, 1, 16)), "png").outcome.failure
    assert failed is not None
    assert "black and white of its own" in failed.detail
