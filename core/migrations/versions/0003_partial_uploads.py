"""Uploads that go on where they stopped: what is known of each, and its bytes in pieces, in partitions by day."""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = (
    """
    CREATE TABLE partial_uploads (
        id uuid PRIMARY KEY,
        owner text NOT NULL,
        -- The partition of all its pieces.
        day date NOT NULL,
        length bigint NOT NULL CHECK (length > 0),
        -- How many bytes are there: where it goes on.
        stored bigint NOT NULL CHECK (stored BETWEEN 0 AND length),
        metadata text NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE upload_pieces (
        day date NOT NULL,
        upload_id uuid NOT NULL,
        start bigint NOT NULL,
        data bytea STORAGE EXTERNAL NOT NULL,
        PRIMARY KEY (day, upload_id, start)
    ) PARTITION BY RANGE (day)
    """,
)
INDEXES = (
    # What a client's unfinished uploads take is summed by it.
    "CREATE INDEX partial_uploads_of_owner ON partial_uploads (owner, expires_at)",
    "CREATE INDEX partial_uploads_expiring ON partial_uploads (expires_at)",
    # Those whose bytes are to be erased, among all that expired within a day.
    "CREATE INDEX partial_uploads_with_bytes ON partial_uploads (expires_at) WHERE stored > 0",
)
# Today's partitions and those of the next seven days, by the database's clock.
PARTITIONS = """
DO $$
DECLARE
    day date;
BEGIN
    FOR ahead IN 0..7 LOOP
        day := (now() AT TIME ZONE 'UTC')::date + ahead;
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF upload_pieces FOR VALUES FROM (%L) TO (%L)',
            'upload_pieces' || to_char(day, '"_"YYYYMMDD'), day, day + 1
        );
    END LOOP;
END
$$
"""


def upgrade() -> None:
    """Make the tables, and the partitions of the next days."""
    for statement in (*TABLES, *INDEXES, PARTITIONS):
        op.execute(statement)
