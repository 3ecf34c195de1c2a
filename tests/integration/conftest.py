from collections.abc import Callable
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from conformance.names import STREAM
from core.blobs import store_upload
from core.jobs import Job, SourceFacts
from core.partitions import today
from core.queue import FIELD
from core.record import NewJob, claim_job, insert_job
from core.redis_client import RedisClient
from core.turns import take_turns

Submit = Callable[..., UUID]


@pytest.fixture
def submit(engine: Engine) -> Submit:
    """Insert a queued job, and claim it at once where asked."""

    def insert(
        *, claimed: bool = False, data: bytes = b"bytes", attempts: int = 0, owner: str = "address:127.0.0.1"
    ) -> UUID:
        job_id = uuid4()
        with engine.begin() as connection:
            day = today(connection)
            source: SourceFacts = {"format": "png", "bytes": len(data)}
            new = NewJob(
                id=job_id,
                filename="a.png",
                target_format="jpeg",
                options={},
                source=source,
                owner=owner,
                turn=take_turns(connection, owner),
            )
            insert_job(connection, new, day)
            store_upload(connection, day, job_id, BytesIO(data), len(data))
            set_columns(connection, job_id, f"attempts = {attempts}")
            if claimed:
                claim(connection, job_id)
        return job_id

    return insert


def send_message(client: RedisClient, job_id: UUID) -> str:
    """Tell the workers about a job at once, and return the message's id."""
    return str(client.xadd(STREAM, {FIELD: str(job_id)}))


def claim(connection: Connection, job_id: UUID) -> Job:
    job = claim_job(connection, job_id, worker="test", lease_seconds=30)
    assert job is not None
    return job


def set_columns(connection: Connection, job_id: UUID, assignments: str) -> None:
    connection.execute(text(f"UPDATE jobs SET {assignments} WHERE id = :id"), {"id": job_id})
