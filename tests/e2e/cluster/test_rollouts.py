"""Upgrades and rollbacks while jobs are submitted: no answer above 499, no lost job."""

import time
from typing import Any

import pytest

from tests.e2e.cluster.load import Outcome, steady
from tests.e2e.cluster.release import Release, named
from tests.e2e.cluster.report import Report

LOAD = steady(rate=3, seconds=100, holds=(0, 4))
CHANGED: dict[str, Any] = {"settings": {"logLevel": "debug"}}
"""Every part of ours reads it, so all of them are replaced."""


def unharmed(release: Release, outcome: Outcome) -> None:
    assert not outcome.refused, outcome.refused[:3]
    assert not outcome.broken, outcome.broken[:3]
    assert not outcome.wrong(), outcome.wrong()[:3]
    assert set(outcome.attempts()) == {1}
    assert release.jobs() == {"succeeded": len(outcome.jobs)}


def pods(release: Release) -> set[str]:
    return {pod.metadata.name for part in ("api", "worker", "janitor") for pod in release.cluster.ready_pods(part)}


def test_an_upgrade_and_a_rollback_under_load(release: Release, report: Report) -> None:
    driver = release.start(LOAD)
    release.wait_for_workers(2)
    before = pods(release)
    started = time.time()
    release.change(CHANGED)
    upgraded = time.time()
    between = pods(release)
    release.helm.rollback()
    seconds = (round(upgraded - started), round(time.time() - upgraded))
    after = pods(release)
    outcome = driver.wait()
    report.add("rolling upgrade under load", "upgrade; rollback, seconds", seconds)
    report.add(
        "rolling upgrade under load",
        "jobs; answers beside successes; broken connections",
        (dict(outcome.statuses()), dict(outcome.answers()), len(outcome.broken)),
    )
    assert not before & between, "the upgrade replaced nothing"
    assert not between & after, "the rollback replaced nothing"
    unharmed(release, outcome)


def test_an_upgrade_with_a_migration_and_a_rollback_after_it(release: Release, report: Report) -> None:
    """The older release runs on the newer schema: migrations only add."""
    if not release.images.next_api:
        pytest.skip("IMAGEMILL_NEXT_API_IMAGE names no image of a later release")
    driver = release.start(LOAD)
    release.wait_for_workers(1)
    first = revision(release)
    release.change({"api": {"image": named(release.images.next_api)}})
    second = revision(release)
    release.helm.rollback()
    outcome = driver.wait()
    report.add(
        "upgrade with a migration under load", "schema before; after; jobs", (first, second, dict(outcome.statuses()))
    )
    assert first != second
    assert revision(release) == second
    unharmed(release, outcome)


def revision(release: Release) -> str:
    return release.cluster.sql("SELECT version_num FROM alembic_version")[0]
