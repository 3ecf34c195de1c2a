"""The page of the faults: every table has its place, and a run fills it."""

import json
from pathlib import Path

import pytest

from conformance.faults import report
from conformance.faults.judging import Outcome
from conformance.faults.rules import RULES
from conformance.faults.table import BY_NAME


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copy = tmp_path / "reliability.md"
    copy.write_text(report.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", copy)
    monkeypatch.setattr(report, "DATA", tmp_path)
    return copy


def test_a_run_fills_the_table_and_the_comparison(page: Path) -> None:
    outcome = Outcome(
        "postgres-restart", "PostgreSQL", "stopped", accepted=70, succeeded=70, longest=1.5, over_after=4.25
    )
    report.write_page([outcome, Outcome("calm", "programs", "nothing", lost=1)])
    text = page.read_text(encoding="utf-8")
    assert "2 faults, 70 accepted jobs, 1 lost, 0 doubled; 1 rows with anything wrong." in text
    assert text.count("`postgres-restart`") == 2, "in the table, and beside the benchmark"
    header, row = (line for line in text.splitlines() if line.startswith(("| fault |", "| `calm` |")))
    assert header.count("|") == row.count("|")
    (first, second) = json.loads((page.parent / "faults.json").read_text(encoding="utf-8"))["rows"]
    assert (first["faults"], second["faults"]) == ([], ["1 lost"])


def test_walks_and_mutations_have_their_places(page: Path) -> None:
    report.write_walks([(7, Outcome("walk-7", "walk", "`calm`, `redis-flush`", accepted=3, succeeded=3))])
    report.write_mutations([(RULES["lease"], Outcome("worker-kill", "programs", "killed", lost=2))])
    text = page.read_text(encoding="utf-8")
    assert "| 7 | `calm`, `redis-flush` | 3 | 3 |" in text
    assert f"| {RULES['lease'].says} | `worker-kill` | 2 lost |" in text


def test_the_benchmark_is_told_by_rows_that_there_are() -> None:
    assert all(row in BY_NAME for _, _, row in report.BENCHMARK.values())
