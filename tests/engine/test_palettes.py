"""Fewer colours on request: how many, how they are mixed, and what becomes of transparency."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from conformance import images
from tests.engine.conftest import Converter

STILL = ("png", "gif", "bmp", "tiff", "pcx", "tga")


def slope(mode: str = "RGB") -> Image.Image:
    """A picture of many colours, whose alpha, if any, is clear on the left and opaque on the right."""
    across, down = np.meshgrid(np.linspace(0, 255, 64), np.linspace(0, 255, 48))
    image = Image.fromarray(np.stack([across, down, 255 - across], -1).astype(np.uint8))
    if mode in {"LA", "RGBA"}:
        alpha = Image.new("L", image.size, 255)
        alpha.paste(0, (0, 0, 16, 48))
        image.putalpha(alpha)
    return image.convert(mode)


def soft() -> Image.Image:
    image = slope("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def differ_from_afar(one: Image.Image, other: Image.Image) -> float:
    blurred = [image.filter(ImageFilter.GaussianBlur(4)) for image in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*blurred)).mean)


def count_colors(image: Image.Image) -> int:
    return len(image.convert("RGBA").getcolors(1 << 16) or [])


@pytest.mark.parametrize("target", STILL)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("colors", [2, 16, 255])
def test_a_result_has_no_more_colours_than_asked(run: Converter, target: str, mode: str, colors: int) -> None:
    result = run(images.encoded(slope(mode), "PNG"), target, colors=colors)
    seen = result.image()
    assert 2 <= count_colors(seen) <= colors
    assert "colors_reduced" not in result.warnings
    if target in {"png", "gif", "tiff", "tga"} and mode in {"LA", "RGBA"}:
        alpha = np.asarray(seen.convert("RGBA").getchannel("A"))
        assert (alpha[:, :16] == 0).all()
        assert (alpha[:, 16:] == 255).all()


@pytest.mark.parametrize("target", STILL)
def test_colours_stay_near_and_dots_mix_them(run: Converter, target: str) -> None:
    data, whole = images.encoded(slope(), "PNG"), slope()
    mixed = run(data, target, colors=8).image().convert("RGB")
    plain = run(data, target, colors=8, dither=False).image().convert("RGB")
    assert mixed.tobytes() != plain.tobytes()
    # From afar, the dots show the colours between.
    assert differ_from_afar(mixed, whole) < 0.8 * differ_from_afar(plain, whole)
    assert differ_from_afar(plain, whole) < 60


@pytest.mark.parametrize("target", ["png", "bmp", "tiff", "pcx", "tga"])
def test_few_colours_are_stored_as_a_palette(run: Converter, target: str) -> None:
    data = images.noisy_jpeg()
    result = run(data, target, colors=16)
    assert result.stored().mode in {"P", "L"}
    assert count_colors(result.image()) <= 16
    # Sixteen greys take eight bits of a TGA, as 256 do.
    assert target == "tga" or len(result.data) < len(run(data, target).data)


def test_soft_edges_stay_soft_in_png_and_are_said_in_gif(run: Converter) -> None:
    data = images.encoded(soft(), "PNG")
    seen = run(data, "png", colors=32).image()
    assert count_colors(seen) <= 32
    levels = set(seen.convert("RGBA").getchannel("A").tobytes())
    assert len(levels & set(range(1, 255))) >= 3
    reduced = run(data, "gif", colors=32)
    assert count_colors(reduced.image()) <= 32
    assert "alpha_reduced" in reduced.warnings


def test_gif_without_dots_is_said_to_have_fewer_colours(run: Converter) -> None:
    data = images.encoded(slope(), "PNG")
    plain = run(data, "gif", dither=False)
    assert plain.warnings == ["colors_reduced"]
    assert plain.data != run(data, "gif").data
    few = images.encoded(images.quarters(), "PNG")
    assert run(few, "gif", dither=False).warnings == []


def test_a_picture_of_few_colours_is_left_alone(run: Converter) -> None:
    seen = run(images.encoded(images.quarters(), "PNG"), "png", colors=4).image()
    assert seen.convert("RGB").tobytes() == images.quarters().tobytes()


@pytest.mark.parametrize("target", ["gif", "png"])
def test_every_frame_of_a_film_has_few_colours(run: Converter, target: str) -> None:
    frames = [slope().rotate(90 * turn) for turn in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True, duration=80)
    result = run(buffer.getvalue(), target, colors=6)
    assert [count_colors(frame) <= 6 for frame in result.frames()] == [True] * 3
    assert result.converted.frames == 3


@pytest.mark.parametrize("options", [{}, {"dither": False}])
def test_grey_of_16_bits_becomes_8(run: Converter, options: dict[str, Any]) -> None:
    result = run(images.grey16_png(40_000), "png", colors=4, **options)
    assert result.image().getpixel((5, 5)) == 156
    assert result.warnings == ["depth_reduced"]


@pytest.mark.parametrize("color", ["srgb", "keep"])
def test_ink_becomes_colours_first(run: Converter, color: str) -> None:
    """A palette holds colours of light."""
    result = run(images.encoded(slope().convert("CMYK"), "TIFF"), "tiff", colors=9, color=color)
    assert count_colors(result.image().convert("RGB")) <= 9
