"""Arithmetic on arrays of samples, some rows at a time.

So it takes no more memory than the picture itself.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROWS = 64


Samples = NDArray[np.generic]
"""Samples as a decoder gives them, of whatever depth."""

Floats = NDArray[np.float32]


def eight_bits_by_rows(
    samples: Samples, scaled: Callable[[Floats], NDArray[np.float32 | np.float64]]
) -> NDArray[np.uint8]:
    """Return an array (rows, columns, channels) as 8-bit samples. `scaled` brings floats to 0 to 255."""
    result = np.empty(samples.shape, np.uint8)
    for start in range(0, len(samples), ROWS):
        rows = scaled(np.nan_to_num(samples[start : start + ROWS].astype(np.float32)))
        result[start : start + ROWS] = np.clip(rows + 0.5, 0, 255)
    return result


def make_image(samples: Samples, mode: str = "") -> Image.Image:
    """Return an array (rows, columns, samples) of 8 or 16 bits as an image.

    One to four samples are L, LA, RGB and RGBA unless `mode` names another of Pillow's. 16-bit grey is I;16; other
    16-bit samples are rounded to 8 bits.
    """
    if samples.dtype == np.uint16 and (samples.shape[2] > 1 or mode):
        samples = eight_bits_by_rows(samples, lambda rows: rows * np.float32(255 / 65_535))
    if mode:
        height, width = samples.shape[:2]
        return Image.frombytes(mode, (width, height), samples.tobytes())
    return Image.fromarray(samples[:, :, 0] if samples.shape[2] == 1 else samples)
