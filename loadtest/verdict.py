"""Objectives against figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtest.scenarios import Objective


@dataclass(frozen=True)
class Verdict:
    """One objective and what came of it; a figure that is missing is a failure."""

    figure: str
    most: float
    found: float | None

    @property
    def passed(self) -> bool:
        """Whether it was kept."""
        return self.found is not None and self.found <= self.most


def verdicts(objectives: Sequence[Objective], figures: Mapping[str, float | None]) -> list[Verdict]:
    """One for each objective."""
    return [Verdict(o.figure, o.most, figures.get(o.figure)) for o in objectives]


def generator_was_the_limit(figures: Mapping[str, float | None]) -> bool:
    """Whether more than one arrival in a hundred started late: then the rate asked for was not really offered."""
    return (figures.get("late_percent") or 0) > 1
