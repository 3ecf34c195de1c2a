"""Alpha, bit depth, modes and palettes: every value checked against what it has to be."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageChops

from conformance import images
from conformance.running import apart, near
from tests.engine.conftest import Converter
from tests.engine.tiffs import tiff_of

GARISH = (0, 255, 0)


def hidden_green() -> Image.Image:
    """Left half opaque red, right half clear; under the clear hides green."""
    image = Image.new("RGBA", (64, 16), (*images.RED, 255))
    image.paste((*GARISH, 0), (32, 0, 64, 16))
    return image


@pytest.mark.parametrize("target", ["png", "webp", "tiff", "avif", "gif"])
def test_what_alpha_hides_is_gone(run: Converter, target: str) -> None:
    seen = run(images.encoded(hidden_green(), "PNG"), target).image().convert("RGBA")
    green = seen.getchannel("G").crop((0, 0, 64, 16))
    assert sum(green.histogram()[40:]) == 0


@pytest.mark.parametrize("target", ["jpeg", "bmp", "png", "gif"])
def test_hidden_colours_do_not_bleed_when_resized(run: Converter, target: str) -> None:
    seen = run(images.encoded(hidden_green(), "PNG"), target, width=7).image().convert("RGB")
    pixels = [seen.getpixel((x, 1)) for x in range(7)]
    background_only = all(red >= green - 12 for red, green, _ in pixels)  # type: ignore[misc]
    assert background_only, pixels


def test_flattening_is_by_share(run: Converter) -> None:
    half = images.encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 128)), "PNG")
    assert near(run(half, "bmp", background="#0000ff").image().getpixel((4, 4)), (128, 0, 127), 1)
    grey = images.encoded(Image.new("LA", (8, 8), (0, 128)), "PNG")
    white = run(grey, "bmp").image()
    assert (white.mode, white.getpixel((4, 4))) == ("L", 127)
    assert near(run(grey, "bmp", background="#ff0000").image().getpixel((4, 4)), (127, 0, 0), 1)


def test_opaque_alpha_is_dropped_in_silence(run: Converter) -> None:
    opaque = images.encoded(Image.new("RGBA", (8, 8), (1, 2, 3, 255)), "PNG")
    result = run(opaque, "jpeg")
    assert result.warnings == []


def test_gif_alpha_is_on_or_off_and_soft_edges_lie_on_the_background(run: Converter) -> None:
    ramp = Image.new("RGBA", (256, 1))
    ramp.putdata([(255, 0, 0, alpha) for alpha in range(256)])
    seen = run(images.encoded(ramp, "PNG"), "gif", background="#0000ff").image().convert("RGBA")
    alphas = [seen.getpixel((x, 0))[3] for x in range(256)]  # type: ignore[index]
    assert alphas == [0] * 128 + [255] * 128
    assert near(seen.getpixel((128, 0)), (128, 0, 127, 255), 4)
    assert near(seen.getpixel((255, 0)), (255, 0, 0, 255), 4)


@pytest.mark.parametrize("target", ["png", "webp", "tiff", "avif"])
def test_transparency_hidden_beside_the_pixels_is_found(run: Converter, target: str) -> None:
    grey = Image.new("L", (8, 8), 7)
    grey.paste(200, (4, 0, 8, 8))
    colour = grey.convert("RGB")
    palette = colour.quantize(4)
    clear = palette.getpixel((0, 0))
    for data in (
        images.encoded(grey, "PNG", transparency=7),
        images.encoded(colour, "PNG", transparency=(7, 7, 7)),
        images.encoded(palette, "PNG", transparency=clear),
        images.encoded(palette, "PNG", transparency=bytes([0 if index == clear else 255 for index in range(4)])),
        images.encoded(palette, "GIF", transparency=clear),
    ):
        seen = run(data, target).image().convert("RGBA")
        assert seen.getpixel((1, 4))[3] <= 2  # type: ignore[index]
        assert seen.getpixel((6, 4))[3] >= 253  # type: ignore[index]


@pytest.mark.parametrize(("depth", "clear"), [(1, 0), (2, 1), (4, 5)])
def test_a_transparent_grey_of_few_bits_is_in_the_files_own_scale(run: Converter, depth: int, clear: int) -> None:
    high = (1 << depth) - 1
    row = b"\0" + bytes([(clear << 8 - depth) | (high << 8 - 2 * depth)])
    data = images.png_of(2, 1, depth, 0, row, images.chunk(b"tRNS", struct.pack(">H", clear)))
    seen = run(data, "png").image().convert("RGBA")
    assert [seen.getpixel((x, 0))[3] for x in (0, 1)] == [0, 255]  # type: ignore[index]


def test_a_transparent_grey_of_16_bits(run: Converter) -> None:
    row = b"\0" + struct.pack(">HH", 40_000, 40_001)
    data = images.png_of(2, 1, 16, 0, row, images.chunk(b"tRNS", struct.pack(">H", 40_000)))
    result = run(data, "qoi")
    assert [result.image().convert("LA").getpixel((x, 0))[1] for x in (0, 1)] == [0, 255]  # type: ignore[index]
    assert result.warnings == ["depth_reduced"]


@pytest.mark.parametrize("target", ["jpeg", "png", "webp", "gif", "tiff", "bmp", "avif"])
def test_grey_of_16_bits_is_kept_or_scaled(run: Converter, target: str) -> None:
    result = run(images.grey16_png(40_000), target)
    seen = result.image()
    if target in {"png", "tiff"}:
        assert (seen.mode, seen.getpixel((3, 3)), result.warnings) == ("I;16", 40_000, [])
    else:
        lossy = 1 if target in {"jpeg", "webp", "avif"} else 0
        assert near(seen.convert("RGB").getpixel((3, 3)), (156, 156, 156), lossy)
        assert result.warnings == ["depth_reduced"]


def test_a_big_endian_tiff_of_16_bits(run: Converter) -> None:
    image = Image.frombytes("I;16B", (2, 1), struct.pack(">HH", 40_000, 300))
    seen = run(images.encoded(image, "TIFF"), "png").image()
    assert [seen.getpixel((x, 0)) for x in (0, 1)] == [40_000, 300]


@pytest.mark.parametrize(("photometric", "wanted"), [(0, 25_535), (1, 40_000)])
def test_a_tiff_of_16_bits_in_which_white_is_zero(run: Converter, photometric: int, wanted: int) -> None:
    image = Image.new("I;16", (4, 4), 40_000)
    data = images.encoded(image, "TIFF", tiffinfo={262: photometric})
    assert run(data, "png").image().getpixel((1, 1)) == wanted


def test_colour_of_16_bits_is_said(run: Converter) -> None:
    row = b"\0" + struct.pack(">3H", 40_000, 65_535, 0)
    result = run(images.png_of(1, 1, 16, 2, row), "qoi")
    assert result.warnings == ["depth_reduced"]
    assert near(result.image().getpixel((0, 0)), (156, 255, 0), 0)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_floats_that_are_steps_of_8_bits_stay_these(run: Converter, kind: str) -> None:
    steps = np.arange(256).reshape(16, 16)
    for samples, mode in ((steps / 255, "L"), (np.dstack([steps / 255] * 3), "L"), (steps / 256, "I;16")):
        photometric = "minisblack" if samples.ndim == 2 else "rgb"
        result = run(tiff_of(samples.astype(kind), photometric=photometric), "png")
        assert (result.image().mode, result.warnings) == (
            mode,
            ["depth_reduced"] if (mode, kind != "f2") == ("I;16", True) else [],
        )
        if mode != "I;16":
            assert np.array_equal(np.asarray(result.image()).reshape(16, 16, -1)[:, :, 0], steps)


@pytest.mark.parametrize(
    ("values", "wanted", "stretched"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255], False),
        ([-2.0, 0.0, 2.0], [0, 128, 255], True),
        ([0, 5, 10], [0, 128, 255], True),
    ],
)
def test_floats(run: Converter, values: list[float], wanted: list[int], stretched: bool) -> None:
    result = run(images.float_tiff(values), "bmp")
    seen = result.image()
    assert near([seen.getpixel((x, 0)) for x in range(3)], wanted, 1)
    assert result.warnings == ["depth_reduced"]
    assert ("became black" in result.outcome.warnings[0].detail) is stretched
    deep = run(images.float_tiff(values), "png").image()
    assert near([deep.getpixel((x, 0)) for x in range(3)], [0, 32_768, 65_535], 1)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(
    ("values", "wanted", "words"),
    [
        ([0.25, 1.0], [16_384, 65_535], "(samples without a value became black)"),
        ([2.0, 3.0, 4.0], [0, 32_768, 65_535], "(2 and samples without a value became black, 4 white)"),
    ],
)
def test_floats_that_are_no_numbers_are_black_and_that_is_said(
    run: Converter, bad: float, values: list[float], wanted: list[int], words: str
) -> None:
    result = run(images.float_tiff([bad, *values]), "png")
    assert result.warnings == ["depth_reduced"]
    assert words in result.outcome.warnings[0].detail
    assert near([result.image().getpixel((x, 0)) for x in range(len(values) + 1)], [0, *wanted], 1)
    assert run(images.float_tiff([bad, bad]), "png").failure == "unsupported_image"


def test_modes_that_other_programs_write(run: Converter) -> None:
    bit = Image.new("1", (16, 16), 1)
    bit.paste(0, (0, 0, 8, 16))
    for name in ("PNG", "TIFF", "BMP"):
        seen = run(images.encoded(bit, name), "png").image().convert("L")
        assert (seen.getpixel((2, 2)), seen.getpixel((12, 2))) == (0, 255)
    lab = images.encoded(Image.new("LAB", (8, 8), (128, 128, 128)), "TIFF")
    assert near(run(lab, "png").image().convert("RGB").getpixel((2, 2)), (119, 119, 119), 1)
    ycc = images.encoded(Image.new("RGB", (16, 16), images.BLUE).convert("YCbCr"), "TIFF")
    assert near(run(ycc, "png").image().convert("RGB").getpixel((2, 2)), images.BLUE, 4)
    palette = images.encoded(images.quarters().quantize(4), "TIFF")
    assert apart(run(palette, "png").image().convert("RGB"), images.quarters()) == 0


def test_colors_reduced_is_said_only_when_true(run: Converter) -> None:
    few = Image.new("RGB", (16, 16))
    few.putdata([(index, index ^ 3, 255 - index) for index in range(256)])
    result = run(images.encoded(few, "PNG"), "gif")
    assert result.warnings == []
    assert apart(result.image().convert("RGB"), few) == 0
    many = Image.merge("RGB", [Image.linear_gradient("L").rotate(angle) for angle in (0, 90, 180)])
    result = run(images.encoded(many, "PNG"), "gif")
    assert result.warnings == ["colors_reduced"]
    difference = ImageChops.difference(result.image().convert("RGB"), many).convert("L")
    assert sum(difference.histogram()[80:]) == 0
