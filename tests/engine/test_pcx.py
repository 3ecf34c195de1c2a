"""PCX of every depth and number of planes."""

import struct

import numpy as np
import pytest
from PIL import Image

from conformance import images
from conformance.running import apart
from engine.codecs.pcx import EGA
from tests.engine.conftest import Converter

QUARTERS = images.quarters((50, 32))
SAMPLES = np.asarray(QUARTERS)
INDICES = np.zeros((32, 50), np.uint8)
INDICES[:16, 25:], INDICES[16:, :25], INDICES[16:, 25:] = 1, 2, 3
COLORS = b"".join(bytes(SAMPLES[place]) for place in ((0, 0), (0, 49), (31, 0), (31, 49)))


def pcx(
    rows: list[bytes], bits: int, planes: int, *, version: int = 5, colors: bytes = COLORS, tail: bytes = b""
) -> bytes:
    """Rows, each of all planes, packed by runs of one (ZSoft's technical reference)."""
    stride = len(rows[0]) // planes
    head = struct.pack("<4B6H48sBBHH", 10, version, 1, bits, 0, 0, 49, 31, 72, 72, colors, 0, planes, stride, 1)
    packed = b"".join(bytes((0xC1, value)) if value >= 0xC0 else bytes((value,)) for row in rows for value in row)
    return head.ljust(128, b"\0") + packed + tail


def in_planes(planes: int) -> list[bytes]:
    bits = [np.packbits(INDICES >> plane & 1, axis=1) for plane in range(planes)]
    return [b"".join(plane[row].tobytes() + bytes(1) for plane in bits) for row in range(32)]


def beside(bits: int) -> list[bytes]:
    numbers = np.unpackbits(INDICES[:, :, None], axis=2)[:, :, 8 - bits :].reshape(32, -1)
    return [row.tobytes().ljust(26, b"\0") for row in np.packbits(numbers, axis=1)]


@pytest.mark.parametrize("version", [0, 2, 4, 5])
@pytest.mark.parametrize(
    ("rows", "bits", "planes"),
    [(in_planes(2), 1, 2), (in_planes(3), 1, 3), (in_planes(4), 1, 4), (beside(2), 2, 1), (beside(4), 4, 1)],
)
def test_palettes_of_every_depth_are_read(
    run: Converter, rows: list[bytes], bits: int, planes: int, version: int
) -> None:
    result = run(pcx(rows, bits, planes, version=version), "png")
    assert result.warnings == []
    assert apart(result.image().convert("RGB"), QUARTERS) == 0


@pytest.mark.parametrize(("version", "colors"), [(3, COLORS), (5, b"")])
def test_a_file_without_colors_has_those_of_its_time(run: Converter, version: int, colors: bytes) -> None:
    wanted = Image.fromarray(np.frombuffer(EGA, np.uint8).reshape(16, 3)[INDICES])
    for rows, bits, planes in ((in_planes(4), 1, 4), (beside(4), 4, 1)):
        result = run(pcx(rows, bits, planes, version=version, colors=colors), "png")
        assert apart(result.image().convert("RGB"), wanted) == 0


@pytest.mark.parametrize("version", [0, 3, 5])
def test_bytes_are_read_of_every_version(run: Converter, version: int) -> None:
    rows = [row.tobytes() for row in INDICES]
    palette = b"\x0c" + COLORS.ljust(768, b"\0")
    assert apart(run(pcx(rows, 8, 1, version=version, tail=palette), "png").image().convert("RGB"), QUARTERS) == 0
    colors = [b"".join(SAMPLES[row, :, band].tobytes() for band in range(3)) for row in range(32)]
    assert apart(run(pcx(colors, 8, 3, version=version), "png").image(), QUARTERS) == 0


@pytest.mark.parametrize(("bits", "planes"), [(8, 4), (2, 4), (4, 4), (8, 2)])
def test_other_depths_are_named(run: Converter, bits: int, planes: int) -> None:
    result = run(pcx([bytes(52 * planes)] * 32, bits, planes), "png")
    assert result.failure == "unsupported_image"
    assert result.outcome.failure is not None
    assert f"{bits} bits a sample in {planes} planes" in result.outcome.failure.detail


def test_a_file_without_its_end_is_a_failure(run: Converter) -> None:
    data = pcx(beside(4), 4, 1)
    for length in (len(data) - 30, 200, 127):
        assert run(data[:length], "png").failure in {"truncated_image", "corrupt_image"}
