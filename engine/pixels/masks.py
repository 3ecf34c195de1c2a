"""Samples that lie below masks of a number for each pixel, as in DDS and BMP."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.pixels.samples import ROWS


def unpack_masks(raw: NDArray[np.uint8], mode: str, masks: Mapping[str, int]) -> Image.Image:
    """Return the picture of the bytes (rows, columns, bytes of a pixel), lowest byte first, some rows at a time.

    `masks` has a mask for each band of the mode that is there. The others are 0.
    """
    height, width, wide = raw.shape
    result = np.zeros((height, width, len(mode)), np.uint8)
    for start in range(0, height, ROWS):
        rows = raw[start : start + ROWS].astype(np.uint32)
        numbers = rows[:, :, 0]
        for at in range(1, wide):
            numbers = numbers | (rows[:, :, at] << np.uint32(8 * at))
        for band, mask in masks.items():
            result[start : start + ROWS, :, mode.index(band)] = _scale_masked(numbers, mask)
    return Image.fromarray(result[:, :, 0] if len(mode) == 1 else result)


def _scale_masked(numbers: NDArray[np.uint32], mask: int) -> NDArray[np.uint8]:
    """Return the samples below a mask with 8 bits. Nothing is below a mask of 0."""
    if not mask:
        return np.zeros(numbers.shape, np.uint8)
    shift = (mask & -mask).bit_length() - 1
    return (((numbers & mask) >> shift) * (255 / (mask >> shift)) + 0.5).astype(np.uint8)
