"""Structural similarity of two pictures (Wang and others, 2004): of luma, in windows of 8 by 8 pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Samples = NDArray[np.float64]

WINDOW = 8
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ssim(one: Image.Image, other: Image.Image) -> float:
    """From 0 to 1, where 1 is the same picture; both have the same size."""
    a, b = (np.asarray(image.convert("L"), np.float64) for image in (one, other))
    mean_a, mean_b = _means(a), _means(b)
    spread_a, spread_b = _means(a * a) - mean_a**2, _means(b * b) - mean_b**2
    shared = _means(a * b) - mean_a * mean_b
    part = (2 * mean_a * mean_b + C1) * (2 * shared + C2)
    whole = (mean_a**2 + mean_b**2 + C1) * (spread_a + spread_b + C2)
    return float(np.mean(part / whole))


def _means(samples: Samples) -> Samples:
    """The mean of each window, by sums over everything above and to the left."""
    sums = np.pad(samples, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    w = WINDOW
    means: Samples = (sums[w:, w:] - sums[:-w, w:] - sums[w:, :-w] + sums[:-w, :-w]) / w**2
    return means
