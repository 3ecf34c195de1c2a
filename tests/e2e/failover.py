"""A primary that dies under load, and its standby that is promoted: `make failover`. docs/high-availability.md has the figures.

It is no part of `make test`, which has the switch to read-only (test_outage.py): two servers and their load take a minute.
"""

import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import psycopg2
import pytest
from sqlalchemy.engine import make_url

from conformance.servers import embedded_postgres
from conformance.service import PATIENCE, Service, wait_for
from core.database import make_engine
from core.migrations import upgrade
from core.transitions import Status
from standalone.postgres import VERSION, find_binary
from tests.conftest import server_directory
from tests.e2e.conftest import running_service
from tests.e2e.test_protocol import picture

SETTINGS = {"fsync": "off", "full_page_writes": "off"}
"""A COMMIT waits for the standby, so that nothing accepted dies with the primary."""
BEFORE, AWAY, AFTER = 6.0, 5.0, 6.0
"""Seconds of load until the primary dies, until its standby is promoted, and from then on."""


class Pair:
    """A primary and its synchronous standby, each in a directory of its own."""

    def __init__(self, stack: ExitStack) -> None:
        self._first, second = (stack.enter_context(server_directory()) for _ in range(2))
        primary = stack.enter_context(embedded_postgres(self._first, SETTINGS))
        self._primary = make_url(primary).query["host"]
        command = [
            find_binary("pg_basebackup"),
            "--host",
            str(self._primary),
            "--username=postgres",
            "--write-recovery-conf",
        ]
        copy = ["--pgdata", str(second / f"postgres-{VERSION}"), "--wal-method=stream", "--checkpoint=fast"]
        subprocess.run([*command, *copy], check=True, capture_output=True)
        # The primary has its socket among its data here, and the socket's lock was copied with them.
        for left in (second / f"postgres-{VERSION}").glob(".s.PGSQL*"):
            left.unlink()
        self._standby = make_url(stack.enter_context(embedded_postgres(second, SETTINGS))).query["host"]
        self.url = f"postgresql://postgres@/imagemill?host={self._primary},{self._standby}&port=5432,5432"
        self.ask(self._primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")

    def ask(self, host: object, *statements: str) -> None:
        """Run statements on one of the two."""
        with closing(psycopg2.connect(host=host, port=5432, user="postgres", dbname="postgres")) as connection:
            connection.autocommit = True
            for statement in statements:
                connection.cursor().execute(statement)

    def kill_primary(self) -> None:
        """End the primary as a machine that loses its power does."""
        (pid_file,) = self._first.glob("*/postmaster.pid")
        server = psutil.Process(int(pid_file.read_text(encoding="utf-8").splitlines()[0]))
        for process in (server, *server.children(recursive=True)):
            process.send_signal(signal.SIGKILL)

    def promote(self) -> None:
        """Make the standby the primary, and let it commit alone."""
        self.ask(
            self._standby,
            "SELECT pg_promote()",
            "ALTER SYSTEM RESET synchronous_standby_names",
            "SELECT pg_reload_conf()",
        )


@dataclass
class Client(threading.Thread):
    """Sends uploads, each with its key until it is taken, and keeps what it was answered."""

    url: str
    jobs: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=PATIENCE) as http:
            while not self.stopped.is_set():
                self.send(http, str(uuid4()))
                time.sleep(0.1)

    def send(self, http: httpx.Client, key: str) -> None:
        while True:
            started = time.monotonic()
            form = {"files": {"file": ("a.png", picture())}, "data": {"target_format": "webp"}}
            answer = http.post("/v1/jobs", headers={"Idempotency-Key": key}, **form)  # type: ignore[arg-type]
            self.longest = max(self.longest, time.monotonic() - started)
            self.answers[f"{answer.status_code} {answer.json().get('code', '')}".strip()] += 1
            if answer.status_code == 202:
                self.jobs.add(answer.json()["id"])
                return
            time.sleep(0.5)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(stack)


@pytest.fixture
def service(tmp_path: Path, pair: Pair, redis_url: str) -> Iterator[Service]:
    engine = make_engine(pair.url, pool=5)
    upgrade(engine)
    with running_service(tmp_path, pair.url, engine, redis_url) as service:
        yield service
    engine.dispose()


def test_a_promoted_standby_is_found_and_nothing_accepted_is_lost(service: Service, pair: Pair) -> None:
    api = service.start("api")
    service.start("janitor")
    for _ in range(2):
        service.start("worker")
    clients = [Client(f"http://127.0.0.1:{api.probe_port}") for _ in range(6)]
    for client in clients:
        client.start()
    time.sleep(BEFORE)
    pair.kill_primary()
    died = time.monotonic()
    time.sleep(AWAY)
    pair.promote()
    taken = {client: len(client.jobs) for client in clients}
    wait_for("every client to be served again", lambda: all(len(client.jobs) > taken[client] for client in clients))
    back = time.monotonic() - died
    time.sleep(AFTER)
    for client in clients:
        client.stopped.set()
    for client in clients:
        client.join(PATIENCE)

    answers = sum((client.answers for client in clients), Counter())
    jobs = set().union(*(client.jobs for client in clients))
    with httpx.Client(base_url=f"http://127.0.0.1:{api.probe_port}", timeout=PATIENCE) as http:
        ends = Counter(wait_for(f"the end of {job}", partial(read_end, http, job)) for job in jobs)
    longest = max(client.longest for client in clients)
    print(
        f"\nanswers {dict(answers)}; jobs {dict(ends)}; longest answer {longest:.1f} s; served again after {back:.1f} s"
    )
    assert set(answers) == {"202", "503 database_away"}
    assert ends == {Status.SUCCEEDED: len(jobs)}
    assert service.results() == len(jobs)


def read_end(http: httpx.Client, job: str) -> str | None:
    """Return how the job ended, None while it has not."""
    answer = http.get(f"/v1/jobs/{job}").json()
    return answer["status"] if answer.get("finished_at") else None
