"""What becomes of the bytes and names of jobs that are over."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, event, func, select, text

from core.blobs import store_result
from core.partial_uploads import begin_upload, extend_upload
from core.partitions import today
from core.publisher import Publisher
from core.record import advance, advance_all
from core.redis_client import RedisClient
from core.tables import jobs, partial_uploads, results, uploads
from core.transitions import CANCEL, EXPIRE, FAIL, HAND_BACK, LOSE, RECLAIM, SUCCEED, Transition
from janitor import expiry
from janitor.expiry import expire_jobs
from janitor.settings import JanitorSettings
from janitor.unfinished import erase_unfinished
from tests.integration.conftest import Submit, set_columns

SETTINGS = JanitorSettings()
HOUR = timedelta(hours=1)
RESULT = b"result" * 1000
OVER = "lease_until = now() - interval '1 second'"
ERROR = {"code": "internal", "detail": ""}


def kept(engine: Engine, job_id: UUID) -> tuple[int, int]:
    """How many uploads and results of the job are there."""
    with engine.begin() as connection:
        upload, result = (
            connection.scalar(select(func.count()).where(table.c.job_id == job_id)) for table in (uploads, results)
        )
    return int(upload or 0), int(result or 0)


def stored(engine: Engine, job_id: UUID) -> int:
    with engine.begin() as connection:
        return int(connection.scalar(select(jobs.c.stored).where(jobs.c.id == job_id)) or 0)


def make_step(connection: Connection, step: Transition, job_id: UUID, **values: Any) -> None:
    if step.fenced:
        assert advance(connection, step, job_id, claim=1, **values) is not None
    else:
        assert len(advance_all(connection, step, most=1, limit=3, only_if=jobs.c.id == job_id, **values)) == 1


def succeed(engine: Engine, job_id: UUID, expires: str = "now() + interval '1 day'") -> None:
    with engine.begin() as connection:
        day = today(connection)
        described = {"bytes": len(RESULT), "filename": "a.jpg"}
        done = advance(connection, SUCCEED, job_id, claim=1, result=described, result_day=day, expires_at=text(expires))
        assert done is not None
        store_result(connection, day, job_id, BytesIO(RESULT), len(RESULT))


@pytest.mark.parametrize("step", [CANCEL, FAIL, LOSE], ids=lambda step: step.name)
def test_an_upload_goes_with_the_end_of_its_job(engine: Engine, submit: Submit, step: Transition) -> None:
    job_id, other = submit(claimed=True, attempts=2), submit(claimed=True)
    values = {} if step is CANCEL else {"error": ERROR}
    with engine.begin() as connection:
        set_columns(connection, job_id, OVER)
        make_step(connection, step, job_id, **values)
    assert (kept(engine, job_id), stored(engine, job_id)) == ((0, 0), 0)
    assert (kept(engine, other), stored(engine, other)) == ((1, 0), 5)


def test_of_a_success_the_result_stays_until_it_expires(engine: Engine, client: RedisClient, submit: Submit) -> None:
    job_id, later = submit(claimed=True), submit(claimed=True)
    succeed(engine, job_id)
    succeed(engine, later)
    assert (kept(engine, job_id), stored(engine, job_id)) == ((0, 1), len(RESULT))
    with engine.begin() as connection:
        set_columns(connection, job_id, "expires_at = now() - interval '1 second'")
    assert expire_jobs(engine, Publisher(client, cache=True), SETTINGS) == 1
    assert (kept(engine, job_id), stored(engine, job_id)) == ((0, 0), 0)
    assert kept(engine, later) == (0, 1)


@pytest.mark.parametrize("step", [HAND_BACK, RECLAIM], ids=lambda step: step.name)
def test_a_job_that_is_tried_again_keeps_its_upload(engine: Engine, submit: Submit, step: Transition) -> None:
    job_id = submit(claimed=True)
    with engine.begin() as connection:
        set_columns(connection, job_id, OVER)
        make_step(connection, step, job_id, worker=None)
    assert (kept(engine, job_id), stored(engine, job_id)) == ((1, 0), 5)


def test_many_results_expire_in_one_sweep_a_bounded_number_of_bytes_at_a_time(
    engine: Engine, client: RedisClient, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH_BYTES", 2 * len(RESULT))
    ids = [submit(claimed=True) for _ in range(5)]
    for job_id in ids:
        succeed(engine, job_id, "now() - interval '1 second'")
    erased: list[int] = []

    @event.listens_for(engine, "after_cursor_execute")
    def count(*args: object) -> None:
        if str(args[2]).startswith("DELETE FROM results"):
            erased.append(args[1].rowcount)  # type: ignore[attr-defined] # a cursor

    assert expire_jobs(engine, Publisher(client, cache=True), SETTINGS) == 5
    assert erased == [2, 2, 1]
    assert all(kept(engine, job_id) == (0, 0) for job_id in ids)


def test_one_result_larger_than_a_batch_expires_too(
    engine: Engine, client: RedisClient, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH_BYTES", 1)
    job_id = submit(claimed=True)
    succeed(engine, job_id, "now() - interval '1 second'")
    assert expire_jobs(engine, Publisher(client, cache=True), SETTINGS) == 1
    assert kept(engine, job_id) == (0, 0)


def test_an_upload_that_a_worker_of_the_release_before_left_goes_when_its_job_expires(
    engine: Engine, submit: Submit
) -> None:
    job_id = submit(claimed=True)
    with engine.begin() as connection:
        set_columns(connection, job_id, "status = 'failed', lease_until = NULL, error = '{}'")
        assert advance(connection, EXPIRE, job_id) is not None
    assert kept(engine, job_id) == (0, 0)


def test_an_unfinished_upload_loses_its_name_with_its_bytes(engine: Engine) -> None:
    with_bytes, without = uuid4(), uuid4()
    with engine.begin() as connection:
        for upload_id in (with_bytes, without):
            begin_upload(connection, upload_id, owner="key:a", length=5, metadata="filename YQ==", kept=HOUR)
        assert extend_upload(connection, with_bytes, 0, b"12", HOUR) is not None
        connection.execute(text("UPDATE partial_uploads SET expires_at = now() - interval '1 second'"))
    assert erase_unfinished(engine) == 1
    with engine.begin() as connection:
        assert connection.scalars(select(partial_uploads.c.metadata)).all() == ["", ""]
        assert connection.scalar(text("SELECT count(*) FROM upload_pieces")) == 0
