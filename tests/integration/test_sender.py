"""The sender's thread: nobody waits for a slow receiver, a batch is over once, and kills lose nothing."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import OperationalError

from conformance.service import wait_for
from core.database import make_engine
from core.record import advance, advance_all
from core.redis_client import RedisClient
from core.tables import batch_ends, jobs, webhooks
from core.transitions import CANCEL
from janitor.webhooks.batches import tell_batches
from janitor.webhooks.schedule import choose_delay, read_retry_after
from janitor.webhooks.sender import MOST_OF_A_HOST, MOST_OF_AN_OWNER, THREADS, Sender
from tests.integration.conftest import Submit
from tests.integration.receiver import SECRET, Post, answer_with, receiving
from tests.integration.webhooks import end_job, make_certificate, make_courier, make_due, make_sender, read_row

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EVENTS = 60
KILLS = 6
INSERT_BATCH = """
INSERT INTO batches (id, owner, refused, webhook_url, created_at) VALUES (:id, 'address:127.0.0.1', '[]', :url, now())
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@contextmanager
def running(sender: Sender) -> Iterator[None]:
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        yield
    finally:
        sender.stop()
        thread.join()


def states(engine: Engine) -> Counter[str]:
    with engine.begin() as connection:
        return Counter(connection.execute(select(webhooks.c.state)).scalars())


def test_the_waits_double_up_to_an_hour_and_differ() -> None:
    for attempts, longest in ((1, 5), (2, 10), (5, 80), (11, 3600), (1000, 3600)):
        delays = {choose_delay(attempts) for _ in range(50)}
        assert longest / 2 <= min(delays) < max(delays) <= longest
    assert choose_delay(1, asked=60) == 60
    assert choose_delay(1, asked=1e9) == 3600


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *(("120", 120), ("0", 0), ("", None), ("soon", None), ("-5", None), ("9" * 5000, 999_999_999)),
        ("Fri, 01 Jan 2100 00:00:00 GMT", pytest.approx(2.3e9, rel=0.05)),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0),
    ],
)
def test_retry_after_is_read(header: str, seconds: float | None) -> None:
    assert read_retry_after(header) == seconds


@pytest.mark.parametrize(
    ("hosts", "owners", "most"),
    [
        (["receiver.test"], [f"key:{number}" for number in range(THREADS)], MOST_OF_A_HOST),
        (["receiver.test", "other.test", "localhost"], ["key:slow"], MOST_OF_AN_OWNER),
    ],
    ids=["one receiver of many owners", "many receivers of one owner"],
)
def test_who_is_slow_holds_up_nobody_else(
    engine: Engine,
    client: RedisClient,
    submit: Submit,
    files: tuple[Path, Path],
    hosts: list[str],
    owners: list[str],
    most: int,
) -> None:
    free, waiting = threading.Event(), list[str]()

    def stall(handler: BaseHTTPRequestHandler, post: Post) -> None:
        waiting.append(post.path)
        free.wait(60)
        answer_with(200)(handler, post)

    with receiving(files[1]) as slow, receiving(files[1]) as quick:
        slow.answer = stall
        for number in range(2 * THREADS):
            end_job(engine, submit, slow.url(hosts[number % len(hosts)]), owner=owners[number % len(owners)])
        last = end_job(engine, submit, quick.url(), owner="address:192.0.2.1")
        with running(make_sender(engine, client, make_courier(files[0]))):
            try:
                wait_for("the other one", lambda: read_row(engine, last).state == "delivered")
                assert len(waiting) <= most
                wait_for("the others to be held", lambda: len(waiting) == most)
            finally:
                free.set()
            wait_for("all", lambda: states(engine) == Counter(delivered=2 * THREADS + 1))
    assert len(slow.posts) == 2 * THREADS, "each once, while nobody is killed"


def make_batch(engine: Engine, submit: Submit, url: str | None, size: int) -> tuple[UUID, list[UUID]]:
    batch_id, ids = uuid4(), [submit() for _ in range(size)]
    with engine.begin() as connection:
        connection.execute(text(INSERT_BATCH), {"id": batch_id, "url": url})
        connection.execute(jobs.update().where(jobs.c.id.in_(ids)).values(batch_id=batch_id))
    return batch_id, ids


def over(connection: Connection) -> list[Any]:
    return list(connection.execute(select(webhooks).where(webhooks.c.type == "batch.over")).all())


def test_a_batch_is_over_once_however_its_jobs_end_together(engine: Engine, submit: Submit) -> None:
    """Two transactions end the last two jobs. Neither sees the other's end, and both commit."""
    _, (first, second, third) = make_batch(engine, submit, "https://receiver.example/", 3)
    with engine.begin() as one, engine.begin() as two:
        assert advance(one, CANCEL, first)
        assert advance(one, CANCEL, third)
        assert advance(two, CANCEL, second)
        assert tell_batches(engine) == 0
        two.commit()
        assert tell_batches(engine) == 0
        one.commit()
    assert tell_batches(engine) == 1
    assert tell_batches(engine) == 0
    with engine.begin() as connection:
        (row,) = over(connection)
        assert connection.execute(select(batch_ends)).all() == []
        assert connection.execute(text("SELECT webhook_state FROM batches")).scalar_one() == "pending"
    assert (row.body["type"], row.body["data"]["status"], row.job_id) == ("batch.over", "over", None)


def test_the_message_of_a_batch_has_the_trace_of_its_request(engine: Engine, submit: Submit) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    _, (job_id,) = make_batch(engine, submit, "https://receiver.example/", 1)
    with engine.begin() as connection:
        connection.execute(text("UPDATE batches SET traceparent = :trace"), {"trace": trace})
        assert advance(connection, CANCEL, job_id)
    assert tell_batches(engine) == 1
    with engine.begin() as connection:
        assert [row.traceparent for row in over(connection)] == [trace]


def test_many_ends_and_many_lookers_at_once_tell_each_batch_once(
    engine: Engine, database_url: str, submit: Submit
) -> None:
    made = [make_batch(engine, submit, "https://receiver.example/", 4) for _ in range(5)]
    ids = [job_id for _, of_batch in made for job_id in of_batch]
    random.shuffle(ids)
    pool = make_engine(database_url, pool=8)
    over_ = threading.Event()

    def look() -> None:
        while not over_.is_set():
            # OperationalError: another was faster. The notes are still there.
            with suppress(OperationalError):
                tell_batches(pool)

    def end(some: list[UUID]) -> None:
        for job_id in some:
            with pool.begin() as connection:
                assert advance(connection, CANCEL, job_id)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    enders = [threading.Thread(target=end, args=(ids[number::4],)) for number in range(4)]
    for thread in [*lookers, *enders]:
        thread.start()
    for thread in enders:
        thread.join()
    wait_for("no note", lambda: not _count(pool, "SELECT count(*) FROM batch_ends"))
    over_.set()
    for thread in lookers:
        thread.join()
    with engine.begin() as connection:
        assert Counter(row.batch_id for row in over(connection)) == Counter(batch_id for batch_id, _ in made)
    pool.dispose()


def test_a_batch_with_more_jobs_is_over_again_under_its_own_id(engine: Engine, submit: Submit) -> None:
    batch_id, (first,) = make_batch(engine, submit, "https://receiver.example/", 1)
    later = submit()
    with engine.begin() as connection:
        advance(connection, CANCEL, first)
    assert tell_batches(engine) == 1
    with engine.begin() as connection:
        connection.execute(jobs.update().where(jobs.c.id == later).values(batch_id=batch_id))
        assert len(advance_all(connection, CANCEL, most=10)) == 1
    assert tell_batches(engine) == 1
    with engine.begin() as connection:
        assert len({row.id for row in over(connection)}) == 2


def test_a_batch_without_a_webhook_leaves_no_note(engine: Engine, submit: Submit) -> None:
    _, ids = make_batch(engine, submit, None, 1)
    with engine.begin() as connection:
        assert advance(connection, CANCEL, ids[0])
        assert connection.execute(select(batch_ends)).all() == []


def _count(engine: Engine, query: str) -> int:
    with engine.begin() as connection:
        return int(connection.execute(text(query)).scalar_one())


@contextmanager
def program(start: Callable[[], "subprocess.Popen[str]"]) -> Iterator[Callable[[], None]]:
    """A program that can be killed at any moment; what is yielded kills it and starts it again."""
    running_ = start()

    def restart() -> None:
        nonlocal running_
        running_.kill()
        running_.wait()
        if running_.stdout:
            running_.stdout.close()
        running_ = start()

    try:
        yield restart
    finally:
        running_.kill()
        running_.wait()
        if running_.stdout:
            running_.stdout.close()


def test_kills_of_sender_and_receiver_lose_nothing(
    engine: Engine, database_url: str, redis_url: str, submit: Submit, files: tuple[Path, Path], tmp_path: Path
) -> None:
    """SIGKILL for each in turn at random moments: every event comes at least once, and every row ends delivered."""
    with receiving(files[1]) as free:
        port = str(free.port)
    received = tmp_path / "received"
    received.touch()
    env = {
        **os.environ,
        "IMAGEMILL_DATABASE_URL": database_url,
        "IMAGEMILL_REDIS_URL": redis_url,
        "IMAGEMILL_WEBHOOKS": "on",
        "IMAGEMILL_WEBHOOK_SECRET": SECRET,
        "IMAGEMILL_WEBHOOK_ALLOW": "localhost",
        "IMAGEMILL_WEBHOOK_CA_FILE": str(files[0]),
    }

    def start_receiver() -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.integration.receiver", port, str(files[1]), SECRET, str(received)]
        started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert started.stdout is not None
        assert started.stdout.readline()
        return started

    def start_sender() -> "subprocess.Popen[str]":
        return subprocess.Popen([sys.executable, "-m", "janitor"], cwd=ROOT, env=env, text=True)

    url = f"https://localhost:{port}/"
    ids: list[UUID] = []
    with program(start_receiver) as restart_receiver, program(start_sender) as restart_sender:
        for round_ in range(KILLS):
            ids += [end_job(engine, submit, url) for _ in range(EVENTS // KILLS)]
            before = received.stat().st_size
            make_due(engine)
            wait_for("some to come", lambda before=before: received.stat().st_size > before)  # type: ignore[misc]
            time.sleep(random.uniform(0, 0.05))  # noqa: S311 - any moment
            (restart_receiver if round_ % 2 else restart_sender)()

        def all_delivered() -> bool:
            if states(engine) == Counter(delivered=EVENTS):
                return True
            make_due(engine)
            return False

        wait_for("every row to be delivered", all_delivered, seconds=300)
    rows = {f"msg_{read_row(engine, job_id).id.hex}" for job_id in ids}
    lines = received.read_text(encoding="utf-8").splitlines()
    assert {line.split('"')[1] for line in lines} == rows
    print(f"{EVENTS} events, {KILLS} kills, {len(lines)} deliveries")
