"""The schema of a database as lines of text, read from PostgreSQL's catalog."""

import re
from datetime import date

from sqlalchemy import Connection, text

TABLES = """
SELECT format('%s %s (%s) %s', relname, relkind, array_to_string(reloptions, ', '), coalesce(
    pg_get_expr(relpartbound, oid), pg_get_partkeydef(oid), ''))
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
"""
COLUMNS = """
SELECT format('%s.%s %s%s storage %s%s', relname, attname, format_type(atttypid, atttypmod),
    CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END, attstorage, ' DEFAULT ' || pg_get_expr(adbin, adrelid))
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
AND attnum > 0 AND NOT attisdropped
"""
CONSTRAINTS = """
SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
AND conrelid <> 'alembic_version'::regclass
"""
INDEXES = """
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""


def schema(connection: Connection) -> list[str]:
    """Return every table, column, constraint and index, with the days of partitions counted from the first one."""
    lines = [
        line for query in (TABLES, COLUMNS, CONSTRAINTS, INDEXES) for line in sorted(connection.scalars(text(query)))
    ]
    days = sorted({day for line in lines for day in re.findall(r"\b\d{4}-\d\d-\d\d\b", line)})
    return [_without_dates(line, date.fromisoformat(days[0])) for line in lines]


def _without_dates(line: str, first: date) -> str:
    def count(found: re.Match[str]) -> str:
        return f"day{(date.fromisoformat(found[0]) - first).days}"

    return re.sub(r"\b\d{4}-\d\d-\d\d\b|(?<=_)\d{8}(?!\d)", count, line)
