"""PostgreSQL that is away, in every way that it can be: gone, silent, slow, or in another role."""

import io
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from uuid import uuid4

import psycopg2
import psycopg2.errors
import pytest
from psycopg2.extensions import TRANSACTION_STATUS_IDLE
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class, named like a variable
from sqlalchemy import Connection, Engine, make_url, text

from core.blobs import store_upload
from core.bounded_connection import NoAnswer, answers_within, everything_until
from core.database import blob_transaction, is_away, make_engine
from core.outages import ends_connections
from core.partitions import partition_name, today

LONG = 60.0
"""Seconds that no test waits for: what ends before was ended by us."""


def pooled(connection: Connection) -> DriverConnection:
    driver: DriverConnection | None = connection.connection.driver_connection
    assert driver is not None
    return driver


@contextmanager
def frozen(connection: Connection) -> Iterator[None]:
    """Stop the server's process behind a connection: it takes everything, and answers nothing."""
    pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_statement_without_an_answer_ends_and_the_next_has_another_connection(engine: Engine) -> None:
    began = time.monotonic()
    with engine.connect() as connection:
        with frozen(connection), pytest.raises(Exception, match="did not answer in time") as silent:  # noqa: SIM117
            with answers_within(0.3):
                connection.execute(text("SELECT 1"))
        assert is_away(silent.value)
        assert connection.invalidated
    assert time.monotonic() - began < LONG
    with engine.begin() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


def test_bytes_that_nobody_takes_are_not_waited_for(engine: Engine) -> None:
    size = 20_000_000
    with engine.connect() as connection:
        day = today(connection)
        with frozen(connection), answers_within(0.3), pytest.raises(NoAnswer) as silent:
            store_upload(connection, day, uuid4(), io.BytesIO(bytes(size)), size)
    assert is_away(silent.value)


def test_a_commit_without_an_answer_ends(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        with frozen(connection), answers_within(0.3), pytest.raises(Exception, match="did not answer in time"):
            connection.commit()


def test_after_its_end_a_block_begins_nothing_and_leaves_the_connection_clean(engine: Engine) -> None:
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with everything_until(time.monotonic() - 1), pytest.raises(Exception, match="no time is left") as late:
            connection.execute(text("SELECT 1"))
        with everything_until(time.monotonic() - 1):
            connection.rollback()
        assert is_away(late.value)
        driver = pooled(connection)
        connection.execute(text("SELECT 1"))
        with everything_until(time.monotonic() - 1), pytest.raises(Exception, match="no time is left"):
            connection.commit()
        assert driver.info.transaction_status == TRANSACTION_STATUS_IDLE
        connection.rollback()
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() == pid


def test_a_slow_server_may_take_as_long_as_the_bytes_need(engine: Engine) -> None:
    with blob_transaction(engine, 100_000_000) as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "55s"
    with engine.begin() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "5s"


def test_a_database_that_turned_read_only_is_away_and_comes_back(engine: Engine, database_url: str) -> None:
    name = make_url(database_url).database
    admin = make_engine(database_url, pool=1)
    with engine.connect() as one, engine.connect() as two:
        for connection in (one, two):
            connection.execute(text("SET SESSION default_transaction_read_only = on"))
            connection.commit()
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))

        # The write is refused, then every connection: the pool does not go on with those that it has.
        for _ in range(3):
            with pytest.raises(Exception, match="read-only") as refused, engine.begin() as writing:
                writing.execute(text("DELETE FROM jobs"))
            assert is_away(refused.value)
        connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
    with engine.begin() as writing:
        writing.execute(text("DELETE FROM jobs"))
    admin.dispose()


def test_a_day_without_its_partition_is_an_outage_and_another_broken_rule_is_none(engine: Engine) -> None:
    with pytest.raises(psycopg2.Error, match="no partition") as missing, engine.begin() as connection:
        store_upload(connection, date(2020, 1, 1), uuid4(), io.BytesIO(b"x"), 1)
    assert is_away(missing.value)
    with engine.connect() as connection:
        connection.execute(
            text(f"ALTER TABLE {partition_name('uploads', today(connection))} ADD CHECK (job_id IS NULL)")
        )
        with pytest.raises(psycopg2.errors.CheckViolation) as broken:
            store_upload(connection, today(connection), uuid4(), io.BytesIO(b"x"), 1)
    assert not is_away(broken.value)


STATES = {
    "57P01": (True, True),
    "57P03": (True, True),
    "57014": (True, False),
    "08006": (True, True),
    "25006": (True, True),
    "40001": (True, False),
    "53300": (True, False),
    "55000": (True, False),
    "54001": (False, False),
    "42P01": (False, False),
    "23505": (False, False),
    "25P02": (False, False),
}
"""By SQLSTATE: whether waiting helps, and whether the pool's connections are of no use any more."""


def test_what_the_server_says_decides(engine: Engine) -> None:
    found = {}
    for state in STATES:
        raises = f"DO $$ BEGIN RAISE EXCEPTION 'said so' USING ERRCODE = '{state}'; END $$"
        with pytest.raises(Exception, match="said so") as raised, engine.begin() as connection:
            connection.execute(text(raises))
        found[state] = (is_away(raised.value), ends_connections(raised.value))
    assert found == STATES
