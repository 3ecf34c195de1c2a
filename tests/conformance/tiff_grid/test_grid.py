"""A small part of the grid of TIFF layouts; `make tiff-grid` judges all of it."""

import shutil

import pytest

from conformance.tiff_grid.cells import ODD, Cell, list_cells
from conformance.tiff_grid.judging import RIGHT, judge
from engine.codecs.registry import prepare_codecs

EVERY = 23
"""A prime, so that every side of the grid is met."""

SAMPLE = [cell for cell in list_cells() if cell.bits not in ODD][::EVERY]


@pytest.mark.parametrize("cell", SAMPLE, ids=lambda cell: cell.name)
def test_a_layout_is_read_right_or_refused_by_name(cell: Cell) -> None:
    prepare_codecs()
    assert judge(cell).is_good


@pytest.mark.skipif(shutil.which("tiffcp") is None, reason="tiffcp is not installed")
@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u10", "u12"])
def test_samples_of_odd_bits_are_unpacked(kind: str) -> None:
    prepare_codecs()
    cells = [cell for cell in list_cells() if cell.kind == kind and cell.meaning.name == "grey"]
    assert {judge(cell).ours for cell in cells[:: len(cells) // 3]} == {RIGHT}
