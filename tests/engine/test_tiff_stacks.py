"""Stacks of pictures in a TIFF of one directory."""

import io
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from tests.engine.conftest import Converter
from tests.engine.tiffs import HEIGHT, WIDTH, put, tiff_of

COUNT = 4
NOISE = np.random.default_rng(4)
GREYS: NDArray[np.uint8] = NOISE.integers(0, 256, (COUNT, HEIGHT, WIDTH), np.uint8)
COLORS: NDArray[np.uint8] = NOISE.integers(0, 256, (COUNT, HEIGHT, WIDTH, 3), np.uint8)
DEEP = GREYS.astype(np.uint16) * 257
SIZE = HEIGHT * WIDTH


def stack(samples: NDArray[Any], **settings: Any) -> bytes:
    """A stack with one directory, before its pixels."""
    file = io.BytesIO()
    tifffile.imwrite(file, samples, **({"truncate": True} | settings))
    return file.getvalue()


def metamorph(greys: NDArray[np.uint8]) -> bytes:
    """A file of MetaMorph: its tag UIC2 has six numbers for each picture, and counts ratios."""
    numbers, size = len(greys), greys[0].size
    entries = [
        (256, 4, 1, greys.shape[2]), (257, 4, 1, greys.shape[1]), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 256), (277, 3, 1, 1), (278, 4, 1, greys.shape[1]), (279, 4, 1, size), (33_629, 5, numbers, 256 + greys.size),
    ]  # fmt: skip
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + b"".join(struct.pack("<HHII", *one) for one in entries)
    return head.ljust(256, b"\0") + greys.tobytes() + bytes(24 * numbers)


STACKS: dict[str, tuple[bytes, NDArray[Any]]] = {
    "ImageJ": (stack(GREYS, imagej=True), GREYS),
    "ImageJ, 16 bits": (stack(DEEP, imagej=True), DEEP),
    "ImageJ, several strips": (stack(GREYS, imagej=True, rowsperstrip=5), GREYS),
    "ImageJ, colors": (stack(COLORS, imagej=True), COLORS),
    "tifffile": (stack(GREYS, photometric="minisblack"), GREYS),
    "tifffile, colors": (stack(COLORS, photometric="rgb"), COLORS),
    "tifffile, one bit": (stack(GREYS > 99, photometric="minisblack"), GREYS > 99),
    "tifffile, planes": (
        stack(np.moveaxis(COLORS, 3, 1), photometric="rgb", planarconfig="separate"),
        COLORS,
    ),
    "MetaMorph": (metamorph(GREYS), GREYS),
}


@pytest.mark.parametrize("name", STACKS)
def test_all_pictures_of_a_stack_are_pages(run: Converter, name: str) -> None:
    data, expected = STACKS[name]
    result = run(data, "tiff")
    assert result.warnings == []
    with tifffile.TiffFile(io.BytesIO(result.data)) as file:
        seen = [page.asarray() for page in file.pages]
    assert len(seen) == COUNT
    assert all(np.array_equal(page, wanted) for page, wanted in zip(seen, expected, strict=True))
    assert run(data, "pdf").converted.frames == COUNT
    assert run(data, "png").warnings == ["frames_dropped"]


def test_a_stack_that_is_cut_is_a_failure(run: Converter) -> None:
    data = STACKS["ImageJ"][0]
    end = len(data) - len(data.split(GREYS.tobytes())[1])
    assert run(data[: end - 20], "png").failure == "truncated_image"
    assert run(data[: end - 2 * SIZE], "png").failure == "truncated_image"
    assert run(data[: end - 3 * SIZE - 20], "png").failure == "truncated_image"


def test_a_stack_of_which_one_picture_is_left_is_read_and_told(run: Converter) -> None:
    data = STACKS["ImageJ"][0]
    end = data.index(GREYS.tobytes()) + SIZE
    result = run(data[:end], "png")
    assert result.warnings == ["image_damaged"]
    assert np.array_equal(np.asarray(result.image()), GREYS[0])


def test_a_description_of_another_file_is_none_of_a_stack(run: Converter) -> None:
    """A program that takes one page out leaves the description, and libtiff writes the directory behind the pixels."""
    text = "ImageJ=1.53\nimages=2\nslices=2\n"
    plain = tiff_of(GREYS[0], photometric="minisblack", description=text)
    at = len(plain)
    moved = put(plain, 4, "I", at) + plain[8 : plain.index(GREYS[0].tobytes())] + bytes(2 * SIZE)
    packed = tiff_of(GREYS[0], photometric="minisblack", description=text, compression="zlib")
    for data in (moved, packed + bytes(2 * SIZE)):
        result = run(data, "tiff")
        assert (result.warnings, result.converted.frames) == ([], 1)


def test_the_limits_count_all_pictures_of_a_stack(run: Converter) -> None:
    data = STACKS["ImageJ"][0]
    assert run(data, "png", limits={"max_frames": COUNT - 1}).failure == "too_many_frames"
    assert run(data, "png", limits={"max_pixels": COUNT * SIZE - 1}).failure == "too_many_pixels"
    assert run(data, "png", limits={"max_pixels": COUNT * SIZE, "max_frames": COUNT}).converted.frames == 1
