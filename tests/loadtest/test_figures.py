"""Figures and verdicts from a journal that is written by hand."""

from dataclasses import replace

import pytest

from loadtest.climb import find_last_good
from loadtest.figures import compute_curves, compute_figures, count_errors, find_percentile, make_table
from loadtest.journal import Finished, Journal, Request
from loadtest.scenarios import SCENARIOS, Kind, Objective, Scenario, Stage
from loadtest.system import System
from loadtest.verdict import Verdict, generator_was_the_limit, judge_figures

SUBMIT, STATUS, WAIT = "POST /v1/jobs", "GET /v1/jobs/{id}", "GET /v1/jobs/{id}?wait"


def scenario(**changes: object) -> Scenario:
    base = Scenario("test", "", Kind.RATE, (Stage(10, 6, 6),), (Objective("errors", 0),))
    return replace(base, **changes)  # type: ignore[arg-type] # the test's own fields


def journal() -> Journal:
    """60 requests in 10 seconds: 10 new jobs of 100 ms, 40 looks of 1 to 40 ms, 10 waits of 5 s."""
    requests = [Request(n, SUBMIT, 100.0, None) for n in range(10)]
    requests += [Request(n / 4, STATUS, n + 1.0, None) for n in range(40)]
    requests += [Request(float(n), WAIT, 5000.0, None) for n in range(10)]
    return Journal(0, requests, [Finished(float(n), 0.5, "succeeded") for n in range(10)], submitted=10)


def system(**series: list[float]) -> System:
    return System(dict, 0, {name: list(enumerate(map(float, values))) for name, values in series.items()})


def found(given: Journal | None = None, **changes: object) -> dict[str, float | None]:
    return compute_figures(scenario(**changes), given or journal(), system())


def test_figures_of_a_good_run() -> None:
    good = found()
    assert (good["requests"], good["errors"], good["lost"]) == (60, 0, 0)
    assert good["jobs_share_percent"] == pytest.approx(16.67, abs=0.01)
    assert (good["submit_p95_ms"], good["status_p95_ms"], good["result_p95_s"]) == (100, 39, 0.5)
    assert good["mean_ms"] == pytest.approx((10 * 100 + sum(range(1, 41))) / 50), "waits are not the service's time"
    assert (good["rate_asked"], good["rate_reached"], good["rate_off_percent"]) == (6, 6, 0)


def test_a_job_that_failed_or_was_never_seen_is_lost() -> None:
    bad = journal()
    bad.finished[3] = Finished(3.0, 0.5, "failed")
    del bad.finished[-1]
    assert found(bad)["lost"] == 2


def test_errors_are_counted_and_named() -> None:
    bad = journal()
    bad.requests += [Request(1.0, SUBMIT, 3.0, "503 instead of 202")] * 2
    assert found(bad)["errors"] == 2
    assert count_errors(bad) == [{"name": SUBMIT, "error": "503 instead of 202", "times": 2}]
    assert {row["name"]: row["errors"] for row in make_table(scenario(), bad)} == {SUBMIT: 2, STATUS: 0, WAIT: 0}


def test_only_the_measured_stages_count_for_times() -> None:
    stages = (Stage(5, 6, 6), Stage(5, 6, 6))
    late = found(stages=stages, measured=1, kind=Kind.USERS)
    assert late["status_p95_ms"] == 40
    assert late["p50_ms"] is not None
    assert late["p50_ms"] > (found()["p50_ms"] or 0)


def test_a_rate_that_was_not_reached_is_off() -> None:
    assert found(stages=(Stage(10, 12, 12),))["rate_off_percent"] == 50


def test_growth_is_of_the_last_quarter_over_the_second() -> None:
    grown = compute_figures(scenario(), journal(), system(api_mib=[10.0] * 8 + [12.0] * 4, worker_mib=[100.0] * 12))
    assert grown["growth_percent"] == pytest.approx(20)
    assert found()["growth_percent"] is None, "too few samples say nothing"


def test_late_starts_mean_that_the_generator_was_the_limit() -> None:
    slow = journal()
    slow.late = [0.0] * 95 + [0.5] * 5
    assert generator_was_the_limit(found(slow))
    assert not generator_was_the_limit(found())


def test_a_missing_figure_is_a_missed_objective() -> None:
    assert [v.passed for v in judge_figures((Objective("a", 1), Objective("b", 1)), {"a": 1.0})] == [True, False]
    assert not Verdict("a", 1, 1.01).passed


def test_the_climb_names_the_last_rate_that_was_good() -> None:
    limit = SCENARIOS["limit"]
    fine = [Request(float(at), name, 5.0, None) for at in range(80) for name in (SUBMIT, STATUS)]
    slow = [Request(60.0 + n / 50, STATUS, 80.0, None) for n in range(100)]
    assert find_last_good(limit, Journal(0, fine), system()) == limit.stages[3].end
    assert find_last_good(limit, Journal(0, fine + slow), system()) == limit.stages[2].end
    assert find_last_good(limit, Journal(0, [Request(1.0, STATUS, 80.0, None)]), system()) is None


def test_curves_have_a_point_for_each_step() -> None:
    drawn = compute_curves(journal(), scenario(), 1.0)
    assert drawn["rate"][0] == (0.0, 6.0)
    assert drawn["level"][0] == (0.0, 6.0)
    assert len(drawn["p95"]) == 10


def test_percentiles() -> None:
    assert find_percentile([3, 1, 2], 0.5) == 2
    assert find_percentile(range(1, 101), 0.95) == 96
    assert find_percentile([], 0.5) is None
