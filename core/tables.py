"""The tables as SQLAlchemy sees them; core/migrations makes them.

`uploads` and `results` stand apart from `jobs`, so that a job's row stays small, and are partitioned by
day, so that old images go by dropping a table instead of by deleting rows. So are the pieces of partial uploads.
"""

from sqlalchemy import BigInteger, Column, Date, DateTime, Identity, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("status", Text, nullable=False),
    Column("rev", BigInteger, nullable=False),
    Column("claim", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    # In no index: a heartbeat then stays a HOT update and touches one page.
    Column("lease_until", DateTime(timezone=True)),
    Column("worker", Text),
    Column("filename", Text, nullable=False),
    Column("target_format", Text, nullable=False),
    Column("options", JSONB, nullable=False),
    Column("source", JSONB, nullable=False),
    Column("result", JSONB(none_as_null=True)),
    Column("error", JSONB(none_as_null=True)),
    Column("warnings", JSONB, nullable=False),
    Column("upload_day", Date, nullable=False),
    Column("result_day", Date),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True)),
    Column("owner", Text, nullable=False),
    # The place in the line, see core.record.
    Column("turn", BigInteger, nullable=False),
    # The id of the message that the claim holds.
    Column("message", Text),
    # The bytes of its upload and its result that are kept.
    Column("stored", BigInteger, nullable=False),
    Column("batch_id", UUID(as_uuid=True)),
    Column("batch_position", Integer),
    Column("webhook_url", Text),
    Column("webhook_state", Text),
    Column("webhook_error", Text),
    Column("traceparent", Text),
)

owners = Table(
    "owners",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("turn", BigInteger, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("webhook_secret", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
)

batches = Table(
    "batches",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("refused", JSONB, nullable=False),
    Column("webhook_url", Text),
    Column("webhook_state", Text),
    Column("webhook_error", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    # How many places are taken, by jobs and refused files. Each job that is added takes the next one.
    Column("entries", Integer, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("traceparent", Text),
)

batch_ends = Table(
    "batch_ends",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("batch_id", UUID(as_uuid=True), nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("job_id", UUID(as_uuid=True)),
    Column("batch_id", UUID(as_uuid=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("job_id", UUID(as_uuid=True)),
    Column("batch_id", UUID(as_uuid=True)),
    Column("type", Text, nullable=False),
    Column("url", Text, nullable=False),
    # The receiver, of whom only so many deliveries run at a time.
    Column("host", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("traceparent", Text),
)


def _blobs(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("day", Date, primary_key=True),
        Column("job_id", UUID(as_uuid=True), primary_key=True),
        Column("data", LargeBinary, nullable=False),
    )


uploads = _blobs("uploads")
results = _blobs("results")

partial_uploads = Table(
    "partial_uploads",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("owner", Text, nullable=False),
    # The partition of all its pieces.
    Column("day", Date, nullable=False),
    Column("length", BigInteger, nullable=False),
    # How many bytes are there: where it goes on.
    Column("stored", BigInteger, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

upload_pieces = Table(
    "upload_pieces",
    metadata,
    Column("day", Date, primary_key=True),
    Column("upload_id", UUID(as_uuid=True), primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

BLOBS = (uploads, results, upload_pieces)
"""Those with partitions by day."""
