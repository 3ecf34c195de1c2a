"""The record-and-queue protocol on real servers and real processes, with every fault that it is made for."""

import signal
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from conformance.names import CANCELED, GROUP, STREAM
from conformance.service import PATIENCE, Process, Service, wait_for
from core.publisher import Publisher
from core.queue import FIELD
from core.record import advance
from core.transitions import CANCEL, Status
from tests.e2e.conftest import RedisServer

HOLD = 2.0
LONG = 55.0
SOON = 30.0
"""Seconds: far more than a kill takes, and far less than LONG holds."""

GREETINGS = {b"SETINFO": b"+OK\r\n", b"HELLO": b"*2\r\n+role\r\n+master\r\n"}
"""What a client asks a Redis at the start of each connection, and what it is told."""


@pytest.fixture
def service(protocol_service: Service) -> Service:
    """In this file, on each kind of Redis."""
    return protocol_service


def picture(colour: str = "red", side: int = 24) -> bytes:
    out = BytesIO()
    Image.new("RGB", (side, side), colour).save(out, "PNG")
    return out.getvalue()


def queue_empties(service: Service) -> None:
    wait_for("the stream to empty", lambda: service.redis.xlen(STREAM) == 0)
    assert service.redis.xpending(STREAM, GROUP)["pending"] == 0


def test_a_job_is_converted_and_its_message_is_gone(service: Service) -> None:
    service.start("worker")
    job = service.wait(service.submit(picture("blue")), Status.SUCCEEDED, Status.FAILED)

    assert job.status is Status.SUCCEEDED, job.error
    assert Image.open(BytesIO(service.result(job))).format == "JPEG"
    assert (job.attempts, job.claim, service.results()) == (1, 1, 1)
    wait_for("the message to go", lambda: service.redis.xlen(STREAM) == 0)


def test_a_killed_workers_job_succeeds_elsewhere_with_one_result(service: Service) -> None:
    service.start("janitor")
    first = service.start("worker")
    job_id = service.submit(picture(), hold=HOLD)
    service.wait(job_id, Status.PROCESSING)
    first.send(signal.SIGKILL)
    first.wait()
    assert service.redis.xlen(STREAM) == 1, "the queue still counts it"

    service.start("worker")
    job = service.wait(job_id, Status.SUCCEEDED)

    assert (job.attempts, job.claim, service.results(job_id)) == (2, 2, 1)
    queue_empties(service)


def test_a_frozen_workers_late_write_is_fenced(service: Service) -> None:
    service.start("janitor")
    frozen = service.start("worker")
    job_id = service.submit(picture(), hold=HOLD)
    service.wait(job_id, Status.PROCESSING)
    frozen.send(signal.SIGSTOP)
    service.start("worker")
    job = service.wait(job_id, Status.SUCCEEDED)
    assert job.claim == 2
    frozen.send(signal.SIGCONT)

    wait_for("the late write to be fenced or dropped", lambda: frozen.metric("imagemill_worker_slots_busy") == 0)
    after = service.job(job_id)

    assert after == job, "nothing of the late write stays"
    assert service.results(job_id) == 1


def test_a_late_write_while_the_job_runs_elsewhere_is_fenced(service: Service) -> None:
    """No heartbeat comes between: only the fence in the UPDATE can keep the late result out."""
    service.start("janitor")
    frozen = service.start("worker", lease_seconds="600", heartbeat_seconds="300")
    job_id = service.submit(picture(), hold=4)
    service.wait(job_id, Status.PROCESSING)
    frozen.send(signal.SIGSTOP)
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET lease_until = now() - interval '1 second'"))
    other = service.start("worker", lease_seconds="600", heartbeat_seconds="300")
    wait_for("the other worker's claim", lambda: service.job(job_id).claim == 2)
    # Held at this point, so that the late write comes while the job runs elsewhere, however slow the machine is.
    other.send(signal.SIGSTOP)
    frozen.send(signal.SIGCONT)

    wait_for("the frozen worker to let go", lambda: frozen.metric("imagemill_worker_slots_busy") == 0)
    assert frozen.metric("imagemill_jobs_fenced_total") == 1
    assert service.job(job_id).status is Status.PROCESSING
    other.send(signal.SIGCONT)
    job = service.wait(job_id, Status.SUCCEEDED)
    assert (job.claim, job.attempts, service.results(job_id)) == (2, 2, 1)


def test_flushall_with_jobs_queued_and_running_loses_none(service: Service) -> None:
    service.start("janitor")
    service.start("worker", slots="2")
    ids = [service.submit(picture(), hold=3) for _ in range(6)]
    wait_for("two to run", lambda: sum(service.job(i).status is Status.PROCESSING for i in ids) == 2)
    service.redis.flushall()
    wait_for("the queue to be true again", lambda: service.redis.xlen(STREAM) > 0)

    jobs = service.wait_all(ids, Status.SUCCEEDED)

    assert {(job.attempts, job.claim) for job in jobs} == {(1, 1)}
    assert service.results() == len(ids)
    queue_empties(service)


def test_with_redis_down_a_submit_asks_once_at_most_and_the_job_ends_after_it_is_back(
    service: Service, redis_server: RedisServer
) -> None:
    """redis-py's own retries would ask again and again, for seconds, while the client waits for its answer."""
    service.start("janitor")
    service.start("worker")
    api = service.start("api")
    redis_server.stop()
    with dropped_messages(redis_server.url) as dropped:
        asked = submit_by_http(api)
        assert dropped.count(b"XADD") <= 1
    unasked = submit_by_http(api)
    assert {service.job(job_id).status for job_id in (asked, unasked)} == {Status.QUEUED}

    redis_server.start()
    assert [job.attempts for job in service.wait_all([asked, unasked], Status.SUCCEEDED)] == [1, 1]


def submit_by_http(api: Process) -> UUID:
    answer = httpx.post(
        f"http://127.0.0.1:{api.probe_port}/v1/jobs",
        files={"file": ("a.png", picture())},
        data={"target_format": "webp"},
        timeout=PATIENCE,
    )
    assert answer.status_code == 202, answer.text
    return UUID(answer.json()["id"])


@contextmanager
def dropped_messages(url: str) -> Iterator[list[bytes]]:
    """A Redis that greets, and hangs up as soon as anything is asked; the commands XADD that it has dropped."""
    dropped: list[bytes] = []

    class Greeting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):
                while any(word in (asked := self.request.recv(1 << 16)) for word in GREETINGS):
                    for word, answer in GREETINGS.items():
                        self.request.sendall(answer * asked.count(word))
                dropped.extend([b"XADD"] * asked.count(b"XADD"))

    path = Path(unquote(url.removeprefix("unix://")))
    path.unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(path), Greeting) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        try:
            yield dropped
        finally:
            server.shutdown()
            serving.join()
            path.unlink()


def test_one_message_delivered_ten_times_makes_one_run(service: Service) -> None:
    service.start("janitor")
    service.start("worker")
    service.start("worker")
    job_id = service.submit(picture(), hold=HOLD, tell=False)
    for _ in range(10):
        service.redis.xadd(STREAM, {FIELD: str(job_id)})

    job = service.wait(job_id, Status.SUCCEEDED)

    assert (job.attempts, job.claim, service.results(job_id)) == (1, 1, 1)
    queue_empties(service)


def test_the_job_of_another_client_does_not_wait_behind_a_crowd(service: Service) -> None:
    """By the order of the messages it would be the last."""
    service.start("janitor")
    crowd = [service.submit(picture(), owner="key:crowd") for _ in range(60)]
    other = service.submit(picture("blue"), owner="key:other")
    service.start("worker", slots="1")
    jobs = service.wait_all([*crowd, other], Status.SUCCEEDED)

    in_order = sorted(jobs, key=lambda job: str(job.started_at))
    assert [job.id for job in in_order].index(other) <= 1
    assert {(job.attempts, job.claim) for job in jobs} == {(1, 1)}
    assert service.results() == len(jobs)
    queue_empties(service)


def test_a_poison_job_is_lost_after_three_attempts_and_its_neighbours_live(service: Service) -> None:
    """The poison is a job whose worker is killed whenever it runs, as by a node's out-of-memory killer."""
    service.start("janitor")
    poison = service.submit(picture(), hold=20)
    neighbours = [service.submit(picture(), hold=0.5) for _ in range(6)]
    ended = threading.Event()

    def kill_whoever_runs_it() -> None:
        killed = 0
        while not ended.is_set():
            worker = service.start("worker")
            while worker.popen.poll() is None and not ended.is_set():
                job = service.job(poison)
                if job.status is Status.PROCESSING and job.claim > killed:
                    killed = job.claim
                    worker.send(signal.SIGKILL)
                    worker.wait()
                time.sleep(0.02)

    killer = threading.Thread(target=kill_whoever_runs_it)
    killer.start()
    try:
        lost = service.wait(poison, Status.FAILED)
        jobs = service.wait_all(neighbours, Status.SUCCEEDED)
    finally:
        ended.set()
        killer.join()

    assert lost.error is not None
    assert (lost.error["code"], lost.attempts, service.results(poison)) == ("worker_lost", 3, 0)
    assert max(job.attempts for job in jobs) <= 2, "only its first run had neighbours"
    assert service.results() == len(neighbours)


def test_sigterm_finishes_what_it_can(service: Service) -> None:
    worker = service.start("worker")
    job_id = service.submit(picture(), hold=HOLD)
    service.wait(job_id, Status.PROCESSING)
    worker.send(signal.SIGTERM)

    assert worker.wait() == 0
    job = service.job(job_id)
    assert (job.status, job.attempts, job.claim) == (Status.SUCCEEDED, 1, 1)
    assert service.redis.xlen(STREAM) == 0
    assert service.redis.xinfo_consumers(STREAM, GROUP) == []


def test_sigterm_hands_back_what_it_cannot_finish_at_no_cost(service: Service) -> None:
    worker = service.start("worker", drain_seconds="0")
    ids = [service.submit(picture(), hold=5) for _ in range(3)]
    for job_id in ids:
        service.wait(job_id, Status.PROCESSING)
    worker.send(signal.SIGTERM)

    assert worker.wait() == 0
    assert [(service.job(i).status, service.job(i).attempts) for i in ids] == [(Status.QUEUED, 0)] * 3
    assert service.redis.xlen(STREAM) == 3, "the messages are back without a janitor"

    service.start("worker")
    jobs = service.wait_all(ids, Status.SUCCEEDED)
    assert [(job.attempts, job.claim) for job in jobs] == [(1, 2)] * 3
    assert service.results() == 3


def test_sigterm_gives_back_what_it_has_read_but_not_started(service: Service) -> None:
    """A job on its second attempt waits to be alone on its worker; its message goes back at once."""
    worker = service.start("worker")
    running = service.submit(picture(), hold=5)
    service.wait(running, Status.PROCESSING)
    retried = service.submit(picture(), tell=False)
    with service.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET attempts = 1 WHERE id = :id"), {"id": retried})
    first = service.redis.xadd(STREAM, {FIELD: str(retried)})
    wait_for("it to be read", lambda: service.redis.xpending(STREAM, GROUP)["pending"] == 2)
    worker.send(signal.SIGTERM)

    assert worker.wait() == 0
    assert service.job(running).status is Status.SUCCEEDED
    assert (service.job(retried).status, service.job(retried).attempts) == (Status.QUEUED, 1)
    ((message_id, values),) = service.redis.xrange(STREAM) or []
    assert (values, message_id == first) == ({"job": str(retried)}, False)
    assert service.redis.xpending(STREAM, GROUP)["pending"] == 0

    service.start("worker")
    assert service.wait(retried, Status.SUCCEEDED).attempts == 2


def cancel(service: Service, job_id: UUID, *, tell: bool) -> None:
    with service.engine.begin() as connection:
        job = advance(connection, CANCEL, job_id)
    assert job is not None
    if tell:
        Publisher(service.redis, cache=False).publish(job)


def test_a_cancel_ends_the_child_by_the_channel(service: Service) -> None:
    worker = service.start("worker", lease_seconds="600", heartbeat_seconds="200")
    job_id = running(service, worker)
    wait_for("the worker to listen", lambda: service.redis.pubsub_numsub(CANCELED)[0][1] >= 1)
    cancel(service, job_id, tell=True)

    wait_for("the child to go", lambda: not worker.children(), SOON)
    wait_for("the message to go", lambda: service.redis.xlen(STREAM) == 0)
    assert service.job(job_id).status is Status.CANCELED
    assert service.results() == 0


def test_a_cancel_ends_the_child_by_the_heartbeat_when_redis_is_away(
    service: Service, redis_server: RedisServer
) -> None:
    worker = service.start("worker")
    job_id = running(service, worker)
    redis_server.stop()
    try:
        cancel(service, job_id, tell=False)
        wait_for("the child to go", lambda: not worker.children(), SOON)
    finally:
        redis_server.start()

    wait_for("the worker to be free", lambda: worker.metric("imagemill_worker_slots_busy") == 0)
    assert (service.job(job_id).status, service.results()) == (Status.CANCELED, 0)


def running(service: Service, worker: Process) -> UUID:
    job_id = service.submit(picture(), hold=LONG)
    service.wait(job_id, Status.PROCESSING)
    wait_for("a child", worker.children)
    return job_id


@pytest.mark.parametrize("count", [500])
def test_five_workers_end_every_job_once(service: Service, count: int) -> None:
    service.start("janitor")
    for _ in range(5):
        service.start("worker")
    broken = picture()[:60]
    ids = [service.submit(broken if n % 10 == 0 else picture(), f"{n}.png", "gif") for n in range(count)]

    jobs = [service.wait(job_id, Status.SUCCEEDED, Status.FAILED) for job_id in ids]

    outcomes = Counter((job.status, job.attempts, job.claim) for job in jobs)
    assert outcomes == {(Status.SUCCEEDED, 1, 1): count * 9 // 10, (Status.FAILED, 1, 1): count // 10}
    assert service.results() == count * 9 // 10
    queue_empties(service)
