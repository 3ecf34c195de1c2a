"""PostgreSQL that takes everything and answers nothing: every answer comes in time, and no thread is held for long."""

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg2
import pytest
from sqlalchemy import Connection

from api import submission
from api.breaker import MOST_SILENT, REST_SECONDS, DatabaseBreaker
from api.database import OUTCOME_UNKNOWN
from api.errors import DatabaseAway
from api.patience import BUDGET_SECONDS, Patience
from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres
from conformance.service import PATIENCE, wait_for
from core.bounded_connection import BoundedConnection
from core.database import make_engine
from core.jobs import Job
from core.migrations import upgrade
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, PNG, Live
from tests.conftest import server_directory

MOST_SECONDS = 20.0
"""Far beyond the 3 s of a request, for a busy machine; without its patience nothing is answered while this test waits."""
AT_ONCE = BUDGET_SECONDS / 2
UPLOAD: Any = {
    "files": {"file": ("a.png", PNG)},
    "data": {"target_format": "jpeg"},
    "headers": {"Idempotency-Key": "an-upload-of-its-own"},
}
NOBODY = "0a2f1c5e-6b7d-4c1e-9a53-2f4f6d1b8e90"


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL that may stand still, which would stop all other tests."""
    with server_directory() as directory, embedded_postgres(directory, UNSAFE_BUT_FAST) as url:
        engine = make_engine(url, pool=1)
        upgrade(engine)
        engine.dispose()
        yield url, directory


@contextmanager
def frozen(directory: Path) -> Iterator[None]:
    """Stop all processes of a server. The kernel goes on taking connections and bytes for it."""
    (pid_file,) = directory.glob("*/postmaster.pid")
    server = psutil.Process(int(pid_file.read_text(encoding="utf-8").splitlines()[0]))
    stopped = [server, *server.children(recursive=True)]
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            process.send_signal(signal.SIGCONT)


def timed(live: Live, method: str, path: str, *, data: bytes | None = None) -> tuple[httpx.Response, float]:
    """Send a request, and return its answer and its seconds."""
    form: Any = {} if data is None else {"files": {"file": ("a.png", data)}, "data": {"target_format": "jpeg"}}
    started = time.monotonic()
    answer = live.http.request(method, path, timeout=PATIENCE, **form)
    return answer, time.monotonic() - started


def test_every_answer_comes_in_time_and_then_at_once(own_postgres: tuple[str, Path], serve: Serve) -> None:
    url, directory = own_postgres
    # Without Redis nothing is told from a cache.
    live = serve(database_url=url, redis_url=NOWHERE, threads=4)
    paths = (f"/v1/jobs/{NOBODY}", f"/v1/jobs/{NOBODY}/result", f"/v1/batches/{NOBODY}", f"/jobs/{NOBODY}", "/readyz")
    assert timed(live, "GET", paths[0])[0].status_code == 404
    with frozen(directory), ThreadPoolExecutor(24) as pool:
        asked = [pool.submit(timed, live, "GET", path) for path in paths * 3]
        asked += [pool.submit(timed, live, "POST", "/v1/jobs", data=PNG) for _ in range(6)]
        asked.append(pool.submit(timed, live, "DELETE", paths[0]))
        first = [one.result() for one in asked]
        assert {answer.status_code for answer, _ in first} == {503}
        assert all("retry-after" in answer.headers for answer, _ in first if answer.request.url.path != "/readyz")
        assert max(seconds for _, seconds in first) < MOST_SECONDS

        later = sorted(timed(live, "GET", paths[0])[1] for _ in range(5))
        assert later[2] < AT_ONCE
    wait_for("an upload to be taken again", lambda: timed(live, "POST", "/v1/jobs", data=PNG)[0].status_code == 202)


def test_an_upload_whose_commit_was_not_confirmed_is_found_by_its_key(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing = threading.local()
    store, commit = submission._store, BoundedConnection.commit

    def note_storing(connection: Connection, **values: Any) -> Job:
        storing.now = True
        return store(connection, **values)

    def lose_answer(self: BoundedConnection) -> None:
        commit(self)
        if storing.__dict__.pop("now", False):
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(submission, "_store", note_storing)
    monkeypatch.setattr(BoundedConnection, "commit", lose_answer)
    lost = live.http.post("/v1/jobs", **UPLOAD)
    assert (lost.status_code, lost.json()["code"]) == (503, "database_away")
    assert OUTCOME_UNKNOWN in lost.json()["detail"]
    monkeypatch.undo()
    found = live.http.post("/v1/jobs", **UPLOAD)
    assert (found.status_code, found.headers["idempotency-replayed"], live.counts()) == (202, "true", (1, 1, 0))


def test_a_read_is_not_said_to_have_changed_anything(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_answer(_connection: BoundedConnection) -> None:
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(BoundedConnection, "commit", lose_answer)
    answer = live.http.get(f"/v1/jobs/{NOBODY}")
    assert (answer.status_code, answer.json()["detail"]) == (503, DatabaseAway().detail)


def test_a_breaker_opens_after_silences_and_lets_one_try_at_a_time() -> None:
    now = [0.0]
    breaker = DatabaseBreaker(lambda: now[0])
    for _ in range(MOST_SILENT):
        asking = breaker.begin()
        assert asking is not None
        asking.note(answered=False)
        asking.forget()
    assert breaker.begin() is None
    now[0] += REST_SECONDS
    probe = breaker.begin()
    assert probe is not None
    assert breaker.begin() is None
    probe.note(answered=False)
    probe.forget()
    assert breaker.begin() is None
    now[0] += REST_SECONDS
    probe = breaker.begin()
    assert probe is not None
    # A try whose client went away decides nothing, and keeps no other from trying.
    probe.forget()
    probe = breaker.begin()
    assert probe is not None
    probe.note(answered=True)
    assert not breaker.is_open


def test_patience_is_for_all_steps_and_grows_again_while_the_client_is_waited_for() -> None:
    now = [0.0]
    patience = Patience(4.0, lambda: now[0])
    for expected, taken in ((4.0, 1.0), (3.0, 2.5)):
        with patience.spend() as left:
            assert left == expected
            now[0] += taken
    now[0] += 2.0
    assert patience.left == 0.5
    for taken, expected in ((2.0, 2.5), (60.0, 4.0)):
        with patience.give_back():
            now[0] += taken
        assert patience.left == expected
