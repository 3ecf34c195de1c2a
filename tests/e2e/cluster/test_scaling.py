"""The workers follow the queue: from zero, up, steady, down under load, and back to zero."""

import math
import time
from pathlib import Path

from conformance.service import wait_for
from tests.e2e.cluster.kube import restarts
from tests.e2e.cluster.load import Outcome, burst, steady
from tests.e2e.cluster.release import QUICK, Release
from tests.e2e.cluster.report import Report
from tests.e2e.cluster.timeline import Sample, Timeline

TARGET, MOST = 3, 15
"""Of the chart: jobs for each worker, workers at most."""


def all_once(release: Release, outcome: Outcome) -> None:
    """Every job has the right result, was started once, and is in the record once."""
    assert not outcome.wrong()
    assert set(outcome.attempts()) == {1}
    assert release.jobs() == {"succeeded": len(outcome.jobs)}
    assert release.results() == len(outcome.jobs)


def test_from_zero_to_many_and_back(release: Release, report: Report, out: Path) -> None:
    seen: dict[str, int] = {}
    with Timeline(release.cluster).running() as timeline:
        driver = release.start(burst(200, hold=2))
        start = timeline.note("200 jobs")
        while not timeline.first(lambda s: s.messages == 0 and s.busy == 0, start + 5):
            seen |= restarts(release.cluster.pods("worker"))
            time.sleep(2)
        timeline.note("queue empty")
        outcome = driver.wait()
        wait_for("zero workers", lambda: release.cluster.deployment("worker").spec.replicas == 0, 600)
        timeline.note("zero wanted")
        wait_for("no pod", lambda: not release.cluster.pods("worker"))
        timeline.note("zero pods")
        time.sleep(5)
    timeline.write(out, "burst", "A burst of 200 jobs of 2 s, from zero workers and back")
    figures(timeline, outcome, report)
    all_once(release, outcome)
    assert set(seen.values()) == {0}
    follows_the_rule(timeline.samples)
    accepted = min(job["accepted"] for job in outcome.jobs)
    assert (timeline.first(lambda s: s.wanted > 0) or math.inf) - accepted <= 10


def figures(timeline: Timeline, outcome: Outcome, report: Report) -> None:
    case = "0 -> N -> 0"
    start = min(job["accepted"] for job in outcome.jobs)
    at = {text: moment for moment, text in timeline.events}
    looks: list[tuple[str, float | None]] = [
        ("first worker wanted, seconds after the first job", timeline.first(lambda s: s.wanted > 0, start)),
        ("first worker ready", timeline.first(lambda s: s.ready > 0, start)),
        (f"{MOST} workers ready", timeline.first(lambda s: s.ready == MOST, start)),
        ("queue empty", at["queue empty"]),
        ("zero workers wanted", at["zero wanted"]),
        ("last pod gone", at["zero pods"]),
    ]
    ends = sorted(job["seen"] for job in outcome.jobs)
    looks[2:2] = [("first job done", ends[0]), ("half of the jobs done", ends[len(ends) // 2])]
    for what, moment in looks:
        report.add(case, what, moment - start if moment else "never")
    report.add(
        case,
        "most workers; jobs by status; attempts",
        (max(s.wanted for s in timeline.samples), dict(outcome.statuses()), dict(outcome.attempts())),
    )


def follows_the_rule(samples: list[Sample]) -> None:
    """Wanted is never more than ceil(XLEN / target) was lately, and comes to what XLEN asks for."""
    asked = [min(MOST, math.ceil((s.messages or 0) / TARGET)) for s in samples]
    # The scaler looks every 5 s and the autoscaler every 15 s; scaling down waits for 180 s.
    for number, sample in enumerate(samples):
        lately = [a for a, s in zip(asked, samples, strict=True) if sample.at - 400 <= s.at <= sample.at + 2]
        assert sample.wanted <= max(lately, default=0), f"sample {number}: {sample}"
    assert max(s.wanted for s in samples) == max(asked)


def test_a_steady_load_has_steady_workers(release: Release, report: Report, out: Path) -> None:
    """About 11 jobs at a time for 10 minutes: once they are up, the workers stay within one of each other."""
    with Timeline(release.cluster, pause=2).running() as timeline:
        outcome = release.load(steady(rate=1.1, seconds=600, holds=(8, 12)))
    timeline.write(out, "steady", "1.1 jobs of 8 to 12 s a second, for 10 minutes")
    up = timeline.samples[0].at + 120
    level = [s.wanted for s in timeline.between(up, timeline.samples[0].at + 600)]
    report.add("steady, 10 minutes", "fewest and most workers wanted after 2 minutes", (min(level), max(level)))
    waits = sorted(queued_seconds(outcome))
    report.add(
        "steady, 10 minutes",
        "seconds in the queue, p50 and p95",
        (round(waits[len(waits) // 2], 2), round(waits[int(len(waits) * 0.95)], 2)),
    )
    all_once(release, outcome)
    assert max(level) - min(level) <= 1


def queued_seconds(outcome: Outcome) -> list[float]:
    from datetime import datetime

    parse = datetime.fromisoformat
    return [(parse(job["started_at"]) - parse(job["created_at"])).total_seconds() for job in outcome.jobs]


def test_workers_with_running_jobs_are_scaled_in(release: Release, report: Report, out: Path) -> None:
    """20 s jobs, a burst and then a few: surplus workers are stopped while they work, and nothing is lost by that."""
    release.change(QUICK)
    stops = release.stops()
    grace = release.cluster.deployment("worker").spec.template.spec.termination_grace_period_seconds
    plan = burst(30, hold=20).joined(steady(rate=0.4, seconds=150, holds=(20, 20)))
    with Timeline(release.cluster).running() as timeline:
        driver = release.start(plan)
        wait_for("the load to end", lambda: stops.look() and driver.ended(), plan.seconds)
        outcome = driver.wait()
        wait_for("the stopping workers to go", stops.look)
    timeline.write(out, "scale-in", "20 s jobs, a burst of 30 and then 0.4 a second")
    report.add(
        "scale-in under load",
        "workers stopped; with jobs; the longest took, of the grace, seconds",
        (len(stops.seconds), len(stops.busy), round(max(stops.seconds.values())), grace),
    )
    report.add("scale-in under load", "jobs; attempts", (dict(outcome.statuses()), dict(outcome.attempts())))
    all_once(release, outcome)
    assert stops.busy, "no worker was stopped while jobs ran: the case shows nothing"
    assert max(stops.seconds.values()) <= grace + 5
