"""Arithmetic on arrays of samples, some rows at a time.

So it takes no more memory than the picture itself.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

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
