"""Flaws of a TIFF's wrapping are warned of; pixels that are missing are a failure."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from conformance import images
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


SCAN = Image.fromarray(np.kron(PIXELS[:, :, 0] > 127, np.ones((5, 5), bool)))


def scan_of(packing: str, page: Image.Image = SCAN) -> tuple[bytes, int, int]:
    """A fax or JPEG, and where its only strip begins and ends."""
    data = images.encoded(page, "TIFF", compression=packing)
    start, length = (
        int.from_bytes(data[(at := find_tag(data, tag)[1]) : at + 4], "little") for tag in (OFFSETS, COUNTS)
    )
    return data, start, start + length


@pytest.mark.parametrize("packing", ["group3", "group4", "jpeg", "tiff_adobe_deflate"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_hole_in_packed_pixels_is_a_failure(run: Converter, packing: str, share: float) -> None:
    page = SCAN if packing.startswith("group") else Image.fromarray(PIXELS).resize((240, 160)).convert("L")
    data, start, end = scan_of(packing, page)
    hole = start + int((end - start) * share)
    assert run(data, "png").warnings == []
    assert run(data[:hole] + bytes(end - hole) + data[end:], "png").failure in {"truncated_image", "corrupt_image"}


END_OF_FAX = bytes.fromhex("001001")


@pytest.mark.parametrize("end", [b"", END_OF_FAX, b"\xff" * 99])
def test_a_fax_with_less_rows_than_it_says_is_a_failure(run: Converter, end: bytes) -> None:
    data, start, _ = scan_of("group4")
    half = images.encoded(SCAN.crop((0, 0, SCAN.width, SCAN.height // 2)), "TIFF", compression="group4")
    at = find_tag(data, COUNTS)[1]
    strip = scan_of("group4", SCAN.crop((0, 0, SCAN.width, SCAN.height // 2)))
    rows = half[strip[1] : strip[2] - len(END_OF_FAX)] + end
    assert run(put(data[:start] + rows.ljust(len(data) - start, b"\0"), at, "I", len(rows)), "png").failure in {
        "truncated_image",
        "corrupt_image",
    }


def test_the_place_0_of_a_strip_is_none(run: Converter) -> None:
    assert run(put(PLAIN, find_tag(PLAIN, OFFSETS)[0] + 8, "I", 0), "png").failure == "truncated_image"


def test_a_big_endian_bigtiff_is_sound(run: Converter) -> None:
    file = io.BytesIO()
    tifffile.imwrite(file, PIXELS, bigtiff=True, byteorder=">", metadata=None, extratags=[(315, 2, 0, "Ada", True)])
    result = run(file.getvalue(), "jpeg", metadata="keep")
    assert (result.warnings, result.image().getexif().get(315)) == ([], "Ada")


@pytest.mark.parametrize(("tag", "code"), [(256, "HIB"), (259, "HIB"), (262, "HIB"), (277, "HIB")])
def test_tags_of_other_types_are_no_flaw(run: Converter, tag: int, code: str) -> None:
    at, value = find_tag(PACKED, tag)
    changed = put(PACKED, at + 2, code, 1, 1, PACKED[value])
    result = run(changed, "png")
    assert (result.warnings, np.array_equal(np.asarray(result.image()), PIXELS)) == ([], True)


@pytest.mark.parametrize(("tag", "words"), [(258, "how many bits"), (259, "packed")])
def test_what_a_tiff_does_not_say_is_told(run: Converter, tag: int, words: str) -> None:
    failure = run(
        rename_tag(tiff_of(PIXELS[:, :, 0], photometric="minisblack", compression="packbits"), tag), "png"
    ).outcome.failure
    assert failure is not None
    assert words in failure.detail
