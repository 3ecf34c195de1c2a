"""Colors with alpha: which are chosen, and where pixels find theirs."""

import numpy as np
import pytest
from PIL import Image

from engine.pixels import soft_palette
from engine.pixels.soft_palette import choose_palette, draw_colors, sample_pixels


def noise(size: tuple[int, int], low: int = 1, high: int = 254) -> Image.Image:
    """Soft pixels of any color and alpha from `low` to `high`."""
    random = np.random.default_rng(5)
    samples = random.integers(0, 256, (size[1], size[0], 4), np.uint8)
    samples[:, :, 3] = random.integers(low, high + 1, size[::-1], np.uint8)
    return Image.fromarray(samples)


@pytest.mark.parametrize("size", [(8, 9), (400, 500)])
@pytest.mark.parametrize("limit", [2, 3, 4, 256])
def test_one_clear_and_one_opaque_pixel_in_many_stay_so(size: tuple[int, int], limit: int) -> None:
    """A sample of a large picture does not see them, and its colors are rounded."""
    image = noise(size)
    image.putpixel((3, 5), (0, 0, 0, 0))
    image.putpixel((1, 7), (10, 250, 30, 255))
    palette = choose_palette(sample_pixels(image, 60), limit)
    seen = draw_colors(image, palette, dither=True).convert("RGBA")
    assert len(palette) <= limit
    assert seen.getpixel((3, 5)) == (0, 0, 0, 0)
    assert seen.getpixel((1, 7)) == (10, 250, 30, 255)


@pytest.mark.parametrize("bits", range(1, 8))
def test_rounding_makes_nothing_clear_or_opaque(bits: int) -> None:
    colors = np.arange(256, dtype=np.uint32) << np.uint32(24) | np.uint32(0x00F00F80)
    alpha = soft_palette._round_colors(colors, bits) >> np.uint32(24)
    assert alpha[0] == 0
    assert alpha[255] == 255
    assert ((alpha[1:255] > 0) & (alpha[1:255] < 255)).all()
    assert len(np.unique(alpha)) <= (256 >> bits) + 2


def test_distances_are_those_on_black_and_on_white() -> None:
    one, other = np.array([0x80FF4000, 0x30201090], np.uint32).view(np.uint8).reshape(2, 4).astype(float)
    total = 0.0
    for ground in (0, 255):
        laid = [pixel[:3] * pixel[3] / 255 + ground * (1 - pixel[3] / 255) for pixel in (one, other)]
        total += float(((laid[0] - laid[1]) ** 2).sum())
    near, far = soft_palette.locate(np.array([0x80FF4000, 0x30201090], np.uint32))
    assert float(((near - far) ** 2).sum()) == pytest.approx(total, rel=1e-4)


def test_few_colors_are_chosen_as_they_are() -> None:
    colors = np.array([0, 0xFF0000FF, 0xFF00FF00, 0x40FF0000, 0x80FFFFFF], np.uint32)
    assert set(choose_palette(np.repeat(colors, 9), 5)) == set(colors)


def test_a_color_of_the_palette_is_not_dithered() -> None:
    """Pillow looks colors up by six bits a channel, so it takes one of these shades for the others."""
    shades = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    for step in range(4):
        shades.paste((20 + step, 60, 210, 255), (10 * step, 5, 10 * step + 10, 30))
    palette = choose_palette(sample_pixels(shades), 5)
    assert draw_colors(shades, palette, dither=True).convert("RGBA").tobytes() == shades.tobytes()
