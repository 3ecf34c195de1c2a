"""Orientation, sizes, and the limits of formats."""

from typing import Any

import pytest
from PIL import Image

from conformance import images
from conformance.running import near
from tests.engine.conftest import Converter

CENTRES = {(12, 8): images.RED, (36, 8): images.GREEN, (36, 24): images.BLUE, (12, 24): images.YELLOW}
ORIENTED: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95},
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "AVIF": {"quality": 95},
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("source", ORIENTED)
@pytest.mark.parametrize("metadata", ["strip", "keep"])
def test_orientation_is_baked_in_once(run: Converter, source: str, orientation: int, metadata: str) -> None:
    data = images.oriented(orientation, source, **ORIENTED[source])
    for target in ("png", "jpeg", "tiff", "webp", "avif"):
        result = run(data, target, metadata=metadata)
        described = result.outcome.source
        assert described is not None
        assert (described.width, described.height) == (48, 32)
        seen = result.image()
        assert seen.size == (48, 32)
        assert all(near(seen.convert("RGB").getpixel(at), colour, 16) for at, colour in CENTRES.items())
        assert 0x0112 not in seen.getexif()


def test_an_oriented_compressed_tiff_is_turned_once(run: Converter) -> None:
    turned = images.quarters().transpose(Image.Transpose.ROTATE_90)
    data = images.encoded(turned, "TIFF", compression="tiff_lzw", tiffinfo={0x0112: 6})
    seen = run(data, "png").image().convert("RGB")
    assert seen.size == (48, 32)
    assert all(near(seen.getpixel(at), colour, 0) for at, colour in CENTRES.items())


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"width": 24}, (24, 16)),
        ({"height": 8}, (12, 8)),
        ({"width": 24, "height": 24}, (24, 16)),
        ({"width": 480}, (48, 32)),
        ({"width": 480, "enlarge": True}, (480, 320)),
        ({"width": 20, "height": 20, "fit": "cover"}, (20, 20)),
        ({"width": 64, "height": 64, "fit": "cover"}, (32, 32)),
        ({"width": 64, "height": 64, "fit": "cover", "enlarge": True}, (64, 64)),
        ({"width": 10, "height": 30, "fit": "fill"}, (10, 30)),
        ({"width": 100, "height": 20, "fit": "fill"}, (48, 20)),
        ({"width": 100, "height": 20, "fit": "fill", "enlarge": True}, (100, 20)),
        ({"height": 16, "fit": "cover"}, (24, 16)),
        ({"width": 1}, (1, 1)),
        ({"rotate": 90}, (32, 48)),
        ({"rotate": 180}, (48, 32)),
        ({"rotate": 270, "width": 16}, (16, 24)),
        ({"crop": "10,4,20,8"}, (20, 8)),
        ({"crop": "0,0,48,32"}, (48, 32)),
        ({"crop": "1:1"}, (32, 32)),
        ({"crop": "1:2"}, (16, 32)),
        ({"crop": "4:1", "width": 24}, (24, 6)),
        ({"crop": "10000:1"}, (48, 1)),
        ({"rotate": 90, "crop": "0,0,32,40", "height": 20}, (16, 20)),
        ({"width": 100, "height": 20, "fit": "pad"}, (100, 20)),
        ({"width": 24, "height": 100, "fit": "pad"}, (24, 100)),
        ({"width": 24, "fit": "pad"}, (24, 16)),
        ({"crop": "1:1", "width": 40, "height": 50, "fit": "pad"}, (40, 50)),
    ],
)
def test_sizes(run: Converter, options: dict[str, object], size: tuple[int, int]) -> None:
    result = run(images.encoded(images.quarters(), "PNG"), "png", **options)
    assert (result.converted.width, result.converted.height) == size
    assert result.image().size == size


def test_cover_cuts_the_same_from_both_sides(run: Converter) -> None:
    wide = Image.new("RGB", (90, 30), images.RED)
    wide.paste(images.GREEN, (30, 0, 60, 30))
    wide.paste(images.BLUE, (60, 0, 90, 30))
    seen = run(images.encoded(wide, "PNG"), "png", width=30, height=30, fit="cover").image()
    assert near(seen.getpixel((15, 15)), images.GREEN, 0)
    assert near(seen.getpixel((2, 15)), images.GREEN, 40)
    assert near(seen.getpixel((27, 15)), images.GREEN, 40)


def test_width_is_that_of_the_upright_picture(run: Converter) -> None:
    assert run(images.oriented(6), "png", width=24).image().size == (24, 16)


def test_each_page_is_sized_by_itself(run: Converter) -> None:
    assert [page.size for page in run(images.tiff_pages(), "tiff", height=10).frames()] == [
        (15, 10),
        (20, 10),
        (25, 10),
    ]


def test_every_frame_of_an_animation_is_sized(run: Converter) -> None:
    result = run(images.animated_gif(), "webp", width=20)
    assert [frame.size for frame in result.frames()] == [(20, 15)] * 4


def test_a_side_that_the_target_cannot_hold_is_said(run: Converter) -> None:
    long = images.encoded(Image.new("L", (16_384, 2)), "PNG")
    result = run(long, "webp")
    assert result.failure == "dimension_limit"
    assert result.outcome.failure is not None
    assert "16,383" in result.outcome.failure.detail
    assert run(long, "webp", width=16_000).image().size == (16_000, 2)


def test_grey_of_16_bits_is_resized_as_such(run: Converter) -> None:
    seen = run(images.grey16_png(40_000), "png", width=12).image()
    assert (seen.mode, seen.size, seen.getpixel((5, 5))) == ("I;16", (12, 8), 40_000)


def middle_of(seen: Image.Image) -> list[Any]:
    """The pixels in the middle of the four quarters, from the left, then down."""
    across, down = seen.width // 4, seen.height // 4
    return [seen.convert("RGB").getpixel((x, y)) for y in (down, 3 * down) for x in (across, 3 * across)]


@pytest.mark.parametrize(
    ("degrees", "wanted"),
    [
        (90, [images.YELLOW, images.RED, images.BLUE, images.GREEN]),
        (180, [images.BLUE, images.YELLOW, images.GREEN, images.RED]),
        (270, [images.GREEN, images.BLUE, images.RED, images.YELLOW]),
    ],
)
@pytest.mark.parametrize("orientation", [1, 2, 6])
def test_a_picture_is_turned_clockwise_as_it_is_displayed(
    run: Converter, degrees: int, wanted: list[Any], orientation: int
) -> None:
    seen = run(images.oriented(orientation, "PNG"), "png", rotate=degrees).image()
    assert middle_of(seen) == wanted


@pytest.mark.parametrize("source", ["JPEG", "PNG"])
@pytest.mark.parametrize("width", [None, 12])
def test_a_part_is_counted_in_pixels_after_turning(run: Converter, source: str, width: int | None) -> None:
    large = images.oriented(6, source, **ORIENTED[source])
    # Turned by 90 degrees, the yellow quarter is at the top left, from 0,0 to 16,24.
    seen = run(large, "png", rotate=90, crop="2,4,12,18", width=width).image().convert("RGB")
    assert seen.size == (12, 18)
    assert all(near(seen.getpixel(at), images.YELLOW, 16) for at in ((0, 0), (11, 0), (0, 17), (11, 17)))


@pytest.mark.parametrize("crop", ["160,80,320,160", "163,81,320,160", "2:1"])
def test_a_part_of_a_large_photo_lies_where_it_would_without_a_fast_decoder(run: Converter, crop: str) -> None:
    jpeg = images.encoded(images.quarters((640, 480)), "JPEG", quality=95)
    exact = run(images.encoded(images.decoded(jpeg), "PNG"), "png", crop=crop, width=40).image()
    fast = run(jpeg, "png", crop=crop, width=40).image()
    assert fast.size == exact.size
    assert all(near(fast.getpixel((x, y)), exact.getpixel((x, y)), 24) for x in range(40) for y in range(exact.height))


@pytest.mark.parametrize("crop", ["40,0,9,1", "0,32,1,1", "0,0,49,32", "99999,0,1,1"])
@pytest.mark.parametrize("source", ["PNG", "TIFF"])
def test_a_part_outside_of_the_picture_is_a_failure_that_names_the_size(run: Converter, crop: str, source: str) -> None:
    result = run(images.encoded(images.quarters(), source), "png", crop=crop)
    assert result.failure == "bad_option"
    assert result.outcome.failure is not None
    assert f"{crop} reaches outside of the picture, which has 48 x 32 pixels" in result.outcome.failure.detail
    assert result.data == b""


def test_each_page_is_cropped_and_padded_by_itself(run: Converter) -> None:
    cropped = run(images.tiff_pages(), "tiff", crop="1:1")
    assert len({page.width - page.height for page in cropped.frames()}) == 1
    padded = run(images.tiff_pages(), "tiff", width=200, height=100, fit="pad")
    assert [page.size for page in padded.frames()] == [(200, 100)] * 3
    assert run(images.tiff_pages(), "tiff", crop="0,0,10,1000").failure == "bad_option"


BORDERS = {
    "png": (0, 0, 0, 0), "webp": (0, 0, 0, 0), "tiff": (0, 0, 0, 0), "gif": (0, 0, 0, 0), "qoi": (0, 0, 0, 0),
    "jpeg": (255, 255, 255, 255), "bmp": (255, 255, 255, 255), "ppm": (255, 255, 255, 255),
}  # fmt: skip


@pytest.mark.parametrize("target", BORDERS)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_border_is_clear_where_it_can_be_and_of_the_background_if_one_is_given(
    run: Converter, target: str, mode: str
) -> None:
    data = images.encoded(images.quarters(mode=mode), "PNG")
    clear = run(data, target, width=60, height=60, fit="pad").image().convert("RGBA")
    assert clear.size == (60, 60)
    assert near(clear.getpixel((1, 1)), BORDERS[target], 12)
    assert near(clear.getpixel((30, 57)), BORDERS[target], 12)
    colored = run(data, target, width=60, height=60, fit="pad", background="#0000ff").image().convert("RGBA")
    assert near(colored.getpixel((1, 1)), (0, 0, 255, 255), 16)
    plain = run(data, target).image().convert("RGBA")
    assert near(colored.getpixel((6 + 12, 14 + 8)), plain.getpixel((12, 8)), 16)


def test_an_opaque_film_gets_a_clear_border_on_every_frame(run: Converter) -> None:
    frames = run(images.animated_gif(), "webp", width=60, height=60, fit="pad").frames()
    assert [frame.size for frame in frames] == [(60, 60)] * 4
    assert all(frame.getpixel((1, 1)) == (0, 0, 0, 0) for frame in frames)


@pytest.mark.parametrize(
    ("options", "mode", "corner", "warnings"),
    [
        ({"background": "#808080"}, "I;16", 0x8080, []),
        ({}, "LA", (0, 0), ["depth_reduced"]),
        ({"background": "#ff0000"}, "RGB", (255, 0, 0), ["depth_reduced"]),
    ],
)
def test_grey_of_16_bits_keeps_its_depth_within_a_grey_border(
    run: Converter, options: dict[str, str], mode: str, corner: Any, warnings: list[str]
) -> None:
    result = run(images.grey16_png(40_000), "png", width=60, height=60, fit="pad", **options)
    seen = result.image()
    assert (seen.mode, seen.getpixel((0, 0)), result.warnings) == (mode, corner, warnings)


def test_a_border_counts_as_pixels_of_the_result(run: Converter) -> None:
    result = run(images.png_with_alpha(), "png", limits={"max_pixels": 5000}, width=100, height=100, fit="pad")
    assert result.failure == "too_many_pixels"
    assert run(images.png_with_alpha(), "webp", width=20_000, height=1, fit="pad").failure == "dimension_limit"
