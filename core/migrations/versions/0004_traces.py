"""The trace that a job, a batch and a message belong to (W3C `traceparent`), as the request brought it."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = ("jobs", "batches", "webhooks")


def upgrade() -> None:
    """Add the column. Without a default no row is rewritten."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ADD COLUMN traceparent text")
