"""A migration of a later release, for the test of upgrades only: one more column, which the release before does not know."""

from alembic import op

revision = "0002_later"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE jobs ADD COLUMN later text NOT NULL DEFAULT ''")
