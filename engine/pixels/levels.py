"""Bring samples of any type to the whole range of 8 or 16 bits."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import unsupported
from engine.pixels.samples import ROWS, Samples

WHITE_8, WHITE_16 = 255, 65_535
Levels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Leveled:
    """Samples of 8 or 16 bits. `stretched` are the values that became black and white, if these were moved."""

    samples: Levels
    stretched: tuple[float, float] | None = None


def level_unsigned(samples: Samples, bits: int) -> Levels:
    """Return samples of 1 to 16 bits as the whole range of 8 or 16. Those of 8 and 16 bits are returned as they are."""
    if bits == 8:
        return samples.astype(np.uint8, copy=False)
    if bits == 16:
        return samples.astype(np.uint16, copy=False)
    white = WHITE_8 if bits < 8 else WHITE_16
    return _scale(samples, white / ((1 << bits) - 1), 0.0, white)


def level_measured(samples: Samples, name: str) -> Leveled:
    """Return floats, signed numbers or numbers of 32 bits and more as 16 bits, or as 8 where these hold them.

    Floats from 0 to 1 are black to white, numbers of 32 bits and more from 0 to 65535. Any others are stretched to that.
    Raise ConversionError when a sample is not finite. `name` is the format for its sentence.
    """
    low, high = float(samples.min()), float(samples.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise unsupported(name, "some of its samples are no numbers")
    is_float, size = samples.dtype.kind == "f", samples.dtype.itemsize
    top = 1.0 if is_float else float(WHITE_16)
    if low >= 0 and high <= top and (is_float or size >= 4):
        white = WHITE_8 if is_float and _has_steps(samples) else WHITE_16
        return Leveled(_scale(samples, white / top, 0.0, white))
    white = WHITE_8 if size == 1 else WHITE_16
    scale = white / (high - low) if high > low else 0.0
    return Leveled(_scale(samples, scale, -low * scale, white), (low, high))


def _has_steps(samples: Samples) -> bool:
    """Say whether floats from 0 to 1 are whole steps of 8 bits, as a program makes them from those."""
    near = 0.07 if samples.dtype.itemsize == 2 else 1e-4
    for start in range(0, len(samples), ROWS):
        rows = samples[start : start + ROWS].astype(np.float64) * WHITE_8
        if np.abs(rows - np.round(rows)).max() > near:
            return False
    return True


def level_alpha(samples: Samples, white: int) -> Levels:
    """Return alpha of floats (0 to 1) or of large or signed whole numbers (0 to the largest) as 0 to `white`."""
    top = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype.str).max)
    return _scale(samples, white / top, 0.0, white)


def divide_by_alpha(samples: Levels, colors: int) -> None:
    """Take alpha, the last sample, out of the first `colors`, in place: they were multiplied by it."""
    white = np.iinfo(samples.dtype).max
    for start in range(0, len(samples), ROWS):
        rows = samples[start : start + ROWS].astype(np.float64)
        share = np.maximum(rows[:, :, -1:], 1)
        samples[start : start + ROWS, :, :colors] = np.minimum(rows[:, :, :colors] * white / share + 0.5, white)


def _scale(samples: Samples, scale: float, offset: float, white: int) -> Levels:
    """Return value * scale + offset, rounded and kept from 0 to `white`, some rows at a time."""
    result = np.empty(samples.shape, np.uint8 if white == WHITE_8 else np.uint16)
    for start in range(0, len(samples), ROWS):
        rows = np.nan_to_num(samples[start : start + ROWS].astype(np.float64))
        result[start : start + ROWS] = np.clip(rows * scale + (offset + 0.5), 0, white)
    return result
