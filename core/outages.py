"""What PostgreSQL's errors mean: that it is away, or that something is wrong with what we asked.

A database that changed its role is away too. After a failover the old primary is a standby: it takes connections and
refuses every write. Waiting helps, on a new connection.
"""

import psycopg2
import psycopg2.errors
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.bounded_connection import TooLate

ERRORS = (SQLAlchemyError, psycopg2.Error)
"""What a database call can raise: blobs go through the driver's own cursor, so its errors come unwrapped."""

UNREACHED = (OperationalError, InterfaceError, PoolTimeout, psycopg2.OperationalError, psycopg2.InterfaceError)
"""What means that PostgreSQL cannot be reached or hung up, where the error has no SQLSTATE."""

AWAY_STATES = (
    "08",  # the connection broke; PgBouncer says so of a server that it cannot reach
    "25006",  # read-only: a standby, or a primary that its operator switched
    "25P03",  # the transaction stood still for too long and was ended
    "40",  # conflict with recovery on a standby, a deadlock: the same again may pass
    "53",  # too many connections, no memory, no room
    "55000",  # the server is not in the state for this
    "55006",  # in use by somebody
    "55P03",  # a lock was not free in time
    "57",  # shut down, crashed, starting up, or the statement took longer than statement_timeout
    "58",  # the server's own system failed: a disk error
)
"""The SQLSTATEs, or their first characters, with which the same may pass a moment later."""

USELESS_STATES = ("08", "25006", "25P03", "57P")
"""Those after which the pool must not use any connection again: the server is another now, or has another role."""

DISK_FULL = "53100"

NO_PARTITION = "23514"
"""check_violation. Without the name of a constraint it means that no partition takes the row."""


def is_away(error: BaseException) -> bool:
    """Return whether an error means PostgreSQL is away, or cannot do its work for now, not a wrong statement."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = _state_of(error)
    if state is None:
        # A COPY that breaks off has an error of no kind and no state.
        return isinstance(error, UNREACHED) or type(_driver_error(error)) is psycopg2.DatabaseError
    return state.startswith(AWAY_STATES) or _is_partition_missing(error)


def is_too_slow(error: BaseException) -> bool:
    """Return whether PostgreSQL answered, but ended a statement at its time limit."""
    return isinstance(_driver_error(error), psycopg2.errors.QueryCanceled)


def is_disk_full(error: BaseException) -> bool:
    """Return whether PostgreSQL found no room on its disk. A quota of the file system has no SQLSTATE of its own."""
    return _state_of(error) == DISK_FULL or "Disk quota exceeded" in str(error)


def ends_connections(error: BaseException) -> bool:
    """Return whether the pool's connections lead to a server that is of no use any more."""
    return (_state_of(error) or "").startswith(USELESS_STATES)


def leaves_commit_open(error: BaseException) -> bool:
    """Return whether nobody knows if the COMMIT that ended so was done: it was sent, and the connection broke."""
    broke = _state_of(error) is None or ends_connections(error)
    return broke and not isinstance(_driver_error(error), TooLate)


def _driver_error(error: BaseException) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _state_of(error: BaseException) -> str | None:
    driver = _driver_error(error)
    return driver.pgcode if isinstance(driver, psycopg2.Error) else None


def _is_partition_missing(error: BaseException) -> bool:
    """Return whether the day has no partition. The janitor makes it as soon as it runs again."""
    driver = _driver_error(error)
    return isinstance(driver, psycopg2.Error) and driver.pgcode == NO_PARTITION and not driver.diag.constraint_name
