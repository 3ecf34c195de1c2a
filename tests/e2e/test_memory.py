"""A job that waits for memory, with real processes: it can be canceled, handed back and lost like one that runs."""

import signal
from io import BytesIO
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import text

from conformance.names import CANCELED
from conformance.service import Process, Service, wait_for
from core.publisher import Publisher
from core.record import advance
from core.transitions import CANCEL, Status

LITTLE = {"slots": "2", "job_memory_bytes": str(256 << 20), "memory_budget_bytes": str(256 << 20)}
"""One conversion that has begun leaves room for the header of another, and no more."""

LONG = 55.0


@pytest.fixture
def worker(service: Service) -> Process:
    return service.start("worker", **LITTLE)


def picture(size: tuple[int, int]) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "red").save(out, "PNG")
    return out.getvalue()


def one_waits(service: Service, worker: Process) -> tuple[UUID, UUID]:
    """A job that is held, and one that waits for what the first has."""
    runs = service.submit(picture((24, 24)), hold=LONG)
    service.wait(runs, Status.PROCESSING)
    wait_for("its child", lambda: len(worker.children()) == 1)
    waits = service.submit(picture((3000, 2000)), target="avif")
    service.wait(waits, Status.PROCESSING)
    wait_for("it to wait for memory", lambda: worker.metric("imagemill_worker_memory_waiting") == 1)
    return runs, waits


def nothing_waits(worker: Process) -> None:
    wait_for("its place to be free", lambda: worker.metric("imagemill_worker_memory_waiting") == 0)
    wait_for("its child to end", lambda: len(worker.children()) == 1)


def test_one_that_waits_for_memory_can_be_canceled(service: Service, worker: Process) -> None:
    runs, waits = one_waits(service, worker)
    with service.engine.begin() as connection:
        canceled = advance(connection, CANCEL, waits)
    assert canceled is not None
    Publisher(service.redis, cache=True).publish(canceled)
    nothing_waits(worker)
    assert service.job(waits).status is Status.CANCELED
    assert service.job(runs).status is Status.PROCESSING


def test_one_that_waits_for_memory_can_be_lost(service: Service, worker: Process) -> None:
    runs, waits = one_waits(service, worker)
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET claim = claim + 1 WHERE id = :id"), {"id": waits})
    nothing_waits(worker)
    assert worker.metric("imagemill_jobs_fenced_total") == 1
    assert service.job(runs).status is Status.PROCESSING


def test_one_that_waits_for_memory_is_handed_back_at_no_cost(service: Service) -> None:
    worker = service.start("worker", **LITTLE, drain_seconds="0.5")
    both = one_waits(service, worker)
    worker.send(signal.SIGTERM)
    assert worker.wait() == 0
    for job in map(service.job, both):
        assert (job.status, job.attempts, job.claim) == (Status.QUEUED, 0, 1)


def test_one_that_waits_for_memory_is_finished_while_a_worker_drains(service: Service, worker: Process) -> None:
    runs, waits = one_waits(service, worker)
    worker.send(signal.SIGTERM)
    with service.engine.begin() as connection:
        assert advance(connection, CANCEL, runs) is not None
    service.redis.publish(CANCELED, str(runs))
    assert worker.wait() == 0
    assert service.job(waits).status is Status.SUCCEEDED
