"""A result waits for room instead of filling the disk."""

import psycopg2.errors
import pytest
from sqlalchemy import Engine

from core.database import is_disk_full
from core.storage import NoRoom, check_room, measure_database
from worker.consumer import outage
from worker.consumer.outage import retry_while_away


def test_a_result_that_does_not_fit_is_stored_once_there_is_room(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "RETRY_SECONDS", 0.0)
    with engine.begin() as connection:
        taken = measure_database(connection)
    limits = [taken + 50, taken + 50, taken + 1_000_000]

    def store() -> str:
        with engine.begin() as connection:
            check_room(connection, 100, limits.pop(0))
        return "stored"

    assert retry_while_away("store the outcome", store) == "stored"
    assert limits == []


def test_without_a_limit_there_is_always_room(engine: Engine) -> None:
    with engine.begin() as connection:
        check_room(connection, 1 << 60, 0)
        with pytest.raises(NoRoom, match="1,000 bytes does not fit"):
            check_room(connection, 1000, 1)


def test_a_full_disk_is_told_from_other_outages() -> None:
    assert is_disk_full(psycopg2.errors.OperationalError("could not extend file: Disk quota exceeded"))
    assert not is_disk_full(psycopg2.errors.OperationalError("server closed the connection"))
