"""What is in a TIFF beside the picture: thumbnails, overviews, masks, and the picture that a camera keeps of its raw data."""

import io
import struct
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from tests.engine.conftest import Converter
from tests.engine.tiffs import HEIGHT, PIXELS, WIDTH, find_link, find_tag, put, tiff_of, tiff_pages

REDUCED, PAGE, MASK = {"subfiletype": 1}, {"subfiletype": 2}, {"subfiletype": 4, "photometric": "mask"}
SMALL = PIXELS[::2, ::2]
INSIDE = np.zeros((HEIGHT, WIDTH), bool)
INSIDE[:, : WIDTH // 2] = True

PICTURES = {
    "a thumbnail first": tiff_pages((SMALL, REDUCED), (PIXELS, {})),
    "overviews behind": tiff_pages((PIXELS, {}), (SMALL, REDUCED), (SMALL[::2, ::2], REDUCED)),
    "overviews inside": tiff_pages((PIXELS, {"subifds": 1}), (SMALL, REDUCED)),
    "the picture inside of its thumbnail": tiff_pages((SMALL, REDUCED | {"subifds": 1}), (PIXELS, {})),
    "nothing but smaller ones": tiff_pages((SMALL, REDUCED), (PIXELS, REDUCED)),
    "a page of one": tiff_of(subfiletype=2),
    "the picture inside of a smaller one that does not say so": tiff_pages((SMALL, {"subifds": 1}), (PIXELS, {})),
    "a thumbnail of floats first": tiff_pages((SMALL.astype(np.float32), REDUCED), (PIXELS, {})),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("target", ["png", "tiff"])
def test_the_picture_is_taken_and_nothing_else(run: Converter, name: str, target: str) -> None:
    result = run(PICTURES[name], target)
    assert (result.warnings, result.converted.frames) == ([], 1)
    assert np.array_equal(np.asarray(result.image()), PIXELS)


def test_the_old_mark_of_a_smaller_picture(run: Converter) -> None:
    data = tiff_pages((SMALL, {"extratags": [(255, 3, 1, 2, True)]}), (PIXELS, {}))
    assert np.array_equal(np.asarray(run(data, "png").image()), PIXELS)


@pytest.mark.parametrize("mode", ["rgb", "grey", "grey16", "planar"])
def test_a_mask_becomes_transparency(run: Converter, mode: str) -> None:
    files: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
        "rgb": (PIXELS, {}),
        "grey": (PIXELS[:, :, 0], {"photometric": "minisblack"}),
        "grey16": (PIXELS[:, :, 0].astype(np.uint16) * 257, {"photometric": "minisblack"}),
        "planar": (np.moveaxis(PIXELS, 2, 0), {"planarconfig": "separate"}),
    }
    result = run(tiff_pages(files[mode], (INSIDE, MASK)), "png")
    seen = np.asarray(result.image().convert("RGBA"))
    assert "frames_dropped" not in result.warnings
    assert np.array_equal(seen[:, :, 3] == 255, INSIDE)
    shown = PIXELS if mode in {"rgb", "planar"} else np.repeat(PIXELS[:, :, :1], 3, 2)
    assert np.array_equal(seen[INSIDE][:, :3], shown[INSIDE])


def test_a_mask_of_another_size_and_a_mask_of_an_overview(run: Converter) -> None:
    small = tiff_pages(
        (PIXELS, {}), (INSIDE[::2, ::2], MASK), (SMALL, REDUCED), (INSIDE[::4, ::4], MASK | {"subfiletype": 5})
    )
    assert np.array_equal(np.asarray(run(small, "png").image())[:, :, 3] == 255, INSIDE)


def test_a_mask_before_its_page_is_that_of_the_page_of_its_size(run: Converter) -> None:
    alone = tiff_pages((INSIDE, MASK), (PIXELS, {}))
    behind_thumbnail = tiff_pages((SMALL, REDUCED), (INSIDE, MASK), (PIXELS, {}))
    among_others = tiff_pages((PIXELS, PAGE), (SMALL, PAGE), (INSIDE, MASK), (INSIDE[::2, ::2], MASK))
    for data in (alone, behind_thumbnail, among_others):
        for page in run(data, "tiff").frames():
            inside = np.asarray(page.getchannel("A")) == 255
            assert np.array_equal(inside, INSIDE if page.size == (WIDTH, HEIGHT) else INSIDE[::2, ::2])


def test_masks_before_each_page(run: Converter) -> None:
    data = tiff_pages((INSIDE, MASK), (PIXELS, PAGE), (~INSIDE, MASK), (PIXELS, PAGE))
    pages = run(data, "tiff").frames()
    assert [page.getchannel("A").getpixel((2, 2)) for page in pages] == [255, 0]


def test_a_mask_inside_of_its_page(run: Converter) -> None:
    result = run(tiff_pages((PIXELS, {"subifds": 1}), (INSIDE, MASK)), "png")
    assert np.array_equal(np.asarray(result.image())[:, :, 3] == 255, INSIDE)


def test_each_page_has_its_own_mask(run: Converter) -> None:
    data = tiff_pages((PIXELS, PAGE), (INSIDE, MASK), (PIXELS, PAGE), (~INSIDE, MASK), (PIXELS, PAGE))
    pages = run(data, "tiff").frames()
    assert [page.getchannel("A").getpixel((2, 2)) for page in pages] == [255, 0, 255]


def make_jpeg(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).resize((width, height)).save(file, "JPEG", quality=95)
    return file.getvalue()


def raw_of(*tags: tuple[int, int, int, object], preview: bytes = b"", photometric: int = 32_803) -> bytes:
    """A thumbnail with tags, raw data behind it, and the preview of old JPEG tags at the end."""
    raw = PIXELS[:, :, 0].astype(np.uint16)
    data = tiff_pages(
        (SMALL, REDUCED | {"extratags": [(513, 4, 1, 1, True), (514, 4, 1, 1, True), *((*tag, True) for tag in tags)]}),
        (raw, {"photometric": photometric}),
    )
    for tag, value in ((513, len(data)), (514, len(preview))):
        data = data.replace(
            struct.pack("<HHII", tag, 4, 1, 1), struct.pack("<HHII", tag, 4, 1, value if preview else 0)
        )
    return data + preview


FILTER = [(33_421, 3, 2, (2, 2), True), (33_422, 1, 4, bytes((0, 1, 1, 2)), True)]


def filtered(settings: dict[str, Any]) -> tuple[NDArray[Any], dict[str, Any]]:
    """Raw data whose photometric interpretation is grey."""
    return PIXELS[:, :, 0].astype(np.uint16), settings | {"photometric": "minisblack", "extratags": FILTER}


RAW = {
    "DNG": ((50_706, 1, 4, bytes((1, 4, 0, 0))),),
    "NEF": ((271, 2, 0, "NIKON CORPORATION"),),
    "ARW": ((271, 2, 0, "SONY"),),
    "PEF": ((271, 2, 0, "PENTAX Corporation"),),
    "3FR": ((271, 2, 0, "Hasselblad"),),
    "raw": (),
}


@pytest.mark.parametrize("name", RAW)
@pytest.mark.parametrize("preview", [b"", make_jpeg(WIDTH // 2, HEIGHT // 2)], ids=["no preview", "a small preview"])
def test_raw_data_of_a_camera_is_refused_by_name(run: Converter, name: str, preview: bytes) -> None:
    result = run(raw_of(*RAW[name], preview=preview), "png")
    assert result.failure == "unsupported_image"
    assert result.outcome.failure is not None
    assert f"({name})" in result.outcome.failure.detail


@pytest.mark.parametrize("target", ["png", "jpeg", "tiff"])
def test_a_preview_of_nearly_the_same_size_is_used_and_said(run: Converter, target: str) -> None:
    turned = raw_of(*RAW["NEF"], (274, 3, 1, 6), preview=make_jpeg(WIDTH, HEIGHT))
    result = run(turned, target)
    assert "preview_used" in result.warnings
    assert result.image().size == (HEIGHT, WIDTH)
    upright = Image.open(io.BytesIO(make_jpeg(WIDTH, HEIGHT))).transpose(Image.Transpose.ROTATE_270)
    assert np.abs(np.asarray(result.image(), int) - np.asarray(upright, int)).mean() < 25


@pytest.mark.parametrize(("mark", "name"), [(b"CR\2\0", "CR2"), (b"IIII", "IIQ")])
def test_raw_data_by_its_mark(run: Converter, mark: bytes, name: str) -> None:
    data = tiff_of()
    # The directory moves behind the mark.
    moved = data[:4] + struct.pack("<I", len(data)) + mark.ljust(8, b"\0") + data[16:]
    directory = data[8 : 8 + 2 + 12 * data[8] + 4]
    failed = run(moved + directory, "png").outcome.failure
    assert failed is not None
    assert name in failed.detail


STAND_IN = 335


def point(data: bytes, at: int, page: int = 0) -> bytes:
    """The same file where a page has a directory at that offset inside. tifffile writes no such tag by itself."""
    entry, value = find_tag(data, STAND_IN, page)
    return put(put(data, value, "I", at), entry, "H", 330)


def hold(*offsets: int) -> dict[str, Any]:
    return {"extratags": [(STAND_IN, 4, len(offsets), offsets, True)]}


RAW_DATA: tuple[NDArray[Any], dict[str, Any]] = (PIXELS[:, :, 0].astype(np.uint16), {"photometric": 32_803})


def hide(last: tuple[NDArray[Any], dict[str, Any]], *, linked: bool = False) -> bytes:
    """A thumbnail with a smaller one inside, and the last page inside of that one, or linked behind it."""
    small = (SMALL, REDUCED | hold(1))
    data = tiff_pages(small, small, last)
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        places = [page.offset for page in read.pages]
    data = point(point(data, places[1 if linked else 2], 1), places[1])
    for page in [0] if linked else [1, 0]:
        data = put(data, find_link(data, page), "I", 0)
    return data


def hide_behind_exif(*pages: tuple[NDArray[Any], dict[str, Any]]) -> bytes:
    """A file of the first page alone. The second is behind its Exif pointer, the others are linked behind that one."""
    (samples, settings), *others = pages
    data = tiff_pages((samples, settings | hold(1)), *others)
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        place = read.pages[1].offset
    data = put(point(data, place), find_tag(data, STAND_IN)[0], "H", 34_665)
    return put(data, find_link(data), "I", 0)


HIDDEN = {
    "behind the Exif pointer of a thumbnail": hide_behind_exif((SMALL, REDUCED), RAW_DATA),
    "behind the Exif pointer of a picture": hide_behind_exif((SMALL, {}), filtered({})),
    "linked behind what Exif points to": hide_behind_exif((SMALL, {}), (SMALL, REDUCED), RAW_DATA),
    "two levels down": hide(RAW_DATA),
    "linked behind a smaller one inside": hide(RAW_DATA, linked=True),
    "the 71st": tiff_pages((SMALL, REDUCED | {"subifds": 71}), *[(SMALL, REDUCED)] * 70, RAW_DATA),
    "called grey": tiff_pages((SMALL, REDUCED), filtered(REDUCED)),
    "called grey, behind a picture": tiff_pages((SMALL, {}), filtered({})),
    "called grey, by itself": tiff_pages(filtered({})),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_raw_data_is_found_wherever_it_is(run: Converter, name: str) -> None:
    result = run(HIDDEN[name], "png")
    assert result.failure == "unsupported_image"
    assert result.outcome.failure is not None
    assert "(raw)" in result.outcome.failure.detail


def test_a_picture_that_is_not_raw_is_not_looked_for_behind_exif(run: Converter) -> None:
    result = run(hide_behind_exif((SMALL, {}), (PIXELS, {})), "png")
    assert np.array_equal(np.asarray(result.image()), SMALL)


def test_the_picture_two_levels_down(run: Converter) -> None:
    assert np.array_equal(np.asarray(run(hide((PIXELS, {})), "png").image()), PIXELS)


def test_a_colored_picture_may_keep_the_filter_of_its_camera(run: Converter) -> None:
    assert run(tiff_of(extratags=FILTER), "png").warnings == []


def test_a_thumbnail_is_no_answer_where_its_picture_is_out_of_reach(run: Converter) -> None:
    outside = point(tiff_pages((SMALL, REDUCED | hold(1))), 99_999_999)
    assert run(outside, "png").failure == "truncated_image"
    behind_text = tiff_pages((SMALL, REDUCED | {"description": "no directory " * 4}))
    astray = put(behind_text, find_link(behind_text), "I", find_tag(behind_text, 270)[1])
    assert run(astray, "png").failure == "corrupt_image"


def test_a_page_stays_the_picture_with_overviews_that_are_out_of_reach(run: Converter) -> None:
    result = run(point(tiff_of(**hold(1)), 99_999_999), "png")
    assert result.warnings == ["image_damaged"]
    assert np.array_equal(np.asarray(result.image()), PIXELS)


def test_directories_that_would_take_long_are_refused(run: Converter) -> None:
    data = tiff_pages(*[(SMALL, hold(*range(8, 50_008)))] * 6)
    for page in range(6):
        data = put(data, find_tag(data, STAND_IN, page)[0], "H", 330)
    assert run(data, "png").failure == "unsupported_image"


def exif_thumbnail(*more: tuple[int, int, int, int]) -> bytes:
    """A picture and Exif's directory of its thumbnail, which is a JPEG."""
    data, jpeg = tiff_of(), make_jpeg(WIDTH // 2, HEIGHT // 2)
    tags = sorted(((259, 3, 1, 6), (513, 4, 1, len(data)), (514, 4, 1, len(jpeg)), *more))
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    whole = data + jpeg + struct.pack("<H", len(tags)) + entries + bytes(4)
    return put(whole, find_link(data), "I", len(data) + len(jpeg))


SIZED = ((256, 4, 1, WIDTH // 2), (257, 4, 1, HEIGHT // 2), (258, 3, 1, 8), (262, 3, 1, 6), (277, 3, 1, 3))


@pytest.mark.parametrize("size", [(), SIZED], ids=["without a size", "with its size"])
def test_the_thumbnail_of_exif_is_no_page(run: Converter, size: tuple[tuple[int, int, int, int], ...]) -> None:
    result = run(exif_thumbnail(*size), "png")
    assert (result.warnings, result.converted.frames) == ([], 1)
    assert np.array_equal(np.asarray(result.image()), PIXELS)


def test_a_jpeg_that_says_it_is_a_page_is_one(run: Converter) -> None:
    assert run(exif_thumbnail(*SIZED, (254, 4, 1, 2)), "tiff").converted.frames == 2
