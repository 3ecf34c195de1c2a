"""`/readyz` sees real workers, on each kind of server."""

import signal
import time

import httpx
from sqlalchemy import text

from conformance.service import Process, Service, wait_for
from core.queue import READER_SECONDS
from tests.e2e.test_protocol import picture


def workers(api: Process) -> str:
    answer = httpx.get(f"http://127.0.0.1:{api.probe_port}/readyz", timeout=60)
    assert answer.status_code == 200
    return str(answer.json()["parts"]["workers"])


def test_a_worker_without_work_is_seen_until_it_dies(protocol_service: Service) -> None:
    service = protocol_service
    api, worker = service.start("api"), service.start("worker")
    # Without a message, and without a janitor that would send one, it stays queued.
    job_id = service.submit(picture(), tell=False)
    with service.engine.begin() as connection:
        connection.execute(
            text("UPDATE jobs SET changed_at = now() - interval '1 hour' WHERE id = :id"), {"id": job_id}
        )
    started = time.monotonic()
    wait_for(
        "the worker to have waited for longer than a dead one counts",
        lambda: time.monotonic() - started > READER_SECONDS,
    )
    wait_for("the worker to be seen", lambda: workers(api) == "ok")
    worker.send(signal.SIGKILL)
    worker.wait()
    wait_for("nobody to be left", lambda: workers(api) == "none")
