"""Pack pixels into the fewest bits that hold them all, without loss.

The steps work on samples of 8 bits. What was a drawing of a few colors, a scan of one bit, or grey stored as color is
found again here, by counting colors. A photograph has too many, which a few of its rows already show.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.pixels.sampling import sample_rows

MOST_COLORS = 256
BAND = 1 << 18
"""Pixels that are looked up at once, about."""

TABLE_BITS = 16
FACTORS = tuple(np.uint32((0x9E3779B1 + step * 0x85EBCA76) & 0xFFFFFFFF) for step in range(16))
"""Odd numbers, the golden ratio of 32 bits first. Each has a better than even chance to give 256 colors places of their own."""

RAW = {"LA": ("LA", "<u2"), "RGB": ("RGBX", "<u4"), "RGBA": ("RGBA", "<u4")}
"""Pillow's name of a pixel's bytes in each mode, and the number that these are."""

Color = tuple[int, ...]
Numbers = NDArray[np.uint32]


def pack_pixels(image: Image.Image, holds: frozenset[str], *, profiled: bool = False) -> Image.Image:
    """Return L, LA, RGB or RGBA as 1, L or P if that is exact, else the image itself.

    `holds` names the modes that the target can store: "1", "L", "P", and "PA" for a palette with transparency, which
    becomes mode P with one alpha value a color in `info`. Grey of at most 16 values becomes a palette, if `holds` has
    "P4" for palettes of 4 bits. With a profile (`profiled`), color stays color and grey stays grey.
    """
    colors = find_colors(image)
    if colors is None:
        return image
    grey, opaque = all(map(is_grey, colors)), all(map(is_opaque, colors)) or "A" not in image.mode
    was_grey = image.mode in {"L", "LA"}
    if grey and opaque and (was_grey or not profiled):
        return _pack_grey(image, colors, holds, palettes=not profiled)
    if "P" not in holds or not (opaque or "PA" in holds) or (was_grey and profiled):
        return image
    return _index_colors(image, colors)


def find_colors(image: Image.Image) -> list[Color] | None:
    """Return the colors of L, LA, RGB or RGBA, the most frequent first. None if there are more than 256."""
    if image.mode not in {"L", *RAW} or sample_rows(image).getcolors(MOST_COLORS) is None:
        return None
    counted = image.getcolors(MOST_COLORS)
    if counted is None:
        return None
    found = [(count, color if isinstance(color, tuple) else (int(color),)) for count, color in counted]
    return [color for _, color in sorted(found, reverse=True)]


def is_grey(color: Color) -> bool:
    """Say whether a color of L, LA, RGB or RGBA is grey."""
    return len(color) < 3 or color[0] == color[1] == color[2]


def is_opaque(color: Color) -> bool:
    """Say whether a color of LA or RGBA is opaque."""
    return color[-1] == 255


def _pack_grey(image: Image.Image, colors: list[Color], holds: frozenset[str], *, palettes: bool) -> Image.Image:
    grey = image if image.mode == "L" else image.getchannel(0)
    greys = {color[0] for color in colors}
    if greys <= {0, 255} and "1" in holds:
        return grey.convert("1", dither=Image.Dither.NONE)
    if len(greys) <= 16 and "P4" in holds and palettes:
        return _index_colors(grey, [(value,) for value in sorted(greys)])
    return grey if "L" in holds else image


def _index_colors(image: Image.Image, colors: Iterable[Color]) -> Image.Image:
    """Return the picture as a palette of these colors, clear ones first: a PNG lists alpha up to the last of them."""
    has_alpha = image.mode in {"LA", "RGBA"}
    listed = sorted(colors, key=is_opaque) if has_alpha else list(colors)
    indexed = _map_greys(image, listed) if image.mode == "L" else _map_colors(image, listed)
    painted = [color[:-1] if has_alpha else color for color in listed]
    indexed.putpalette(bytes(value for color in painted for value in (color * 3 if len(color) == 1 else color)))
    if has_alpha and not all(map(is_opaque, listed)):
        indexed.info["transparency"] = bytes(color[-1] for color in listed if not is_opaque(color))
    return indexed


def _map_greys(image: Image.Image, greys: list[Color]) -> Image.Image:
    table = [0] * 256
    for index, (value,) in enumerate(greys):
        table[value] = index
    return image.point(table)


def _map_colors(image: Image.Image, colors: list[Color]) -> Image.Image:
    find_indices = _make_lookup(_number_colors(colors))
    indices = np.empty((image.height, image.width), np.uint8)
    for top, pixels in _read_bands(image):
        indices[top : top + len(pixels)] = find_indices(pixels)
    return Image.frombuffer("P", image.size, indices, "raw", "P", 0, 1)


def _number_colors(colors: list[Color]) -> Numbers:
    """Return colors as the numbers that `_read_bands` makes of pixels."""
    return np.array([sum(value << 8 * at for at, value in enumerate(color)) for color in colors], np.uint32)


def _make_lookup(keys: Numbers) -> Callable[[Numbers], NDArray[np.uint8]]:
    """Return a function from keys to their indices.

    It multiplies, so that the highest bits differ for all keys, and looks these up. That is ten times as fast as a
    search. For keys that no factor parts, which takes intent, it searches.
    """
    shift = np.uint32(32 - TABLE_BITS)
    for factor in FACTORS:
        places = (keys * factor) >> shift
        if len(np.unique(places)) == len(keys):
            table = np.zeros(1 << TABLE_BITS, np.uint8)
            table[places] = np.arange(len(keys), dtype=np.uint8)
            return lambda pixels: table[(pixels * factor) >> shift]
    order = np.argsort(keys).astype(np.uint8)
    return lambda pixels: order[np.searchsorted(keys[order], pixels)]


def _read_bands(image: Image.Image) -> Iterator[tuple[int, Numbers]]:
    """Yield the pixels as numbers, some rows at a time, with the first row's place."""
    raw, kind = RAW[image.mode]
    rows = max(1, BAND // image.width)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        pixels = np.frombuffer(band.tobytes("raw", raw), kind).reshape(band.height, band.width).astype(np.uint32)
        # What stands in the fourth byte of RGB is nobody's.
        yield top, pixels & np.uint32(0xFFFFFF) if image.mode == "RGB" else pixels
