"""The day partitions of uploads and results: made ahead, dropped when nobody needs them any more.

There is no DEFAULT partition on purpose: DETACH ... CONCURRENTLY is refused beside one, and rows that
landed there would stay for ever.
"""

from datetime import date, timedelta

from sqlalchemy import Connection, text

from core.tables import BLOBS

DAYS_AHEAD = 7

_LIST = text("""
    SELECT child.relname FROM pg_inherits
    JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent
    WHERE parent.relname = :parent AND NOT inhdetachpending AND pg_table_is_visible(parent.oid)
    ORDER BY child.relname
""")


def partition_name(table: str, day: date) -> str:
    """Return the partition's name: `uploads_20261231`."""
    return f"{table}_{day:%Y%m%d}"


def partition_day(name: str) -> date:
    """Return the day in a partition's name."""
    digits = name.rpartition("_")[2]
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def partition_days(connection: Connection, table: str) -> list[date]:
    """Return the days with an attached partition, oldest first."""
    return [partition_day(name) for name in connection.scalars(_LIST, {"parent": table})]


def today(connection: Connection) -> date:
    """Return the current day in UTC by the database's clock."""
    day: date = connection.execute(text("SELECT (now() AT TIME ZONE 'UTC')::date")).scalar_one()
    return day


def ensure_partitions(connection: Connection, days: int = DAYS_AHEAD) -> int:
    """Make the missing partitions of today and the next `days`. Return how many were made."""
    first = today(connection)
    made = 0
    for table in BLOBS:
        present = set(partition_days(connection, table.name))
        for day in (first + timedelta(days=ahead) for ahead in range(days + 1)):
            if day not in present:
                _create(connection, table.name, day)
                made += 1
    return made


def has_partitions_for_tomorrow(connection: Connection) -> bool:
    """Return whether uploads and results can be stored after midnight."""
    tomorrow = today(connection) + timedelta(days=1)
    return all(tomorrow in partition_days(connection, table.name) for table in BLOBS)


def _create(connection: Connection, table: str, day: date) -> None:
    connection.execute(
        text(
            f"CREATE TABLE {partition_name(table, day)} PARTITION OF {table} "
            f"FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
        )
    )
