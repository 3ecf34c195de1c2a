"""Structural similarity of two pictures (Wang and others, 2004): of luma, in windows of 8 by 8 pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Samples = NDArray[np.float64]

WINDOW = 8
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def compute_ssim(one: Image.Image, other: Image.Image) -> float:
    """Return the similarity from 0 to 1 (the same picture). Both pictures have the same size."""
    a, b = (np.asarray(image.convert("L"), np.float64) for image in (one, other))
    mean_a, mean_b = _average_windows(a), _average_windows(b)
    spread_a, spread_b = _average_windows(a * a) - mean_a**2, _average_windows(b * b) - mean_b**2
    shared = _average_windows(a * b) - mean_a * mean_b
    part = (2 * mean_a * mean_b + C1) * (2 * shared + C2)
    whole = (mean_a**2 + mean_b**2 + C1) * (spread_a + spread_b + C2)
    return float(np.mean(part / whole))


def _average_windows(samples: Samples) -> Samples:
    """Return the mean of each window, by sums over everything above and to the left."""
    sums = np.pad(samples, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    w = WINDOW
    means: Samples = (sums[w:, w:] - sums[:-w, w:] - sums[w:, :-w] + sums[:-w, :-w]) / w**2
    return means
