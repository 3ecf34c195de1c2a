"""The way to PostgreSQL: engines whose every wait is bounded, and whose connections end with the server's role."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import ExceptionContext

from core.bounded_connection import BoundedConnection, answers_within
from core.database_url import CONNECT_SECONDS, read_database_url
from core.outages import ERRORS, ends_connections, is_away, is_disk_full, is_too_slow

__all__ = [
    "ERRORS",
    "blob_seconds",
    "blob_transaction",
    "is_away",
    "is_disk_full",
    "is_too_slow",
    "make_engine",
    "moving_bytes",
]

BLOB_SECONDS = 5.0
BLOB_BYTES_PER_SECOND = 2_000_000
"""What a slow disk can do; a server that is slower than this is away."""
USUAL_BLOB_BYTES = 50_000_000
GRACE_SECONDS = 3.0
"""The server's own limit comes first, so that a server that is only slow can say so."""


def make_engine(url: str, *, pool: int) -> Engine:
    """Make an engine with at most `pool` connections, each checked before use and bounded in every wait.

    Names are resolved, and the role is checked, whenever a connection is made. Raises WrongUrl.
    """
    engine = create_engine(
        "postgresql+psycopg2://",
        pool_size=pool,
        max_overflow=0,
        pool_timeout=CONNECT_SECONDS,
        pool_pre_ping=True,
        # It asks the server about a type that we do not use, on each new connection.
        use_native_hstore=False,
        # Not SQLAlchemy's URL: it knows neither several hosts nor a `/` or `@` in a password.
        connect_args={**read_database_url(url).parameters, "connection_factory": BoundedConnection},
    )
    event.listen(engine, "handle_error", _drop_useless_connections)
    return engine


@contextmanager
def blob_transaction(engine: Engine, size: int = USUAL_BLOB_BYTES) -> Iterator[Connection]:
    """Open a transaction with the longer time limits of `size` bytes."""
    seconds = blob_seconds(size)
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text(f"SET LOCAL statement_timeout = {round(seconds * 1000)}"))
        yield connection
        with moving_bytes(size):
            transaction.commit()


@contextmanager
def moving_bytes(size: int = USUAL_BLOB_BYTES) -> Iterator[None]:
    """Let PostgreSQL be silent for as long as so many bytes need in this block, on any connection."""
    with answers_within(blob_seconds(size) + GRACE_SECONDS):
        yield


def blob_seconds(size: int) -> float:
    """Return how long a statement may take that moves so many bytes."""
    return BLOB_SECONDS + size / BLOB_BYTES_PER_SECOND


def _drop_useless_connections(context: ExceptionContext) -> None:
    """Let SQLAlchemy replace the whole pool when the server is of no use any more."""
    if ends_connections(context.original_exception):
        context.is_disconnect = True
