"""A fast subset of `make matrix`: by the eyes of programs that share no code with the engine."""

import pytest

from conformance.matrix.cells import Cell
from conformance.matrix.explained import reason
from conformance.matrix.reference import READERS, program, reader_of
from conformance.matrix.sources import missing
from core.formats import READABLE, Format
from tests.conformance.matrix.conftest import Judge
from tests.conformance.matrix.fast import cells

PROGRAMS = sorted({name for readers in READERS.values() for name in readers[0].programs} | {"exiftool"})


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_reference_program_is_here(name: str) -> None:
    if program(name) is None:
        pytest.skip(f"{name} is not on this machine: what only it can see of results is not looked at")


@pytest.mark.parametrize("fmt", READABLE, ids=lambda fmt: fmt.name)
def test_files_of_a_format_can_be_made(fmt: Format) -> None:
    if tool := missing(fmt.name):
        pytest.skip(f"{tool} is not on this machine: no {fmt.title} is read in the matrix")


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: cell.name)
def test_a_cell_is_as_promised(judged: Judge, cell: Cell) -> None:
    verdict = judged(cell)
    assert [finding for finding in verdict.findings if reason(cell, finding) is None] == []
    if reader_of(cell.target) is None:
        pytest.skip(f"only the engine's own word: this machine has no reference reader for {cell.target}")
