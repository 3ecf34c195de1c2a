"""All rows, by name."""

from conformance.faults import client_rows, network_rows, postgres_rows, program_rows, redis_rows
from conformance.faults.rows import Row

ROWS: tuple[Row, ...] = (
    *program_rows.ROWS,
    *postgres_rows.ROWS,
    *redis_rows.ROWS,
    *network_rows.ROWS,
    *client_rows.ROWS,
)
BY_NAME = {row.name: row for row in ROWS}
