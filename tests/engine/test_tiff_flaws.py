"""Flaws of a TIFF's wrapping are warned of; pixels that are missing are a failure."""

import numpy as np
import pytest

from tests.engine.conftest import Converter
from tests.engine.tiffs import HEIGHT, PIXELS, find_link, find_tag, put, rename_tag, tiff_of, tiff_pages

PLAIN, PACKED, STRIPS = tiff_of(), tiff_of(compression="lzw"), tiff_of(rowsperstrip=4)
OFFSETS, COUNTS, ROWS, SOFTWARE, PHOTOMETRIC, TILE_OFFSETS, TILE_COUNTS = 273, 279, 278, 305, 262, 324, 325


def swap_tags(data: bytes) -> bytes:
    first, _ = find_tag(data, 256)
    return data[:first] + data[first + 12 : first + 24] + data[first : first + 12] + data[first + 24 :]


FLAWS = {
    "a link far behind the end": lambda: put(PLAIN, find_link(PLAIN), "I", 0xFFFF_FFF0),
    "a link into the pixels": lambda: put(PLAIN, find_link(PLAIN), "I", find_tag(PLAIN, OFFSETS)[1] + 400),
    "a link to itself": lambda: put(PLAIN, find_link(PLAIN), "I", 8),
    "tags out of order": lambda: swap_tags(PLAIN),
    "a tag that points outside": lambda: put(PLAIN, find_tag(PLAIN, SOFTWARE)[0] + 8, "I", 1 << 24),
    "no byte counts": lambda: rename_tag(PLAIN, COUNTS),
    "no byte counts, packed": lambda: rename_tag(PACKED, COUNTS),
    "no byte counts of strips": lambda: rename_tag(STRIPS, COUNTS),
    "too few byte counts": lambda: put(STRIPS, find_tag(STRIPS, COUNTS)[0] + 4, "I", 2),
    "a byte count of 0": lambda: put(PACKED, find_tag(PACKED, COUNTS)[0] + 8, "I", 0),
    "a byte count that is too small": lambda: put(PLAIN, find_tag(PLAIN, COUNTS)[0] + 8, "I", 9),
    "a byte count that is too large": lambda: put(PLAIN, find_tag(PLAIN, COUNTS)[0] + 8, "I", 1 << 20),
    "no meaning of the samples": lambda: rename_tag(PLAIN, PHOTOMETRIC),
    "an inner directory outside": lambda: put(PLAIN, find_tag(PLAIN, SOFTWARE)[0], "HHII", 330, 4, 1, 1 << 24),
}


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_beside_the_picture_is_warned_of(run: Converter, name: str) -> None:
    result = run(FLAWS[name](), "png")
    assert result.warnings == ["image_damaged"]
    assert np.array_equal(np.asarray(result.image()), PIXELS)


def test_bytes_behind_the_picture_are_no_flaw(run: Converter) -> None:
    result = run(STRIPS + bytes(500), "png")
    assert (result.warnings, np.array_equal(np.asarray(result.image()), PIXELS)) == ([], True)


def cut_in_directory() -> bytes:
    data = tiff_pages((PIXELS, {}), (PIXELS, {}))
    return data[: find_tag(data, 256, 1)[0] + 20]


MISSING = {
    "a strip behind the end": lambda: put(STRIPS, find_tag(STRIPS, OFFSETS)[1], "I", 1 << 24),
    "too few strips": lambda: put(STRIPS, find_tag(STRIPS, OFFSETS)[0] + 4, "I", 3),
    "a short strip": lambda: put(STRIPS, find_tag(STRIPS, COUNTS)[1], "H", 100),
    "the end": lambda: STRIPS[:-1],
    "a second page": lambda: tiff_pages((PIXELS, {}), (PIXELS, {}))[:-900],
    "the directory of a second page": cut_in_directory,
}


@pytest.mark.parametrize("name", MISSING)
@pytest.mark.parametrize("target", ["png", "tiff"])
def test_pixels_that_are_missing_are_a_failure(run: Converter, name: str, target: str) -> None:
    assert run(MISSING[name](), target).failure == "truncated_image"


@pytest.mark.parametrize("gdal", [False, True])
def test_a_tile_that_is_not_stored_is_background_only_where_gdal_says_so(run: Converter, gdal: bool) -> None:
    tags = [(42_113, 2, 0, "7", True)] if gdal else []
    data = tiff_of(np.full((32, 32), 200, np.uint8), photometric="minisblack", tile=(16, 16), extratags=tags)
    sparse = put(put(data, find_tag(data, TILE_OFFSETS)[1], "I", 0), find_tag(data, TILE_COUNTS)[1], "H", 0)
    result = run(sparse, "png")
    if not gdal:
        assert result.failure == "truncated_image"
    else:
        assert (result.image().getpixel((3, 3)), result.image().getpixel((20, 3))) == (7, 200)


def test_a_last_strip_with_rows_below_the_picture(run: Converter) -> None:
    tall = np.concatenate((PIXELS.astype(np.uint16), np.zeros((8, PIXELS.shape[1], 3), np.uint16)))
    for settings in ({}, {"compression": "zlib"}, {"compression": "lzw"}):
        data = tiff_of(tall, rowsperstrip=12, **settings)
        cut = put(data, find_tag(data, 257)[0] + 8, "H", HEIGHT + 2)
        assert run(cut, "png").converted.height == HEIGHT + 2


def test_tags_on_each_other_are_refused_before_they_are_read(run: Converter) -> None:
    data = tiff_of(
        np.zeros((64, 64, 3), np.uint8), extratags=[(60_000 + at, 1, 8000, bytes(8000), True) for at in range(9)]
    )
    whole = data
    for at in range(9):
        entry = find_tag(data, 60_000 + at)[0]
        whole = put(put(whole, entry + 4, "I", len(data) - 8), entry + 8, "I", 8)
    assert run(whole, "png").failure == "corrupt_image"
