"""Jobs, and their blobs in partitions by day."""

from alembic import op

revision = "0001"
down_revision = None

JOBS = """
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('queued', 'processing', 'succeeded', 'failed', 'canceled', 'expired')),
    rev bigint NOT NULL,
    claim bigint NOT NULL,
    attempts integer NOT NULL CHECK (attempts >= 0),
    lease_until timestamptz,
    worker text,
    filename text NOT NULL,
    target_format text NOT NULL,
    options jsonb NOT NULL,
    source jsonb NOT NULL,
    result jsonb,
    error jsonb,
    warnings jsonb NOT NULL,
    upload_day date NOT NULL,
    result_day date,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    expires_at timestamptz,
    CHECK ((status = 'processing') = (lease_until IS NOT NULL)),
    CHECK ((status = 'succeeded') <= (result IS NOT NULL AND result_day IS NOT NULL)),
    CHECK ((status = 'failed') <= (error IS NOT NULL))
) WITH (fillfactor = 70)
"""
INDEXES = (
    "CREATE INDEX jobs_open ON jobs (status, changed_at) WHERE status IN ('queued', 'processing')",
    "CREATE INDEX jobs_expiring ON jobs (expires_at) WHERE status IN ('succeeded', 'failed')",
    "CREATE INDEX jobs_result_day ON jobs (result_day) WHERE status = 'succeeded'",
    "CREATE INDEX jobs_gone ON jobs (changed_at) WHERE status IN ('canceled', 'expired')",
)
BLOBS = """
CREATE TABLE {name} (
    day date NOT NULL,
    job_id uuid NOT NULL,
    data bytea STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (day, job_id)
) PARTITION BY RANGE (day)
"""
# Today's partitions and those of the next seven days, by the database's clock.
PARTITIONS = """
DO $$
DECLARE
    parent text;
    day date;
BEGIN
    FOREACH parent IN ARRAY ARRAY['uploads', 'results'] LOOP
        FOR ahead IN 0..7 LOOP
            day := (now() AT TIME ZONE 'UTC')::date + ahead;
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                parent || to_char(day, '"_"YYYYMMDD'), parent, day, day + 1
            );
        END LOOP;
    END LOOP;
END
$$
"""


def upgrade() -> None:
    """Make the tables, and the partitions of the next days."""
    op.execute(JOBS)
    for statement in (*INDEXES, *(BLOBS.format(name=name) for name in ("uploads", "results"))):
        op.execute(statement)
    op.execute(PARTITIONS)
