"""What the tests of webhooks share: a CA of their own, a sender without its thread, and jobs that are over."""

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import trustme
from sqlalchemy import Engine, select, text

from core.jobs import Job
from core.publisher import Publisher
from core.record import advance, find_job
from core.redis_client import RedisClient
from core.tables import webhooks
from core.transitions import CANCEL
from core.webhook_urls import Allowance, read_allowance
from janitor.webhooks.delivery import Courier, make_tls
from janitor.webhooks.sender import Sender
from tests.integration.conftest import Submit
from tests.integration.receiver import SECRET

NAME = "receiver.test"
ALLOWANCE = read_allowance(f"{NAME}, other.test, localhost", http=False)


def make_certificate(directory: Path, *names: str) -> tuple[Path, Path]:
    """Return the CA's file, and the one with the server's key and certificate."""
    authority = trustme.CA()
    ca_file, server_file = directory / "ca.pem", directory / "server.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    authority.issue_cert(*(names or (NAME, "other.test", "localhost"))).private_key_and_cert_chain_pem.write_to_path(
        str(server_file)
    )
    return ca_file, server_file


def to_loopback(_name: str) -> Iterable[str]:
    return ["127.0.0.1"]


def make_courier(ca_file: Path | None, allowance: Allowance = ALLOWANCE, seconds: float = 60) -> Courier:
    tls = ssl.create_default_context() if ca_file is None else make_tls(str(ca_file))
    return Courier(allowance, tls, to_loopback, seconds)


def make_sender(engine: Engine, client: RedisClient, courier: Courier) -> Sender:
    return Sender(engine, Publisher(client, cache=True), courier, SECRET)


def end_job(engine: Engine, submit: Submit, url: str, owner: str = "address:127.0.0.1") -> UUID:
    """Submit a job with a webhook and cancel it."""
    job_id = submit(owner=owner)
    with engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET webhook_url = :url WHERE id = :id"), {"url": url, "id": job_id})
        assert advance(connection, CANCEL, job_id)
    return job_id


def read_job(engine: Engine, job_id: UUID) -> Job:
    with engine.begin() as connection:
        job = find_job(connection, job_id)
    assert job is not None
    return job


def read_row(engine: Engine, job_id: UUID) -> Any:
    with engine.begin() as connection:
        return connection.execute(select(webhooks).where(webhooks.c.job_id == job_id)).one()


def make_due(engine: Engine) -> None:
    """Let the time until the next attempt be over."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE webhooks SET due_at = now() WHERE state = 'pending'"))
