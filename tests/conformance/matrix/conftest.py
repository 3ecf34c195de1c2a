"""Cells in this process, so that a test can break the engine under them."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.matrix.cells import Cell
from conformance.matrix.limits import DEFAULT_LIMITS
from conformance.matrix.running import Attempt, Verdict, judge, metadata
from core.options import Options
from engine.codecs.registry import prepare_codecs
from engine.pipeline import convert
from engine.request import Request

Judge = Callable[[Cell], Verdict]


@pytest.fixture
def judged(tmp_path: Path) -> Judge:
    """Convert a cell, and hold the result against the contract."""
    prepare_codecs()

    def judge_(cell: Cell) -> Verdict:
        request = Request(
            source=cell.upload.source, target=cell.target, options=Options(**cell.options), limits=DEFAULT_LIMITS
        )
        sink, path = io.BytesIO(), tmp_path / f"result.{cell.target}"
        outcome = convert(request, cell.upload.data, sink)
        path.write_bytes(sink.getvalue())
        wants_tags = cell.upload.subject.name.startswith(("metadata", "orientation"))
        return judge(metadata([path]) if wants_tags else {}, Attempt(cell, outcome, path))

    return judge_
