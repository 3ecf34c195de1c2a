"""Whatever is taken away under load, no accepted job is lost and none runs to two results."""

import random
import time
from pathlib import Path

from kubernetes import client

from conformance.service import wait_for
from tests.e2e.cluster.kube import Cluster
from tests.e2e.cluster.load import Outcome, burst, steady
from tests.e2e.cluster.release import Release
from tests.e2e.cluster.report import Report
from tests.e2e.cluster.timeline import Timeline

KILLS = 20
PAUSE_SECONDS = 15
DATABASES = {5: "postgresql", 9: "redis", 13: "postgresql", 17: "redis"}
"""At which of the kills they are the victim; else it is a worker or a pod of the API."""


def nothing_lost(release: Release, outcome: Outcome) -> None:
    """Every accepted job has its one right result. An upload whose answer never came may be one more in the record."""
    assert not outcome.wrong(), outcome.wrong()[:3]
    counts = release.jobs()
    assert set(counts) == {"succeeded"}, counts
    assert release.results() == counts["succeeded"] >= len({job["job"] for job in outcome.jobs})


def test_pods_are_killed(release: Release, report: Report, out: Path) -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable, not secret
    plan = steady(rate=2, seconds=KILLS * PAUSE_SECONDS, holds=(0, 3))
    with Timeline(release.cluster).running() as timeline:
        driver = release.start(plan)
        release.wait_for_workers(1)
        for number in range(KILLS):
            part = DATABASES.get(number) or chance.choice(["worker", "worker", "api"])
            if victims := release.cluster.pods(part):
                timeline.note(part)
                release.cluster.kill(chance.choice(victims))
            time.sleep(PAUSE_SECONDS)
        outcome = driver.wait()
    timeline.write(out, "kills", "2 jobs a second while pods are killed without grace")
    killed = [text for _, text in timeline.events]
    case = f"pod kills, {KILLS * PAUSE_SECONDS} s"
    report.add(case, "killed", {part: killed.count(part) for part in sorted(set(killed))})
    report.add(case, "jobs by status; attempts", (dict(outcome.statuses()), dict(outcome.attempts())))
    report.add(case, "answers beside successes; connections that broke", (dict(outcome.answers()), len(outcome.broken)))
    nothing_lost(release, outcome)
    assert set(outcome.answers()) <= {503}, [line for line in outcome.refused if line["answer"] != 503][:3]
    assert all(line["retry_after"] for line in outcome.refused)
    assert len(killed) >= KILLS * 0.8


def test_redis_is_away_for_two_minutes(release: Release, report: Report, out: Path) -> None:
    """Uploads are still taken, the scaler's fallback holds the workers, and every job ends once Redis is back."""
    with Timeline(release.cluster).running() as timeline:
        driver = release.start(steady(rate=1, seconds=210, holds=(4, 6)))
        release.wait_for_workers(2)
        time.sleep(15)
        held = timeline.samples[-1].wanted
        release.cluster.scale("stateful_set", "imagemill-redis", 0)
        gone = timeline.note("Redis away")
        time.sleep(120)
        release.cluster.scale("stateful_set", "imagemill-redis", 1)
        back = timeline.note("Redis back")
        outcome = driver.wait()
    timeline.write(out, "redis-away", "One job of 4 to 6 s a second; Redis is away for two minutes")
    fewest = min(s.wanted for s in timeline.between(gone, back))
    report.add("Redis away, 120 s", "workers before; fewest meanwhile", (held, fewest))
    report.add(
        "Redis away, 120 s",
        "jobs; attempts; answers beside successes",
        (dict(outcome.statuses()), dict(outcome.attempts()), dict(outcome.answers())),
    )
    cleared = timeline.first(lambda s: s.queued == 0 and s.messages is not None, back)
    report.add(
        "Redis away, 120 s",
        "none waits, seconds after Redis was told to come back",
        cleared - back if cleared else "never",
    )
    nothing_lost(release, outcome)
    assert not outcome.refused
    assert not outcome.broken
    assert fewest >= held


def test_the_scaler_is_away(release: Release, report: Report, out: Path) -> None:
    """Without KEDA's operator running workers stay as many as they are, and from zero nothing wakes until it is back."""
    keda = Cluster("keda")
    release.load(burst(6, hold=0))
    release.wait_for_workers(1)
    try:
        with Timeline(release.cluster).running() as timeline:
            keda.scale("deployment", "keda-operator", 0)
            gone = timeline.note("KEDA away")
            wait_for("the operator to go", lambda: not operator_pods(keda))
            driver = release.start(burst(60, hold=3))
            outcome = driver.wait()
            timeline.note("60 jobs done")
            release.cluster.scale("deployment", "imagemill-worker", 0)
            wait_for("no worker", lambda: not release.cluster.pods("worker"))
            asleep = timeline.note("3 jobs")
            sleeping = release.start(burst(3, hold=0))
            time.sleep(45)
            woke = [s for s in timeline.between(asleep) if s.wanted]
            keda.scale("deployment", "keda-operator", 1)
            back = timeline.note("KEDA back")
            late = sleeping.wait()
    finally:
        keda.scale("deployment", "keda-operator", 1)
        wait_for("the operator to be ready", lambda: operator_pods(keda, ready=True))
    timeline.write(
        out, "keda-away", "KEDA's operator is away: 60 jobs for the workers that are there, then 3 from zero"
    )
    report.add(
        "KEDA away",
        "workers wanted meanwhile",
        sorted({s.wanted for s in timeline.between(gone + 5, timeline.events[1][0])}),
    )
    report.add(
        "KEDA away",
        "from zero: woken meanwhile; done, seconds after it was told to come back",
        (len(woke), round(max(job["seen"] for job in late.jobs) - back)),
    )
    assert not woke
    assert not outcome.wrong()
    assert not late.wrong()


def operator_pods(keda: Cluster, *, ready: bool = False) -> list[client.V1Pod]:
    pods = keda.core.list_namespaced_pod("keda", label_selector="app=keda-operator").items
    return [pod for pod in pods if not ready or all(s.ready for s in pod.status.container_statuses or [])]
