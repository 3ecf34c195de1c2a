"""Objectives against figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtest.scenarios import Objective


@dataclass(frozen=True)
class Verdict:
    """One objective and the figure found. A missing figure is a failure."""

    figure: str
    most: float
    found: float | None

    @property
    def passed(self) -> bool:
        """Whether the objective was kept."""
        return self.found is not None and self.found <= self.most


def judge_figures(objectives: Sequence[Objective], figures: Mapping[str, float | None]) -> list[Verdict]:
    """Return a verdict for each objective."""
    return [Verdict(o.figure, o.most, figures.get(o.figure)) for o in objectives]


def generator_was_the_limit(figures: Mapping[str, float | None]) -> bool:
    """Return whether over 1 % of the arrivals started late: then the rate asked for was not really offered."""
    return (figures.get("late_percent") or 0) > 1
