"""Record, blobs, partitions and migrations on a real PostgreSQL."""

import io
import os
import struct
import sys
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, delete, func, text
from sqlalchemy.exc import IntegrityError, OperationalError
from typing_extensions import Buffer

from core import blobs
from core.blobs import SLICE_BYTES, read_result_slice, read_upload, store_result, store_upload
from core.database import is_away, make_engine
from core.migrations import upgrade
from core.migrations.__main__ import main as migrate
from core.partitions import ensure_partitions, has_partitions_for_tomorrow, partition_days, partition_name, today
from core.record import advance, claim_job, find_job
from core.tables import BLOBS, metadata, results, uploads
from core.transitions import CANCEL, CLAIM, FAIL, SUCCEED, Status
from tests.integration.conftest import Submit, claim


def test_migrating_again_changes_nothing_and_the_tables_are_as_the_code_sees_them(engine: Engine) -> None:
    upgrade(engine)
    with engine.begin() as connection:
        ours = {*metadata.tables, "alembic_version"}
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name in ours, "compare_type": True},
        )
        differences = [d for d in compare_metadata(context, metadata) if d[0] not in {"remove_index", "remove_table"}]
    assert differences == []


def test_a_migration_says_why_it_cannot_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGEMILL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setattr(sys, "argv", ["core.migrations"])
    assert migrate() == 1
    sentence = "imagemill: The database of IMAGEMILL_DATABASE_URL could not be migrated: connection to server at"
    assert capsys.readouterr().err.startswith(sentence)


def test_a_job_is_claimed_by_one_and_finished_by_its_claim(engine: Engine, submit: Submit) -> None:
    job_id = submit()
    with engine.begin() as connection:
        job = claim(connection, job_id)
        assert (job.status, job.claim, job.attempts, job.rev) == (Status.PROCESSING, 1, 1, 2)
        assert claim_job(connection, job_id, worker="other", lease_seconds=30) is None
        assert advance(connection, FAIL, job_id, claim=2, error={"code": "x"}) is None
        done = advance(connection, FAIL, job_id, claim=1, error={"code": "x"}, finished_at=func.now())
    assert done is not None
    assert (done.status, done.rev, done.error) == (Status.FAILED, 3, {"code": "x"})


def test_a_fenced_transition_needs_a_claim_and_a_claim_needs_a_lease(engine: Engine, submit: Submit) -> None:
    job_id = submit()
    with engine.begin() as connection:
        with pytest.raises(ValueError, match="fenced"):
            advance(connection, SUCCEED, job_id)
        with pytest.raises(ValueError, match="lease_until"):
            advance(connection, CLAIM, job_id)


def test_the_database_refuses_a_success_without_a_result(engine: Engine, submit: Submit) -> None:
    job_id = submit(claimed=True)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        advance(connection, SUCCEED, job_id, claim=1)


def test_an_unknown_job_is_none(engine: Engine) -> None:
    with engine.begin() as connection:
        assert find_job(connection, uuid4()) is None
        assert advance(connection, CANCEL, uuid4()) is None


def erase(connection: Connection, job_id: UUID, day: date) -> None:
    for table in (uploads, results):
        connection.execute(delete(table).where(table.c.day == day, table.c.job_id == job_id))


@pytest.mark.parametrize("size", [1, 1 << 18, SLICE_BYTES, SLICE_BYTES + 1, 3_333_333])
def test_blobs_come_back_as_they_went(engine: Engine, size: int) -> None:
    data, job_id = os.urandom(size), uuid4()
    with engine.begin() as connection:
        day = today(connection)
        store_upload(connection, day, job_id, io.BytesIO(data), size)
        store_result(connection, day, job_id, io.BytesIO(data), size)
        back = io.BytesIO()
        assert read_upload(connection, day, job_id, back) == size
        assert back.getvalue() == data
        assert read_result_slice(connection, day, job_id, size // 3, 1000) == data[size // 3 : size // 3 + 1000]
        assert read_result_slice(connection, day, job_id, size, 10) == b""
        erase(connection, job_id, day)
        assert read_upload(connection, day, job_id, back) is None
        assert read_result_slice(connection, day, job_id, 0, 10) is None


class EraserSink(io.BytesIO):
    """Erases the upload with the first piece that it is given, as the API does when the user deletes the job."""

    def __init__(self, engine: Engine, day: date, job_id: UUID) -> None:
        super().__init__()
        self.pieces: list[int] = []
        self._engine, self._day, self._job_id = engine, day, job_id

    def write(self, piece: Buffer, /) -> int:
        if not self.pieces:
            with self._engine.begin() as other:
                erase(other, self._job_id, self._day)
        written = super().write(piece)
        self.pieces.append(written)
        return written


def test_an_upload_that_is_erased_while_it_is_read_comes_whole_and_in_slices(engine: Engine) -> None:
    data, job_id = os.urandom(3 * SLICE_BYTES + 1), uuid4()
    with engine.begin() as connection:
        day = today(connection)
        store_upload(connection, day, job_id, io.BytesIO(data), len(data))
    sink = EraserSink(engine, day, job_id)
    with engine.begin() as connection:
        assert read_upload(connection, day, job_id, sink) == len(data)
        assert read_upload(connection, day, job_id, io.BytesIO()) is None
    assert sink.getvalue() == data
    assert sink.pieces == [SLICE_BYTES] * 3 + [1]


def test_an_answer_of_copy_may_be_cut_anywhere() -> None:
    rows = [b"first", b"", b"\xff\xff" * 10]
    answer = blobs._SIGNATURE + b"".join(struct.pack(">hi", 1, len(row)) + row for row in rows) + blobs._TRAILER
    for step in (1, 2, 7, len(answer)):
        taken: list[bytes] = []
        fields = blobs._CopyFields(taken.append)
        for start in range(0, len(answer), step):
            fields.write(answer[start : start + step])
        assert taken == rows


def test_a_blob_that_ends_early_stores_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        day = today(connection)
    with pytest.raises((ValueError, OperationalError, Exception)), engine.begin() as connection:
        store_upload(connection, day, uuid4(), io.BytesIO(b"short"), 100)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM uploads")).scalar_one() == 0


def test_partitions_are_made_ahead(engine: Engine) -> None:
    with engine.begin() as connection:
        first = today(connection)
        days = [first + timedelta(days=n) for n in range(8)]
        assert [partition_days(connection, table.name) for table in BLOBS] == [days] * len(BLOBS)
        assert ensure_partitions(connection) == 0
        connection.execute(text(f"DROP TABLE {partition_name('results', first + timedelta(days=1))}"))
        assert not has_partitions_for_tomorrow(connection)
        assert ensure_partitions(connection, 9) == 1 + 2 * len(BLOBS)
        assert has_partitions_for_tomorrow(connection)


def test_a_day_without_a_partition_is_refused_not_misplaced(engine: Engine) -> None:
    with pytest.raises(Exception, match="no partition"), engine.begin() as connection:
        store_upload(connection, date(2020, 1, 1), uuid4(), io.BytesIO(b"x"), 1)


def test_a_database_that_is_away_is_told_from_a_wrong_statement(engine: Engine) -> None:
    away = make_engine("postgresql://nobody@127.0.0.1:1/none", pool=1)
    with pytest.raises(OperationalError) as unreachable:
        away.connect()
    assert is_away(unreachable.value)
    with pytest.raises(Exception, match="nonsense") as wrong, engine.begin() as connection:
        connection.execute(text("SELECT nonsense"))
    assert not is_away(wrong.value)
