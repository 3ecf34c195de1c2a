"""The way to PostgreSQL: engines with their time limits, and the one word for "it is away"."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import psycopg2.errors
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.database_url import CONNECT_SECONDS, read_database_url

ERRORS = (SQLAlchemyError, psycopg2.Error)
"""What a database call can raise: blobs go through the driver's own cursor, so its errors come unwrapped."""

AWAY = (OperationalError, InterfaceError, PoolTimeout, psycopg2.OperationalError, psycopg2.InterfaceError)
"""What means that PostgreSQL cannot be reached, ended the connection, or took too long."""

BLOB_TIMEOUT_MS = 30_000


def make_engine(url: str, *, pool: int) -> Engine:
    """Make an engine with at most `pool` connections, each checked before use and bounded in every wait.

    Raises WrongUrl.
    """
    return create_engine(
        "postgresql+psycopg2://",
        pool_size=pool,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        # Not SQLAlchemy's URL: it knows neither several hosts nor a `/` or `@` in a password.
        connect_args=dict(read_database_url(url).parameters),
    )


@contextmanager
def blob_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction with the longer time limit of whole images."""
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL statement_timeout = {BLOB_TIMEOUT_MS}"))
        yield connection


def is_away(error: BaseException) -> bool:
    """Return whether an error means PostgreSQL is away, not a wrong statement."""
    return isinstance(error, AWAY) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def is_too_slow(error: BaseException) -> bool:
    """Return whether PostgreSQL answered, but ended a statement at its time limit."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(driver, psycopg2.errors.QueryCanceled)
