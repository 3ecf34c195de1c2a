"""Samples of a TIFF that have no value: what is no number, and what GDAL marks as such."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.pixels.samples import ROWS
from tests.engine.conftest import Converter
from tests.engine.tiffs import tiff_of

HEIGHT = 2 * ROWS + 3
SLOPE = np.tile(np.linspace(0, 1, 16, dtype="f4"), (HEIGHT, 1))
HOLE = np.s_[ROWS - 1 : ROWS + 2, 3:9]
"""Rows that are not scaled together."""


def cut(picture: NDArray[Any], value: float = np.nan) -> NDArray[Any]:
    """The same picture with a hole."""
    changed = picture.copy()
    changed[HOLE] = value
    return changed


def mark(text: str) -> dict[str, Any]:
    """Settings of a file in which GDAL names the value of no value."""
    return {"extratags": [(42_113, "s", 0, text, True)]}


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite", "rgb", "separated"])
def test_a_hole_is_black(run: Converter, photometric: str) -> None:
    samples = {"rgb": 3, "separated": 4}.get(photometric, 1)
    whole = np.dstack([SLOPE] * samples).squeeze()
    result, wanted = (run(tiff_of(picture, photometric=photometric), "png") for picture in (cut(whole), whole))
    seen, known = (np.asarray(made.image().convert("RGB" if samples > 1 else None)) for made in (result, wanted))
    assert "samples without a value became black" in result.outcome.warnings[-1].detail
    assert seen[HOLE].max() == 0
    known = known.copy()
    known[HOLE] = 0
    assert np.array_equal(seen, known)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("f4", "-9999", -9999),
        ("f2", "-9999 ", -9999),
        ("f8", "-1.79769313486232e+308", -np.finfo("f8").max),
        ("f4", "-3.40282346638529e+38", -np.finfo("f4").max),
        ("f4", "nan", np.nan),
    ],
)
def test_the_value_of_no_value_is_out_of_the_range(run: Converter, kind: str, text: str, value: float) -> None:
    picture = cut(((SLOPE + 1) * 100).astype(kind), value)
    result = run(tiff_of(picture, photometric="minisblack", **mark(text)), "png")
    assert "(100 and samples without a value became black, 200 white)" in result.outcome.warnings[0].detail
    seen = np.asarray(result.image()).astype(int)
    wanted = cut(np.round(SLOPE * 65_535), 0)
    assert np.abs(seen - wanted).max() <= (64 if kind == "f2" else 1)


def test_whole_numbers_stay_as_they_are(run: Converter) -> None:
    picture = cut(np.round(SLOPE * 65_535), 9999).astype(np.uint16)
    result = run(tiff_of(picture, photometric="minisblack", **mark("9999")), "png")
    assert result.warnings == []
    assert np.array_equal(np.asarray(result.image()), picture)


def test_steps_of_8_bits_stay_that_beside_a_hole(run: Converter) -> None:
    steps = np.round(SLOPE * 255) / np.float32(255)
    result = run(tiff_of(cut(steps), photometric="minisblack"), "png")
    assert np.array_equal(np.asarray(result.image().convert("L")), cut(np.round(SLOPE * 255), 0))
    assert result.warnings == ["depth_reduced"]


def test_lab_with_a_hole(run: Converter) -> None:
    lab = np.dstack([SLOPE * 100, SLOPE * 0, SLOPE * 0])
    result = run(tiff_of(cut(lab), photometric="cielab"), "png")
    assert "samples without a value" in result.outcome.warnings[-1].detail
    seen = np.asarray(result.image().convert("L"))
    assert seen[HOLE].max() <= 1
    assert seen[:, -1].min() >= 254
