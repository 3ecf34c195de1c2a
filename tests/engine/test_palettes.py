"""Fewer colours on request: how many, how they are mixed, and what becomes of transparency."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

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


def disc(mode: str = "RGBA") -> Image.Image:
    """A blue disc with a blurred edge, opaque in the middle, clear around."""
    shape = Image.new("L", (120, 120))
    ImageDraw.Draw(shape).ellipse((30, 30, 90, 90), fill=255)
    image = Image.composite(slope().resize(shape.size), Image.new("RGB", shape.size, "blue"), shape)
    image.putalpha(shape.filter(ImageFilter.GaussianBlur(6)))
    clear = image.getchannel("A").point([255] + [0] * 255)
    image.paste((0, 0, 0, 0), mask=clear)
    return image.convert(mode)


def measure_noise(one: Image.Image, other: Image.Image) -> float:
    """Return the decibels of signal over noise, on black or white, whichever is worse."""
    found = []
    for ground in ("black", "white"):
        laid = [Image.new("RGBA", one.size, ground) for _ in (one, other)]
        for below, image in zip(laid, (one, other), strict=True):
            below.alpha_composite(image.convert("RGBA"))
        error = np.subtract(*(np.asarray(image).astype(float) for image in laid))
        found.append(10 * np.log10(255**2 / max(1e-9, (error[:, :, :3] ** 2).mean())))
    return float(min(found))


@pytest.mark.parametrize("target", ["png", "tiff", "tga"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("dither", [True, False])
@pytest.mark.parametrize(("colors", "decibels"), [(2, 10), (3, 15), (16, 25), (256, 36)])
def test_soft_edges_keep_what_is_clear_and_what_is_opaque(
    run: Converter, target: str, mode: str, dither: bool, colors: int, decibels: float
) -> None:
    seen = run(images.encoded(disc(mode), "PNG"), target, colors=colors, dither=dither).image().convert("RGBA")
    before, after = (np.asarray(image.convert("RGBA").getchannel("A")) for image in (disc(mode), seen))
    assert set(after[before == 0]) == {0}
    assert set(after[before == 255]) == {255}
    assert len(set(seen.get_flattened_data())) <= colors
    assert len(set(seen.get_flattened_data())) >= 0.8 * colors
    assert measure_noise(disc(mode), seen) > decibels


def test_dots_mix_what_is_opaque_and_leave_alpha_alone(run: Converter) -> None:
    image = slope("RGBA")
    image.paste((90, 40, 20, 128), (16, 0, 20, 48))
    data = images.encoded(image, "PNG")
    mixed, plain = (run(data, "png", colors=12, dither=dither).image().convert("RGBA") for dither in (True, False))
    assert mixed.getchannel("A").tobytes() == plain.getchannel("A").tobytes()
    assert mixed.tobytes() != plain.tobytes()


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


def make_film(frames: list[Image.Image]) -> bytes:
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:], duration=80)
    return buffer.getvalue()


def photograph() -> Image.Image:
    noise = np.random.default_rng(3).normal(0, 12, (48, 64, 3))
    return Image.fromarray(np.clip(np.asarray(slope()) + noise, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("picture", [photograph, disc])
@pytest.mark.parametrize("colors", [8, 256])
def test_an_apng_has_one_palette_for_all_frames(
    run: Converter, picture: Callable[[], Image.Image], colors: int
) -> None:
    data = make_film([ImageChops.offset(picture(), 7 * step, 3).rotate(90 * step) for step in range(4)])
    result = run(data, "png", colors=colors)
    assert result.stored().mode == "P"
    assert len({color for frame in result.frames() for color in frame.convert("RGBA").get_flattened_data()}) <= colors
    assert len(result.data) < len(run(data, "png").data)
    assert result.times() == [80] * 4


def test_a_film_of_few_colours_is_left_alone(run: Converter) -> None:
    """One of its colours is that of a single pixel."""
    frames = [ImageChops.offset(images.quarters().resize((960, 720), 0), 200 * step, 0) for step in range(3)]
    frames[1].putpixel((2, 4), (90, 90, 90))
    seen = run(make_film(frames), "png", colors=5).frames()
    assert [frame.convert("RGB").tobytes() for frame in seen] == [frame.tobytes() for frame in frames]
    fewer = run(make_film(frames), "png", colors=3).frames()
    assert len({color for frame in fewer for _, color in frame.convert("RGB").getcolors() or []}) == 3


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
