"""PostgreSQL goes away and comes back: nothing is lost, nothing is counted as an attempt."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg2
import pytest
from sqlalchemy import text

from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres
from conformance.service import Service, wait_for
from core.database import make_engine
from core.migrations import upgrade
from core.transitions import Status
from tests.conftest import server_directory
from tests.e2e.conftest import running_service
from tests.e2e.test_protocol import picture


class PostgresServer:
    """A PostgreSQL of the test's own that may be stopped and started again on the same address."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stack = ExitStack()
        self.url = self.start()

    def start(self) -> str:
        return self._stack.enter_context(embedded_postgres(self._directory, UNSAFE_BUT_FAST))

    def stop(self) -> None:
        self._stack.close()


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    with server_directory() as directory:
        server = PostgresServer(directory)
        yield server
        server.stop()


@pytest.fixture
def outage_service(tmp_path: Path, postgres: PostgresServer, redis_url: str) -> Iterator[Service]:
    engine = make_engine(postgres.url, pool=5)
    upgrade(engine)
    with running_service(tmp_path, postgres.url, engine, redis_url) as service:
        yield service
    engine.dispose()


def test_an_outage_longer_than_the_lease_costs_no_attempt(outage_service: Service, postgres: PostgresServer) -> None:
    service = outage_service
    service.start("janitor")
    worker = service.start("worker")
    api = service.start("api")
    running, waiting = (service.submit(picture(), hold=4) for _ in range(2))
    service.wait(running, Status.PROCESSING)
    service.wait(waiting, Status.PROCESSING)
    postgres.stop()
    address = f"http://127.0.0.1:{api.probe_port}"
    refused = httpx.post(
        f"{address}/v1/jobs", files={"file": ("a.png", picture())}, data={"target_format": "webp"}, timeout=60
    )
    ready = httpx.get(f"{address}/readyz", timeout=60)
    wait_for("both conversions to end, after the leases of 3 seconds ran out", lambda: not worker.children())

    assert (refused.status_code, refused.json()["code"]) == (503, "database_away")
    assert int(refused.headers["Retry-After"]) > 0
    assert ready.status_code == 503
    assert ready.json()["parts"]["database"] != "ok"
    assert worker.popen.poll() is None

    postgres.start()
    jobs = service.wait_all([running, waiting], Status.SUCCEEDED)
    assert [(job.attempts, job.claim) for job in jobs] == [(1, 1)] * 2
    assert service.results() == 2


def test_a_database_that_turns_read_only_fails_no_job_and_costs_no_attempt(
    outage_service: Service, postgres: PostgresServer
) -> None:
    service = outage_service
    service.start("janitor")
    service.start("worker")
    api = service.start("api")
    address = f"http://127.0.0.1:{api.probe_port}/v1/jobs"
    upload: Any = {"files": {"file": ("a.png", picture())}, "data": {"target_format": "webp"}, "timeout": 60}
    running = service.submit(picture(), hold=4)
    service.wait(running, Status.PROCESSING)
    with switched_read_only(postgres.url):
        refused = [httpx.post(address, **upload) for _ in range(3)]
        wait_for(
            "a lease of 3 seconds to run out, and the result to be refused", lambda: lease_is_over(service, running)
        )
        assert service.job(running).status is Status.PROCESSING
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(503, "database_away")}
    job = service.wait(running, Status.SUCCEEDED, Status.FAILED)
    assert (job.status, job.error, job.attempts) == (Status.SUCCEEDED, None, 1)
    wait_for("an upload to be taken again", lambda: httpx.post(address, **upload).status_code == 202)


@contextmanager
def switched_read_only(url: str) -> Iterator[None]:
    """Refuse every write of a server, as it does when its operator or a failover has made it read-only."""
    setting, reload = "default_transaction_read_only", "SELECT pg_reload_conf()"
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in (f"SET {setting} = off", f"ALTER SYSTEM SET {setting} = on", reload):
            cursor.execute(statement)
        try:
            yield
        finally:
            for statement in (f"ALTER SYSTEM RESET {setting}", reload):
                cursor.execute(statement)


def lease_is_over(service: Service, job_id: UUID) -> bool:
    """Return whether the lease ran out a second ago."""
    over = text("SELECT lease_until < now() - interval '1 second' FROM jobs WHERE id = :id")
    with service.engine.connect() as connection:
        return bool(connection.execute(over, {"id": job_id}).scalar_one())
