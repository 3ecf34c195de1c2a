"""What `/readyz` says about workers."""

import time
from uuid import UUID

import pytest
from sqlalchemy import text

from conformance.names import GROUP, STREAM
from conformance.service import wait_for
from core.queue import ensure_group, read_messages
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, Live
from tests.api.test_system import ready

LONG_AGO = "changed_at = now() - interval '6 seconds'"
"""A second longer than a hand-over may take."""


def change(live: Live, job_id: UUID, assignments: str) -> None:
    with live.engine.begin() as connection:
        connection.execute(text(f"UPDATE jobs SET {assignments} WHERE id = :id"), {"id": job_id})


def waiting(live: Live) -> UUID:
    """A job that has waited for too long to be on its way."""
    job_id = live.submit()
    change(live, job_id, LONG_AGO)
    return job_id


def workers(live: Live) -> str:
    """The part, of an API that is ready whatever it says."""
    status, word, parts = ready(live)
    assert (status, word) == (200, "ready")
    return parts["workers"]


def ask_for_messages(live: Live) -> None:
    """What a worker does that waits; it takes the messages that are there."""
    ensure_group(live.redis)
    read_messages(live.redis, "worker", 4, 10)


def test_without_jobs_no_worker_is_needed(live: Live) -> None:
    assert workers(live) == "ok"


def test_a_job_that_nobody_takes_is_said(live: Live) -> None:
    waiting(live)
    assert workers(live) == "none"
    live.redis.delete(STREAM)
    assert workers(live) == "none"
    assert ready(live)[2]["redis"] == "ok"


def test_a_job_that_came_or_came_back_a_moment_ago_is_on_its_way(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    change(live, live.submit(), "created_at = now() - interval '2 hours'")
    monkeypatch.setattr("api.probes.HANDOVER_SECONDS", 3600.0)
    assert workers(live) == "ok"


@pytest.mark.parametrize("status", ["canceled", "expired"])
def test_a_job_that_is_over_waits_for_nobody(live: Live, status: str) -> None:
    change(live, live.submit(), f"status = '{status}', {LONG_AGO}")
    assert workers(live) == "ok"


def test_a_worker_that_waits_for_messages_is_alive(live: Live) -> None:
    waiting(live)
    ask_for_messages(live)
    assert workers(live) == "ok"


def test_a_worker_that_asked_long_ago_is_not(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting(live)
    ask_for_messages(live)
    monkeypatch.setattr("api.probes.READER_SECONDS", 0.1)
    wait_for("the reader to be forgotten", lambda: workers(live) == "none")
    assert len(live.redis.xinfo_consumers(STREAM, GROUP)) == 1


def test_a_worker_that_holds_a_lease_is_alive_though_it_asks_for_nothing(live: Live) -> None:
    running = live.submit()
    waiting(live)
    live.claim(running)
    assert workers(live) == "ok"
    change(live, running, "lease_until = now() - interval '1 second'")
    assert workers(live) == "none"


def test_idle_readers_do_not_hide_a_lease(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    running = live.submit()
    waiting(live)
    ask_for_messages(live)
    live.claim(running)
    monkeypatch.setattr("api.probes.READER_SECONDS", 0.0)
    time.sleep(0.01)
    assert workers(live) == "ok"


def test_while_redis_is_away_only_a_lease_shows_a_worker(serve: Serve) -> None:
    live = serve(redis_url=NOWHERE)
    running = live.submit()
    waiting(live)
    ask_for_messages(live)
    assert workers(live) == "none"
    assert ready(live)[2]["redis"] == "away"
    live.claim(running)
    assert workers(live) == "ok"
