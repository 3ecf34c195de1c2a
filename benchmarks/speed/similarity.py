"""SSIM of luma, and the size of a codec's file at a given SSIM."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from conformance.matrix.pictures import Pixels

WINDOW = 8
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

Luma = NDArray[np.float64]


def take_luma(pixels: Pixels) -> Luma:
    """Return the luma of RGB, in steps of 8 bits (ITU-R BT.601)."""
    return np.asarray((pixels[..., :3] @ np.array([0.299, 0.587, 0.114])) / 257)


def compute_ssim(one: Luma, other: Luma) -> float:
    """Return the structural similarity (Wang et al. 2004): the mean over windows of 8 x 8, of equal weight."""
    mean_one, mean_other = _average_windows(one), _average_windows(other)
    var_one = _average_windows(one * one) - mean_one**2
    var_other = _average_windows(other * other) - mean_other**2
    both = _average_windows(one * other) - mean_one * mean_other
    over = (2 * mean_one * mean_other + C1) * (2 * both + C2)
    under = (mean_one**2 + mean_other**2 + C1) * (var_one + var_other + C2)
    return float((over / under).mean())


def _average_windows(values: Luma) -> Luma:
    """Return the mean of every window, by running sums."""
    sums = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    whole = sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:] - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]
    return np.asarray(whole / WINDOW**2)


def find_size(wanted: float, points: Sequence[tuple[float, int]]) -> float | None:
    """Return the bytes at that SSIM, between (SSIM, bytes) points of the same codec; None outside of them.

    Logarithms of both: bytes grow about evenly with the logarithm of what is missing to 1.
    """
    known = sorted((_log_loss(similarity), math.log(size)) for similarity, size in points)
    for (low, low_size), (high, high_size) in itertools.pairwise(known):
        if low <= _log_loss(wanted) <= high:
            share = (_log_loss(wanted) - low) / max(high - low, 1e-12)
            return math.exp(low_size + share * (high_size - low_size))
    return None


def _log_loss(similarity: float) -> float:
    return -math.log(max(1 - similarity, 1e-9))
