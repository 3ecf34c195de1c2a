"""Bring samples of any type to the whole range of 8 or 16 bits."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.pixels.gaps import Measured, find_valued, measure_samples
from engine.pixels.samples import ROWS, Samples

WHITE_8, WHITE_16 = 255, 65_535
Levels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Leveled:
    """Samples of 8 or 16 bits. `stretched` are the values that became black and white, if these were moved.

    `gaps` says that some samples had no value.
    """

    samples: Levels
    stretched: tuple[float, float] | None = None
    gaps: bool = False


def level_unsigned(samples: Samples, bits: int) -> Levels:
    """Return samples of 1 to 16 bits as the whole range of 8 or 16. Those of 8 and 16 bits are returned as they are."""
    if bits == 8:
        return samples.astype(np.uint8, copy=False)
    if bits == 16:
        return samples.astype(np.uint16, copy=False)
    white = WHITE_8 if bits < 8 else WHITE_16
    return scale_samples(samples, white / ((1 << bits) - 1), 0.0, white)


def level_measured(samples: Samples, name: str, nodata: float | None = None, *, black_is_high: bool = False) -> Leveled:
    """Return floats, signed numbers or numbers of 32 bits and more as 16 bits, or as 8 where these hold them.

    Floats from 0 to 1 are black to white, numbers of 32 bits and more from 0 to 65535. Any others are stretched to that.
    Floats that are no numbers or `nodata` are left out of that, and become 0, or the largest value if that is the darkest.
    Raise ConversionError when no sample has a value. `name` is the format for its sentence.
    """
    measured = measure_samples(samples, name, nodata)
    low, high = measured.low, measured.high
    is_float, size = samples.dtype.kind == "f", samples.dtype.itemsize
    top = 1.0 if is_float else float(WHITE_16)
    if low >= 0 and high <= top and (is_float or size >= 4):
        white = WHITE_8 if is_float and _has_steps(samples, measured) else WHITE_16
        levels = scale_samples(samples, white / top, 0.0, white, measured, black=white * black_is_high)
        return Leveled(levels, gaps=measured.gaps)
    white = WHITE_8 if size == 1 else WHITE_16
    scale = white / (high - low) if high > low else 0.0
    levels = scale_samples(samples, scale, -low * scale, white, measured, black=white * black_is_high)
    return Leveled(levels, (low, high), measured.gaps)


def _has_steps(samples: Samples, measured: Measured) -> bool:
    """Say whether floats from 0 to 1 are whole steps of 8 bits, as a program makes them from those."""
    near = 0.07 if samples.dtype.itemsize == 2 else 1e-4
    for start in range(0, len(samples), ROWS):
        rows = samples[start : start + ROWS]
        rows = (rows[find_valued(rows, measured.empty)] if measured.gaps else rows).astype(np.float64) * WHITE_8
        if np.abs(rows - np.round(rows)).max(initial=0) > near:
            return False
    return True


def level_alpha(samples: Samples, white: int) -> Levels:
    """Return alpha of floats (0 to 1) or of large or signed whole numbers (0 to the largest) as 0 to `white`."""
    top = 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype.str).max)
    return scale_samples(samples, white / top, 0.0, white)


def divide_by_alpha(samples: Levels, colors: int) -> None:
    """Take alpha, the last sample, out of the first `colors`, in place: they were multiplied by it."""
    white = np.iinfo(samples.dtype).max
    for start in range(0, len(samples), ROWS):
        rows = samples[start : start + ROWS].astype(np.float64)
        share = np.maximum(rows[:, :, -1:], 1)
        samples[start : start + ROWS, :, :colors] = np.minimum(rows[:, :, :colors] * white / share + 0.5, white)


def scale_samples(
    samples: Samples, scale: float, offset: float, white: int, measured: Measured | None = None, *, black: int = 0
) -> Levels:
    """Return value * scale + offset, rounded and kept from 0 to `white`, some rows at a time.

    Samples that were measured to have no value become `black`.
    """
    result = np.empty(samples.shape, np.uint8 if white == WHITE_8 else np.uint16)
    for start in range(0, len(samples), ROWS):
        rows = np.nan_to_num(samples[start : start + ROWS].astype(np.float64), posinf=0, neginf=0)
        result[start : start + ROWS] = np.clip(rows * scale + (offset + 0.5), 0, white)
        if measured is not None and measured.gaps:
            result[start : start + ROWS][~find_valued(samples[start : start + ROWS], measured.empty)] = black
    return result
