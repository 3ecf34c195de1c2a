"""Reduce a picture to a few colors, chosen by median cut, with or without dithering.

Where transparency is soft, colors and alpha are chosen together by an octree, and nothing is dithered: Pillow offers no
more for that.
"""

import math

from PIL import Image, ImageChops

from engine.pixels.alpha import has_soft_edges

SAMPLE = 1 << 20
"""Pixels that colors are chosen by, about. The choice takes much memory for each."""

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
    if has_soft_edges(image):
        return image.quantize(limit, method=Image.Quantize.FASTOCTREE)
    return _choose_colors_and_clear(image, limit, dither=dither)


def _choose_colors(colors: Image.Image, limit: int, *, dither: bool) -> Image.Image:
    table = sample_pixels(colors).quantize(limit, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return colors.quantize(limit, palette=table, dither=DITHERS[dither])


def _choose_colors_and_clear(image: Image.Image, limit: int, *, dither: bool) -> Image.Image:
    """Return RGBA without soft edges as a palette whose last entry is clear, if anything is."""
    alpha = image.getchannel("A")
    colors = image.convert("RGB")
    clear = ImageChops.invert(alpha)
    if clear.getbbox() is None:
        return _choose_colors(colors, limit, dither=dither)
    # What is clear takes a color that is seen, so that it costs no entry of the palette.
    at = alpha.tobytes().find(255)
    colors.paste(colors.getpixel((at % alpha.width, at // alpha.width)), mask=clear)  # type: ignore[arg-type]
    indexed = _choose_colors(colors, limit - 1, dither=dither)
    entries = bytes(indexed.getpalette() or ())[: 3 * (limit - 1)]
    free = len(entries) // 3
    indexed.putpalette(entries + bytes(3))
    indexed.paste(free, mask=clear)
    indexed.info["transparency"] = free
    return indexed


def sample_pixels(colors: Image.Image) -> Image.Image:
    """Return enough of a picture to choose colors by."""
    step = math.isqrt(colors.width * colors.height // SAMPLE)
    return colors if step <= 1 else colors.reduce(step)
