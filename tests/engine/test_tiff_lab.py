"""L*a*b* of a TIFF in floats: the values themselves, as libvips writes them."""

import numpy as np
import pytest

from tests.engine.conftest import Converter
from tests.engine.tiffs import tiff_of

VALUES = np.array(
    [[(0, 0, 0), (100, 0, 0), (53.59, 0, 0)], [(54.29, 80.80, 69.89), (87.82, -79.27, 80.99), (29.57, 68.30, -112.03)]]
)
SRGB = np.array([[(0, 0, 0), (255, 255, 255), (128, 128, 128)], [(255, 0, 0), (0, 255, 0), (0, 0, 255)]])
"""The same colors: CIE 1976 under D50, to which those of sRGB are adapted by Bradford's matrix."""


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_floats_are_the_values_themselves(run: Converter, kind: str) -> None:
    result = run(tiff_of(VALUES.astype(kind), photometric="cielab"), "png")
    assert result.warnings == ["depth_reduced"]
    assert np.abs(np.asarray(result.image(), int) - SRGB).max() < 12


def test_values_beyond_the_scale_are_kept_at_its_end(run: Converter) -> None:
    result = run(tiff_of(np.array([[(120, 0, 0), (-5, 0, 0)]], "f4"), photometric="cielab"), "png")
    assert np.asarray(result.image().convert("RGB")).tolist() == [[[255] * 3, [0] * 3]]


def test_samples_that_are_all_no_numbers_are_refused(run: Converter) -> None:
    assert run(tiff_of(np.full((2, 2, 3), np.nan, "f4"), photometric="cielab"), "png").failure == "unsupported_image"
