"""The scenario `limit`: stop at the first step that breaks an objective, and name the last good rate."""

import gevent

from loadtest.figures import figures
from loadtest.journal import Journal
from loadtest.scenarios import Scenario
from loadtest.system import System
from loadtest.verdict import verdicts


def climb(scenario: Scenario, journal: Journal, system: System) -> None:
    """Look at each step when it is over, until killed; a step that breaks stops the arrivals."""
    for number, stage in enumerate(scenario.stages):
        gevent.sleep(stage.seconds)
        if breaks(scenario, journal, system, number):
            journal.stopped = True
            return


def breaks(scenario: Scenario, journal: Journal, system: System, number: int) -> bool:
    """Whether the step, taken by itself, misses an objective, or was not even started in time."""
    start = sum(stage.seconds for stage in scenario.stages[:number])
    part = Journal(
        journal.start, [r for r in journal.requests if start <= r.at < start + scenario.stages[number].seconds]
    )
    found = figures(Scenario("step", "", scenario.kind, (scenario.stages[number],), ()), part, system)
    return not all(verdict.passed for verdict in verdicts(scenario.objectives, found))


def last_good(scenario: Scenario, journal: Journal, system: System) -> float | None:
    """The highest rate whose step, and all before it, kept the objectives; None when the first did not."""
    good = None
    for number, stage in enumerate(scenario.stages):
        reached = any(r.at >= sum(s.seconds for s in scenario.stages[: number + 1]) - 1 for r in journal.requests)
        if not reached or breaks(scenario, journal, system, number):
            break
        good = stage.end
    return good
