"""A claim whose COMMIT was done and not confirmed: the worker finds its job, and no attempt is lost."""

import threading
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from sqlalchemy import Engine

from core.bounded_connection import BoundedConnection
from core.database import is_away
from core.queue import Message
from core.record import find_job
from core.transitions import Status
from tests.integration.conftest import Submit
from worker.consumer import loop
from worker.consumer.context import InFlight, InFlightJob


@pytest.mark.parametrize("is_done", [True, False])
def test_a_claim_that_was_not_confirmed_is_found_or_was_never_made(
    engine: Engine, submit: Submit, monkeypatch: pytest.MonkeyPatch, *, is_done: bool
) -> None:
    started: list[InFlightJob] = []
    monkeypatch.setattr(loop, "run_job", lambda _context, claimed: started.append(claimed))
    context: Any = SimpleNamespace(
        engine=engine,
        name="worker-1",
        settings=SimpleNamespace(lease_seconds=30),
        in_flight=InFlight(4),
        publisher=SimpleNamespace(publish=lambda _job: None),
    )
    consumer = loop.Consumer(context)
    job_id = submit()
    commit = BoundedConnection.commit

    def lose_answer(self: BoundedConnection) -> None:
        if is_done:
            commit(self)
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patched:
        patched.setattr(BoundedConnection, "commit", lose_answer)
        with pytest.raises(Exception, match="closed the connection") as lost:
            consumer._start_or_skip(Message("1-1", job_id), alone=False)
    assert is_away(lost.value)
    consumer._fill_slots()
    for thread in threading.enumerate():
        if thread.name == f"job-{job_id}":
            thread.join()
    assert [claimed.job.id for claimed in started] == [job_id] * is_done
    with engine.begin() as connection:
        job = find_job(connection, job_id)
    assert job is not None
    assert (job.status, job.attempts) == ((Status.PROCESSING, 1) if is_done else (Status.QUEUED, 0))
