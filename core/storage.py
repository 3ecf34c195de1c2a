"""The room on the database's disk: how much is taken, and how much may be."""

from sqlalchemy import Connection, text

RESULTS_SHARE = 0.1
"""Of the limit, what uploads leave to the results of jobs that were taken before."""

_DATABASE = text("SELECT pg_database_size(current_database())")

# The upload of an open job makes room at its end, but the result is stored before, and may be as large.
_TAKEN = text("""
    SELECT pg_database_size(current_database())
        + (SELECT coalesce(sum(stored), 0)::bigint FROM jobs WHERE status IN ('queued', 'processing'))
""")


class NoRoom(Exception):
    """A result would take the database beyond its limit."""


def measure_database(connection: Connection) -> int:
    """Return the bytes of the database's files, with indexes and what is not vacuumed yet."""
    return int(connection.execute(_DATABASE).scalar_one())


def measure_taken(connection: Connection) -> int:
    """Return the bytes of the database's files, and those that the results of open jobs are expected to have."""
    return int(connection.execute(_TAKEN).scalar_one())


def most_for_uploads(limit: int) -> int:
    """Return up to where uploads are taken."""
    return round(limit * (1 - RESULTS_SHARE))


def check_room(connection: Connection, size: int, limit: int) -> None:
    """Raise NoRoom when a result of so many bytes would exceed the limit; 0 is none."""
    if limit and measure_database(connection) + size > limit:
        raise NoRoom(f"a result of {size:,} bytes does not fit: the database may have {limit:,} bytes")
