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
