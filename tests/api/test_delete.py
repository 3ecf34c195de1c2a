from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, select

from api import status as status_module
from conformance.names import CANCELED, cache_key
from core.jobs import Job
from core.record import advance
from core.status_cache import decode_cached
from core.tables import results, uploads
from core.transitions import CANCEL, EXPIRE, Status, Transition
from tests.api.live import Live, metric

ENDS = {
    Status.QUEUED: Status.CANCELED,
    Status.PROCESSING: Status.CANCELED,
    Status.SUCCEEDED: Status.EXPIRED,
    Status.FAILED: Status.EXPIRED,
    Status.CANCELED: Status.CANCELED,
    Status.EXPIRED: Status.EXPIRED,
}


def blobs(engine: Engine, job_id: UUID) -> int:
    with engine.begin() as connection:
        return sum(
            len(connection.execute(select(table.c.job_id).where(table.c.job_id == job_id)).all())
            for table in (uploads, results)
        )


@pytest.mark.parametrize("status", list(Status))
def test_deleting_in_every_status_again_and_again(live: Live, engine: Engine, status: Status) -> None:
    job_id = live.in_status(status)
    for _ in range(3):
        answer = live.http.delete(f"/v1/jobs/{job_id}")
        assert (answer.status_code, answer.content) == (204, b"")
        job = live.get(job_id)
        assert job["status"] == ENDS[status] == live.record(job_id).status
        assert job["result"] is None
    if status not in {Status.CANCELED, Status.EXPIRED}:
        assert blobs(engine, job_id) == 0
        assert decode_cached(live.redis.get(cache_key(job_id))).status is ENDS[status]
    if ENDS[status] is Status.CANCELED and status is not Status.CANCELED:
        assert job["finished_at"] is not None


def test_a_cancel_is_told_to_the_workers_and_counted(live: Live) -> None:
    labels = {"status": "canceled", "source": "png", "target": "jpeg", "code": ""}
    before = metric("imagemill_jobs_finished_total", **labels)
    job_id = live.in_status(Status.PROCESSING)
    with live.redis.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(CANCELED)
        channel.get_message(timeout=60)
        live.http.delete(f"/v1/jobs/{job_id}")
        message = channel.get_message(timeout=60)
    assert message is not None
    assert message["data"] == str(job_id)
    assert metric("imagemill_jobs_finished_total", **labels) == before + 1


def test_a_job_that_finishes_while_it_is_canceled_is_expired(
    live: Live, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = live.in_status(Status.PROCESSING)

    def advance_late(connection: Connection, step: Transition, of: UUID, **values: object) -> Job | None:
        if step is EXPIRE:
            # Between the two statements: the worker commits.
            live.succeed(job_id)
        return None if step is CANCEL else advance(connection, step, of, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(status_module, "advance", advance_late)
    assert live.http.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert live.record(job_id).status is Status.EXPIRED
    assert blobs(engine, job_id) == 0
    assert live.http.get(f"/v1/jobs/{job_id}/result").json()["code"] == "expired"


def test_a_canceled_claim_is_fenced(live: Live) -> None:
    job_id = live.in_status(Status.PROCESSING)
    live.http.delete(f"/v1/jobs/{job_id}")
    with pytest.raises(AssertionError):
        live.succeed(job_id)
    assert live.record(job_id).status is Status.CANCELED
