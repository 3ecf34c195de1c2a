"""The model of the scaling loop against its own rules, and against the measured burst in docs/data."""

import csv
from pathlib import Path

import pytest

from loadtest.scaling import Loop, Model, find_clearing, find_zero, model_burst

MEASURED = Path(__file__).parents[2] / "docs" / "data" / "burst.csv"


def rows() -> list[dict[str, float]]:
    with MEASURED.open(encoding="utf-8") as file:
        return [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file)]


def test_it_agrees_with_the_measured_burst() -> None:
    """200 jobs of 2 s: as many workers, cleared and back at zero within a fifth of the measured times."""
    measured, model = rows(), model_burst(200, 2)
    assert max(row["wanted"] for row in measured) == max(state.wanted for state in model)
    end = next(row["seconds"] for row in measured if row["seconds"] > 5 and row["messages"] == 0)
    assert find_clearing(model) == pytest.approx(end, rel=0.2)
    zero = next(row["seconds"] for row in measured if row["seconds"] > end and row["wanted"] == 0)
    assert find_zero(model) == pytest.approx(zero, rel=0.2)


def test_from_zero_it_wakes_at_the_next_look() -> None:
    states = model_burst(1, 1)
    assert next(state.at for state in states if state.wanted) <= Loop().poll_seconds


def test_a_steady_load_has_steady_workers() -> None:
    """11 jobs of 10 s at a time: four workers for each three of them, and no more than one apart."""
    states = Model(Loop(), lambda at: int(at * 1.1), 10).run_until(900)
    level = {state.wanted for state in states if state.at > 300}
    assert level <= {4, 5}
    assert len(level) == 1
