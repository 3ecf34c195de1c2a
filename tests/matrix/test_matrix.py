"""A fast subset of `make matrix`: by the eyes of programs that share no code with the engine."""

import pytest

from tests.matrix.cells import Cell
from tests.matrix.conftest import Judge
from tests.matrix.explained import reason
from tests.matrix.fast import cells
from tests.matrix.reference import reader_of


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: cell.name)
def test_a_cell_is_as_promised(judged: Judge, cell: Cell) -> None:
    verdict = judged(cell)
    assert [finding for finding in verdict.findings if reason(cell, finding) is None] == []
    if reader_of(cell.target) is None:
        pytest.skip(f"only the engine's own word: this machine has no reference reader for {cell.target}")
