"""Colour that files describe by numbers: CICP in PNG and AVIF, gamma and chromaticities in PNG."""

import struct

import numpy as np
import pytest
from PIL import Image

from conformance import images
from conformance.profiles import ADOBE_RGB, grey_profile, rgb_profile
from conformance.running import near
from tests.engine.conftest import Converter

BROWN = (200, 100, 50)
D65 = (0.3127, 0.3290)
BROWN_OF_P3 = (215, 93, 31)
"""BROWN under Display P3's primaries and sRGB's curve, as sRGB: by hand from the matrices of the two."""


def brown_png(*extra: bytes) -> bytes:
    return images.png_of(8, 8, 8, 2, (b"\0" + bytes(BROWN) * 8) * 8, *extra)


def brown_avif(primaries: int, transfer: int) -> bytes:
    data = images.encoded(Image.new("RGB", (16, 16), BROWN), "AVIF", quality=100, subsampling="4:4:4")
    at = data.index(b"nclx") + 4
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def by_profile(run: Converter, profile: bytes) -> tuple[int, int, int]:
    """What the same samples are with an ICC profile of the same meaning."""
    image = Image.new("RGB", (8, 8), BROWN)
    return seen(run, images.encoded(image, "PNG", icc_profile=profile))


def seen(run: Converter, data: bytes) -> tuple[int, int, int]:
    result = run(data, "bmp")
    assert result.warnings == []
    red, green, blue = result.image().getpixel((3, 3))  # type: ignore[misc]
    return red, green, blue


def chromaticities(*points: tuple[float, float]) -> bytes:
    return images.chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for point in points for value in point)))


def gamma(value: float) -> bytes:
    return images.chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def cicp(primaries: int, transfer: int) -> bytes:
    return images.chunk(b"cICP", bytes((primaries, transfer, 0, 1)))


def test_display_p3_by_number(run: Converter) -> None:
    assert near(seen(run, brown_png(cicp(12, 13))), BROWN_OF_P3, 1)
    assert near(seen(run, brown_avif(12, 13)), BROWN_OF_P3, 3)


@pytest.mark.parametrize("numbers", [(1, 13), (1, 1), (2, 2), (1, 6)])
def test_numbers_that_mean_srgb_move_nothing(run: Converter, numbers: tuple[int, int]) -> None:
    assert seen(run, brown_png(cicp(*numbers))) == BROWN
    assert near(seen(run, brown_avif(*numbers)), BROWN, 3)


def test_linear_light(run: Converter) -> None:
    wanted = by_profile(run, rgb_profile(((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), 1.0))
    assert near(seen(run, brown_png(cicp(1, 8))), wanted, 2)
    assert near(seen(run, brown_png(gamma(1.0))), wanted, 2)


def test_numbers_come_before_a_profile_and_a_profile_before_gamma(run: Converter) -> None:
    image = Image.new("RGB", (8, 8), BROWN)
    with_profile = images.encoded(image, "PNG", icc_profile=rgb_profile(ADOBE_RGB))
    at = 8 + 25
    assert seen(run, with_profile[:at] + cicp(1, 13) + with_profile[at:]) == BROWN
    adobe = by_profile(run, rgb_profile(ADOBE_RGB))
    assert seen(run, with_profile[:at] + gamma(1.0) + with_profile[at:]) == adobe


def test_chromaticities_of_a_png(run: Converter) -> None:
    wanted = by_profile(run, rgb_profile(ADOBE_RGB))
    assert near(seen(run, brown_png(gamma(1 / 2.2), chromaticities(D65, *ADOBE_RGB))), wanted, 2)


@pytest.mark.parametrize(
    "extra",
    [
        [gamma(0.45455)],
        [gamma(0.45455), chromaticities(D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))],
        [images.chunk(b"sRGB", b"\0"), gamma(1.0)],
        [gamma(0.0)],
        [gamma(0.00001)],
        [chromaticities(D65, *ADOBE_RGB)],
    ],
)
def test_a_gamma_that_says_srgb_or_nothing_moves_nothing(run: Converter, extra: list[bytes]) -> None:
    assert seen(run, brown_png(*extra)) == BROWN


def test_a_grey_png_has_a_gamma_too(run: Converter) -> None:
    image = Image.new("L", (8, 8), 55)
    wanted = run(images.encoded(image, "PNG", icc_profile=grey_profile(1.0)), "bmp").image().getpixel((1, 1))
    data = images.png_of(8, 8, 8, 0, (b"\0" + bytes([55]) * 8) * 8, gamma(1.0))
    assert near([run(data, "bmp").image().getpixel((1, 1))], [wanted], 2)
    assert near([wanted], [128], 4)


def test_dark_greys_follow_a_steep_curve(run: Converter) -> None:
    rows = b"\0" + bytes(range(256))
    seen = np.asarray(run(images.png_of(256, 1, 8, 0, rows, gamma(1.0)), "bmp").image().convert("L"), float)[0]
    light = np.arange(256) / 255
    wanted = 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(seen - wanted).max() <= 1


@pytest.mark.parametrize(
    ("numbers", "word"), [((200, 13), "not known"), ((9, 99), "not known"), ((200, 16), "not known")]
)
def test_what_cannot_be_used_is_said(run: Converter, numbers: tuple[int, int], word: str) -> None:
    for data in (brown_png(cicp(*numbers)), brown_avif(*numbers)):
        result = run(data, "png")
        assert result.warnings == ["profile_ignored"]
        assert word in result.outcome.warnings[0].detail


def test_chromaticities_that_make_no_sense(run: Converter) -> None:
    data = brown_png(gamma(0.5), chromaticities(D65, (0.3, 0.0), (0.3, 0.0), (0.3, 0.0)))
    assert run(data, "png").warnings == ["profile_ignored"]


def test_color_keep_keeps_what_the_numbers_say(run: Converter) -> None:
    kept = run(brown_png(cicp(12, 13)), "png", color="keep")
    assert kept.image().getpixel((1, 1)) == BROWN
    assert near(seen(run, kept.data), BROWN_OF_P3, 1)
