"""A small part of the grid of TIFF layouts; `make tiff-grid` judges all of it."""

import shutil

import pytest

from conformance.running import LIMITS, Boxed
from conformance.tiff_grid.cells import ODD, REFUSED, Cell, list_cells, make_file
from conformance.tiff_grid.judging import RIGHT, judge
from engine.codecs.registry import prepare_codecs
from worker.sandbox.supervisor import Sandbox

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


def list_kinds() -> dict[str, Cell]:
    """One cell for each packing, planar or not, and each type of sample."""
    cells = [cell for cell in list_cells() if cell.bits not in ODD and cell.packing not in REFUSED]
    return {
        f"{cell.packing} {cell.planar} {cell.kind} {cell.predictor}": cell for cell in cells if cell.meaning.thorough
    }


def test_the_sandbox_lets_every_kind_be_read() -> None:
    box = Sandbox()
    try:
        boxed = Boxed(box, LIMITS)
        kinds = [cell for cell in list_kinds().values() if cell.kind in {"u8", "f32"} or cell.packing == "none"]
        failed = {
            cell.name: result.outcome.failure
            for cell in kinds
            if (result := boxed(make_file(cell), source="tiff")).outcome.failure
        }
    finally:
        box.close()
    assert failed == {}
