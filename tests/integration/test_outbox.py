"""The outbox: no end of a job without its message, and no message without an end."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, func, select, text

from api.status import _end_job
from core.publisher import Publisher
from core.record import advance, find_job
from core.redis_client import RedisClient
from core.tables import webhooks
from core.transitions import CANCEL, EXPIRE, FAIL, HAND_BACK, LOSE, RECLAIM, SUCCEED, TRANSITIONS, Transition
from core.webhook_states import mark_job
from janitor.expiry import expire_jobs
from janitor.leases import reclaim_jobs
from janitor.settings import JanitorSettings
from tests.integration.conftest import Submit, claim, set_columns
from tests.tracked import ROOT

URL = "https://receiver.example/hook?key=1"
SETTINGS = JanitorSettings(lease_seconds=3, heartbeat_seconds=1)
RESULT = {
    "filename": "a.jpg",
    "media_type": "image/jpeg",
    "bytes": 1,
    "sha256": "0" * 64,
    "width": 1,
    "height": 1,
    "frames": 1,
}
FACTS: dict[str, dict[str, Any]] = {
    "succeed": {"result": RESULT, "result_day": func.current_date(), "finished_at": func.now()},
    "fail": {"error": {"code": "internal", "detail": "It broke."}, "finished_at": func.now()},
}
TOLD = {"succeed": "job.succeeded", "fail": "job.failed", "lose": "job.failed", "cancel": "job.canceled"}


def messages(connection: Connection, job_id: UUID) -> list[Any]:
    return list(connection.execute(select(webhooks).where(webhooks.c.job_id == job_id)).all())


def make(engine: Engine, client: RedisClient, submit: Submit, step: Transition, **columns: str) -> UUID:
    """Make the transition as the program does whose it is."""
    job_id = submit(attempts=5 if step is LOSE else 0)
    with engine.begin() as connection:
        for name, value in columns.items():
            connection.execute(text(f"UPDATE jobs SET {name} = :value WHERE id = :id"), {"value": value, "id": job_id})
        if step.name != "claim":
            claim(connection, job_id)
    publisher = Publisher(client, cache=True)
    with engine.begin() as connection:
        if step in {SUCCEED, FAIL, HAND_BACK}:
            assert advance(connection, step, job_id, claim=1, **FACTS.get(step.name, {}))
        elif step is CANCEL:
            assert _end_job(connection, job_id)[1]
        elif step is EXPIRE:
            advance(connection, FAIL, job_id, claim=1, **FACTS["fail"])
            connection.execute(text("DELETE FROM webhooks"))
            set_columns(connection, job_id, "expires_at = now() - interval '1 second'")
        elif step in {LOSE, RECLAIM}:
            set_columns(connection, job_id, "lease_until = now() - interval '1 second'")
        else:
            claim(connection, job_id)
    if step in {LOSE, RECLAIM}:
        assert reclaim_jobs(engine, publisher, SETTINGS) == 1
    if step is EXPIRE:
        assert expire_jobs(engine, publisher, SETTINGS) == 1
    return job_id


@pytest.mark.parametrize("step", TRANSITIONS, ids=lambda step: step.name)
def test_every_end_has_its_message_and_nothing_else_has(
    engine: Engine, client: RedisClient, submit: Submit, step: Transition
) -> None:
    job_id = make(engine, client, submit, step, webhook_url=URL)
    with engine.begin() as connection:
        job, written = find_job(connection, job_id), messages(connection, job_id)
    assert job is not None
    assert job.status is step.target
    if step.name not in TOLD:
        assert written == []
        return
    (row,) = written
    assert (row.type, row.url, row.host, row.state, row.attempts) == (
        TOLD[step.name], URL, "receiver.example", "pending", 0,
    )  # fmt: skip
    assert job.webhook_state == "pending"
    body = row.body
    assert (body["type"], body["data"]["id"], body["data"]["status"]) == (TOLD[step.name], str(job_id), job.status)
    assert body["data"]["webhook"] == {"url": URL, "state": "pending", "error": None}
    assert body["timestamp"].endswith("Z")
    assert body["data"]["links"]["self"] == f"/v1/jobs/{job_id}"


@pytest.mark.parametrize("step", TRANSITIONS, ids=lambda step: step.name)
def test_without_a_webhook_nothing_is_written(
    engine: Engine, client: RedisClient, submit: Submit, step: Transition
) -> None:
    job_id = make(engine, client, submit, step)
    with engine.begin() as connection:
        job = find_job(connection, job_id)
        assert (job.webhook_state if job else "", messages(connection, job_id)) == (None, [])


def test_a_transaction_that_is_rolled_back_leaves_no_message(engine: Engine, submit: Submit) -> None:
    job_id = submit()
    with engine.begin() as connection:
        set_columns(connection, job_id, f"webhook_url = '{URL}'")
    with engine.connect() as connection:
        assert advance(connection, CANCEL, job_id)
        assert len(messages(connection, job_id)) == 1
        connection.rollback()
        assert messages(connection, job_id) == []


def test_a_state_that_did_not_change_is_no_new_revision(engine: Engine, submit: Submit) -> None:
    job_id = submit()
    with engine.begin() as connection:
        first = mark_job(connection, job_id, "pending", "It answered with 500.")
        again = mark_job(connection, job_id, "pending", "It answered with 500.")
    assert (first.rev if first else 0, again) == (2, None)


def test_transitions_are_made_in_the_record_alone(repository: Callable[[], list[str]]) -> None:
    """Whoever makes his own UPDATE of a transition would forget the message. core.turns only claims, which ends no job."""
    assert repository() == ["core/record.py", "core/turns.py"]
    assert set(re.findall(r"changes\(\s*([A-Z]+)", (ROOT / "core" / "turns.py").read_text(encoding="utf-8"))) == {
        "CLAIM"
    }


@pytest.fixture
def repository() -> Callable[[], list[str]]:
    from pathlib import Path

    root = Path(__file__).parents[2]
    rooms = ("api", "core", "janitor", "worker")

    def find() -> list[str]:
        sources = [path for room in rooms for path in sorted((root / room).rglob("*.py"))]
        return [
            str(path.relative_to(root))
            for path in sources
            if "changes(step" in (text := path.read_text(encoding="utf-8")) or "import changes" in text
        ]

    return find
