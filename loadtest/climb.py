"""The scenario `limit`: stop at the first step with a broken objective, and name the last good rate."""

import gevent

from loadtest.figures import compute_figures
from loadtest.journal import Journal
from loadtest.scenarios import Scenario
from loadtest.system import System
from loadtest.verdict import judge_figures


def watch_steps(scenario: Scenario, journal: Journal, system: System) -> None:
    """Judge each step when it is over, until killed. A broken objective stops the arrivals."""
    for number, stage in enumerate(scenario.stages):
        gevent.sleep(stage.seconds)
        if breaks_objective(scenario, journal, system, number):
            journal.stopped = True
            return


def breaks_objective(scenario: Scenario, journal: Journal, system: System, number: int) -> bool:
    """Return whether the step by itself misses an objective."""
    start = sum(stage.seconds for stage in scenario.stages[:number])
    part = Journal(
        journal.start, [r for r in journal.requests if start <= r.at < start + scenario.stages[number].seconds]
    )
    found = compute_figures(Scenario("step", "", scenario.kind, (scenario.stages[number],), ()), part, system)
    return not all(verdict.passed for verdict in judge_figures(scenario.objectives, found))


def find_last_good(scenario: Scenario, journal: Journal, system: System) -> float | None:
    """Return the highest rate with the objectives kept in its step and in all before; None if the first broke one."""
    good = None
    for number, stage in enumerate(scenario.stages):
        reached = any(r.at >= sum(s.seconds for s in scenario.stages[: number + 1]) - 1 for r in journal.requests)
        if not reached or breaks_objective(scenario, journal, system, number):
            break
        good = stage.end
    return good
