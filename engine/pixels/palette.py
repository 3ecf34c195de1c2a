"""Reduce a picture to a few colors, chosen by median cut, with or without dithering.

Where there is transparency, colors and alpha are chosen together (see `soft_palette`), and only what is opaque is
dithered.
"""

import math
from collections.abc import Iterator

import numpy as np
from PIL import Image

from engine.pixels import soft_palette

SAMPLE = 1 << 20
"""Pixels that colors are chosen by, about. The choice takes much memory for each."""

LEAST = 1 << 10
"""Pixels of each frame that the colors of a film are chosen by, at least."""

DITHERS = {True: Image.Dither.FLOYDSTEINBERG, False: Image.Dither.NONE}


def reduce_colors(image: Image.Image, limit: int, *, dither: bool) -> Image.Image:
    """Return L, LA, RGB or RGBA with at most `limit` colors (2 to 256), all that is clear being one of them.

    The result has a palette (P), or the mode of the image where it is grey or has few colors anyway.
    """
    if image.getcolors(limit) is not None:
        return image
    if image.mode == "L":
        return _choose_colors(image.convert("RGB"), limit, dither=dither).convert("L")
    if image.mode == "LA":
        grey = reduce_colors(image.convert("RGBA"), limit, dither=dither)
        return grey.convert("RGBA").convert("LA")
    if image.mode == "RGB":
        return _choose_colors(image, limit, dither=dither)
    palette = soft_palette.choose_palette(soft_palette.sample_pixels(image), limit)
    return soft_palette.draw_colors(image, palette, dither=dither)


def choose_film_colors(pictures: Iterator[Image.Image], count: int, limit: int) -> soft_palette.Colors | None:
    """Return at most `limit` colors for all pictures of a film, None when they have no more anyway."""
    seen: set[object] = set()
    samples, most = [], max(LEAST, soft_palette.SAMPLE // count)
    for picture in pictures:
        image = picture.convert("RGBA")
        if len(seen) <= limit:
            colors = image.getcolors(limit)
            seen.update(range(limit + 1) if colors is None else (color for _, color in colors))
        samples.append(soft_palette.sample_pixels(image, most))
    return soft_palette.choose_palette(np.concatenate(samples), limit) if len(seen) > limit else None


def _choose_colors(colors: Image.Image, limit: int, *, dither: bool) -> Image.Image:
    table = sample_pixels(colors).quantize(limit, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return colors.quantize(limit, palette=table, dither=DITHERS[dither])


def sample_pixels(colors: Image.Image) -> Image.Image:
    """Return enough of a picture to choose colors by."""
    step = math.isqrt(colors.width * colors.height // SAMPLE)
    return colors if step <= 1 else colors.reduce(step)
