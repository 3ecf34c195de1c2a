"""Rows of pixels with at most 8 bits, as PNG and TIFF store them: the first pixel in the highest bits."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

THOROUGH, USUAL = 9, 6
"""Levels of deflate."""

SMALL = 1 << 23
"""Bytes up to which the highest level takes little time. On sparse dots it takes ten times as long as the usual one."""

Rows = NDArray[np.uint8]


def pack_rows(image: Image.Image, bits: int, size: int) -> Iterator[Rows]:
    """Yield the rows of a picture of mode 1 or P in bands of about `size` bytes. Each row begins with a byte."""
    height = count_rows(image, bits, size)
    for top in range(0, image.height, height):
        pixels = np.asarray(image.crop((0, top, image.width, min(top + height, image.height))))
        yield _pack_pixels(pixels, bits)


def count_rows(image: Image.Image, bits: int, size: int) -> int:
    """Return how many rows make about `size` bytes."""
    return max(1, size * 8 // (bits * image.width))


def choose_level(image: Image.Image, bits: int) -> int:
    """Return the level of deflate for the rows, if none is given."""
    return THOROUGH if image.width * image.height * bits <= SMALL * 8 else USUAL


def _pack_pixels(pixels: Rows, bits: int) -> Rows:
    if bits == 1:
        return np.packbits(pixels, axis=1)
    count = 8 // bits
    even = np.pad(pixels, ((0, 0), (0, -pixels.shape[1] % count)))
    packed = even[:, ::count]
    for at in range(1, count):
        packed = np.left_shift(packed, np.uint8(bits)) | even[:, at::count]
    return packed
