"""What programs need: owners and their turns, API keys, batches, idempotency keys, and the outbox of webhooks.

Every new column of `jobs` has a default, so that an API of the release before goes on while this one is rolled out.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

JOBS = """
ALTER TABLE jobs
    ADD COLUMN owner text NOT NULL DEFAULT 'address:unknown',
    ADD COLUMN turn bigint NOT NULL DEFAULT 0,
    ADD COLUMN message text,
    ADD COLUMN stored bigint NOT NULL DEFAULT 0,
    ADD COLUMN batch_id uuid,
    ADD COLUMN batch_position integer,
    ADD COLUMN webhook_url text,
    ADD COLUMN webhook_state text CHECK (webhook_state IN ('pending', 'delivered', 'dead')),
    ADD COLUMN webhook_error text
"""
TABLES = (
    # The last turn that each owner's jobs were given; changed at every submit, so there is room for HOT updates.
    """
    CREATE TABLE owners (
        owner text PRIMARY KEY,
        turn bigint NOT NULL,
        changed_at timestamptz NOT NULL
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE api_keys (
        id text PRIMARY KEY,
        name text NOT NULL,
        digest bytea NOT NULL UNIQUE,
        webhook_secret text NOT NULL,
        created_at timestamptz NOT NULL,
        revoked_at timestamptz
    )
    """,
    """
    CREATE TABLE batches (
        id uuid PRIMARY KEY,
        owner text NOT NULL,
        refused jsonb NOT NULL,
        webhook_url text,
        webhook_state text CHECK (webhook_state IN ('pending', 'delivered', 'dead')),
        webhook_error text,
        created_at timestamptz NOT NULL,
        -- How many places are taken; each job that is added takes the next.
        entries integer NOT NULL DEFAULT 0,
        changed_at timestamptz NOT NULL DEFAULT now()
    ) WITH (fillfactor = 50)
    """,
    # The end of a job whose batch has a webhook: the sender looks whether the batch is over.
    """
    CREATE TABLE batch_ends (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        batch_id uuid NOT NULL
    )
    """,
    """
    CREATE TABLE idempotency (
        owner text NOT NULL,
        key text NOT NULL,
        digest bytea NOT NULL,
        job_id uuid,
        batch_id uuid,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (owner, key),
        CHECK ((job_id IS NULL) <> (batch_id IS NULL))
    )
    """,
    """
    CREATE TABLE webhooks (
        id uuid PRIMARY KEY,
        owner text NOT NULL,
        job_id uuid,
        batch_id uuid,
        type text NOT NULL,
        url text NOT NULL,
        host text NOT NULL,
        body jsonb NOT NULL,
        state text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
        attempts integer NOT NULL,
        error text,
        created_at timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        ended_at timestamptz,
        CHECK ((job_id IS NULL) <> (batch_id IS NULL))
    )
    """,
)
# The turn of the job claimed last. It is outside of transactions, so that no claim waits for another.
CLOCK = "CREATE SEQUENCE jobs_clock MINVALUE 0 START 0"
INDEXES = (
    # Jobs that were started before have messages of their own and wait in no line.
    "CREATE INDEX jobs_turns ON jobs (turn, created_at) WHERE status = 'queued' AND attempts = 0",
    "CREATE INDEX jobs_waiting ON jobs (owner) WHERE status = 'queued'",
    # What a client has stored is summed from this index alone.
    "CREATE INDEX jobs_stored ON jobs (owner) INCLUDE (stored) WHERE stored > 0",
    # The list of a key's own jobs. Installations without keys have no entries here.
    "CREATE INDEX jobs_of_key ON jobs (owner, created_at, id) WHERE owner LIKE 'key:%'",
    "CREATE INDEX jobs_of_key_by_status ON jobs (owner, status, created_at, id) WHERE owner LIKE 'key:%'",
    """
    CREATE INDEX jobs_of_key_by_batch ON jobs (owner, batch_id, created_at, id) INCLUDE (status)
    WHERE owner LIKE 'key:%' AND batch_id IS NOT NULL
    """,
    "CREATE INDEX owners_changed ON owners (changed_at)",
    "CREATE INDEX jobs_of_batch ON jobs (batch_id, batch_position) WHERE batch_id IS NOT NULL",
    "CREATE INDEX batches_changed ON batches (changed_at)",
    "CREATE INDEX idempotency_created ON idempotency (created_at)",
    "CREATE INDEX webhooks_due ON webhooks (due_at) WHERE state = 'pending'",
    "CREATE INDEX webhooks_of_job ON webhooks (job_id) WHERE job_id IS NOT NULL",
    "CREATE INDEX webhooks_of_batch ON webhooks (batch_id) WHERE batch_id IS NOT NULL",
    "CREATE INDEX webhooks_ended ON webhooks (ended_at) WHERE state <> 'pending'",
)


def upgrade() -> None:
    """Add the columns and make the tables."""
    for statement in (JOBS, *TABLES, CLOCK, *INDEXES):
        op.execute(statement)
