"""SSIM of luma, and the size that a codec would need for a given one."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from conformance.matrix.pictures import Pixels

WINDOW = 8
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

Luma = NDArray[np.float64]


def luma(pixels: Pixels) -> Luma:
    """Of RGB, in steps of 8 bits (ITU-R BT.601)."""
    return np.asarray((pixels[..., :3] @ np.array([0.299, 0.587, 0.114])) / 257)


def ssim(one: Luma, other: Luma) -> float:
    """Structural similarity (Wang et al. 2004), the mean over windows of 8 x 8, each weighed alike."""
    mean_one, mean_other = _means(one), _means(other)
    var_one = _means(one * one) - mean_one**2
    var_other = _means(other * other) - mean_other**2
    both = _means(one * other) - mean_one * mean_other
    over = (2 * mean_one * mean_other + C1) * (2 * both + C2)
    under = (mean_one**2 + mean_other**2 + C1) * (var_one + var_other + C2)
    return float((over / under).mean())


def _means(values: Luma) -> Luma:
    """Over every window, by running sums."""
    sums = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    whole = sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:] - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]
    return np.asarray(whole / WINDOW**2)


def size_at(wanted: float, points: Sequence[tuple[float, int]]) -> float | None:
    """Bytes at that SSIM, between (SSIM, bytes) points of the same codec; None when it lies outside of them.

    Logarithms of both: bytes grow about evenly with the logarithm of what is missing to 1.
    """
    known = sorted((_loss(similarity), math.log(size)) for similarity, size in points)
    for (low, low_size), (high, high_size) in itertools.pairwise(known):
        if low <= _loss(wanted) <= high:
            share = (_loss(wanted) - low) / max(high - low, 1e-12)
            return math.exp(low_size + share * (high_size - low_size))
    return None


def _loss(similarity: float) -> float:
    return -math.log(max(1 - similarity, 1e-9))
