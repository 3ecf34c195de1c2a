"""What is in a TIFF beside the picture: thumbnails, overviews, masks, and the picture that a camera keeps of its raw data."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.engine.conftest import Converter
from tests.engine.tiffs import HEIGHT, PIXELS, WIDTH, tiff_of, tiff_pages

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
