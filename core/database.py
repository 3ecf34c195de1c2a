"""The way to PostgreSQL: engines with their time limits, and the one word for "it is away"."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

AWAY = (OperationalError, InterfaceError, PoolTimeout)
"""What SQLAlchemy raises when PostgreSQL cannot be reached, ends the connection, or takes too long."""

CONNECT_SECONDS = 3
TCP_TIMEOUT_MS = 5000
STATEMENT_TIMEOUT_MS = 5000
BLOB_TIMEOUT_MS = 30_000


def make_engine(url: str, *, pool: int) -> Engine:
    """An engine with at most `pool` connections, each checked before use and bounded in every wait."""
    address = make_url(url).set(drivername="postgresql+psycopg2")
    return create_engine(
        address,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "tcp_user_timeout": TCP_TIMEOUT_MS,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "application_name": "imagemill",
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
        },
    )


@contextmanager
def blob_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction with the longer time limit that whole images need."""
    with engine.begin() as connection:
        connection.execute(text(f"SET LOCAL statement_timeout = {BLOB_TIMEOUT_MS}"))
        yield connection


def is_away(error: BaseException) -> bool:
    """Whether an error means that PostgreSQL is away, not that the statement was wrong."""
    return isinstance(error, AWAY) or (isinstance(error, DBAPIError) and error.connection_invalidated)
