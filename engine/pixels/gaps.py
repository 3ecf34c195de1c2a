"""Samples without a value: what is no number (NaN, infinite), and the value that a file keeps for these."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import unsupported
from engine.pixels.samples import ROWS, Samples


@dataclass(frozen=True, slots=True)
class Measured:
    """The least and the largest value of samples. `gaps` says whether some have none; `empty` is what these hold too."""

    low: float
    high: float
    gaps: bool = False
    empty: np.generic | None = None


def measure_samples(samples: Samples, name: str, nodata: float | None = None) -> Measured:
    """Measure samples, some rows at a time. Floats that are `nodata` have no value, whole numbers all have one.

    Raise ConversionError when none has. `name` is the format for its sentence.
    """
    if samples.dtype.kind != "f":
        return Measured(float(samples.min()), float(samples.max()))
    empty, low, high, gaps = _fit_type(samples.dtype, nodata), np.inf, -np.inf, False
    for start in range(0, len(samples), ROWS):
        rows = samples[start : start + ROWS]
        valued = find_valued(rows, empty)
        if not valued.all():
            gaps, rows = True, rows[valued]
        if rows.size:
            low, high = min(low, float(rows.min())), max(high, float(rows.max()))
    if low > high:
        raise unsupported(name, "its samples are no numbers")
    return Measured(low, high, gaps, empty)


def find_valued(rows: Samples, empty: np.generic | None = None) -> NDArray[np.bool_]:
    """Say of each float whether it is a number and not `empty`."""
    valued: NDArray[np.bool_] = np.isfinite(rows)
    return valued if empty is None else valued & (rows != empty)


def describe_range(stretched: tuple[float, float] | None, *, gaps: bool) -> str:
    """Complete the sentence of DepthReduced: what became black and white, "" when nothing was moved."""
    if stretched is None:
        return " (samples without a value became black)" if gaps else ""
    black = " and samples without a value" if gaps else ""
    return f" ({stretched[0]:g}{black} became black, {stretched[1]:g} white)"


def _fit_type(dtype: np.dtype[np.generic], value: float | None) -> np.generic | None:
    """Return a value as floats of that type hold it. One that was rounded when it was written may lie beyond them."""
    if value is None or np.isnan(value):
        return None
    ends = np.finfo(dtype.str)
    fitted: np.generic = dtype.type(min(max(value, float(ends.min)), float(ends.max)))
    return fitted
