"""Scenarios and schedules: what is asked for, before anything runs."""

from itertools import pairwise

import pytest

from loadtest.arrivals import draw_arrivals
from loadtest.scenarios import SCENARIOS, Kind, Stage


@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.kind is not Kind.USERS])
def test_an_open_scenario_starts_exactly_what_its_level_asks_for(name: str) -> None:
    scenario = SCENARIOS[name]
    times = list(draw_arrivals(scenario.stages, 1, seed=1))
    asked = sum((s.start + s.end) / 2 * s.seconds for s in scenario.stages)
    assert abs(len(times) - asked) <= 1
    assert all(0 <= time <= scenario.seconds for time in times)


def test_arrivals_follow_a_ramp() -> None:
    times = list(draw_arrivals((Stage(100, 0, 10),), 1, seed=1))
    assert sum(time < 50 for time in times) == pytest.approx(125, abs=2)


def test_arrivals_are_in_order_and_repeatable_and_not_even() -> None:
    stages = (Stage(10, 5, 5), Stage(10, 5, 20))
    times = list(draw_arrivals(stages, 1, seed=3))
    assert times == list(draw_arrivals(stages, 1, seed=3))
    assert times != list(draw_arrivals(stages, 1, seed=4))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 0
    assert max(gaps) > 2 * min(gaps)


def test_the_lab_has_the_shape_of_the_set_up_that_it_is_compared_with() -> None:
    lab = SCENARIOS["lab"]
    assert [lab.level(at) for at in (0, 90, 180, 299, 300)] == [0, 50, 100, 100, 0]
    assert (lab.seconds, lab.measured_from) == (300, 180)


def test_a_scenario_can_be_shortened() -> None:
    short = SCENARIOS["day"].scale_time(0.1)
    assert short.seconds == pytest.approx(72)
    assert short.level(15) == SCENARIOS["day"].level(150)
