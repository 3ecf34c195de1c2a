"""The room for uploads and results: measured, reserved over all API processes, refused in time, and shown by `/readyz`."""

import asyncio
import errno
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import cast

import httpx
import pytest
from sqlalchemy import text

from api.database import Database
from api.errors import StorageFull
from api.redis_gate import RedisGate
from api.storage import MEASURE_SECONDS, STORED_SECONDS, Store
from core.redis_client import make_async_redis
from core.redis_names import RedisNames
from core.storage import measure_taken
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG, RESULT, Live
from tests.api.test_resumable import TUS
from tests.api.test_submit import connected, read_all, request_head
from tests.api.test_system import ready

MEGABYTE = 1_000_000
BIG = PNG + bytes(2 * MEGABYTE)
NEED = 2 * (len(BIG) + 1000)
"""Of one upload of BIG: its bytes, and as many for its result."""


def taken(live: Live) -> int:
    with live.engine.begin() as connection:
        return measure_taken(connection)


def limit_with_room(live: Live, room: float) -> int:
    """The limit that leaves so many bytes to uploads."""
    return round((taken(live) + room) / 0.9)


def check_refused(answer: httpx.Response, seconds: str = "60") -> None:
    assert answer.status_code == 507
    assert answer.headers["retry-after"] == seconds


def test_what_is_there_and_what_is_expected_is_measured(live: Live) -> None:
    empty = taken(live)
    job_id = live.submit()
    live.claim(job_id)
    assert live.post(BIG).status_code == 202
    more = taken(live) - empty
    assert 2 * len(BIG) < more < 2.4 * len(BIG), "the upload, and as much for its result"


def test_a_full_storage_takes_no_upload_but_gives_and_deletes(serve: Serve) -> None:
    job_id = serve().in_status(Status.SUCCEEDED)
    most = taken(serve())
    live = serve(max_stored_bytes=most)
    before = live.counts()
    answer = live.post()
    check_refused(answer)
    assert f"all images together may take {most:,} bytes" in answer.text
    assert "Try again in 60 seconds" in answer.text
    assert (answer.json()["code"], answer.json()["title"]) == ("storage_full", "Storage full")
    assert answer.headers["content-type"] == "application/problem+json"
    form = live.post(path="/jobs", quality="70")
    check_refused(form)
    assert "The service has no room for more images." in form.text
    assert "delete what you no longer need" in form.text
    assert 'value="70"' in form.text
    for path, parts in (("/v1/convert", "file"), ("/v1/batches", "file")):
        check_refused(live.http.post(path, files={parts: ("a.png", PNG)}, data={"target_format": "jpeg"}))
    check_refused(live.http.post("/v1/uploads", headers={**TUS, "Upload-Length": "5"}))
    assert live.counts() == before
    assert live.http.get(f"/v1/jobs/{job_id}/result").content == RESULT
    assert live.http.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert live.get(job_id)["status"] == "expired"
    assert ready(live)[:2] == (200, "ready")


def test_a_refused_upload_is_taken_in_so_that_the_answer_arrives(serve: Serve) -> None:
    live = serve(max_stored_bytes=1)
    for _ in range(3):
        answer = live.post(PNG + bytes(20 * MEGABYTE))
        check_refused(answer)
        assert "connection" not in answer.headers


def test_a_client_that_asks_first_is_told_before_it_sends(serve: Serve) -> None:
    live = serve(max_stored_bytes=1)
    with connected(live) as wire:
        wire.sendall(request_head(live, "Content-Length: 9000000", "Expect: 100-continue"))
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 507 ")


def begin(stack: ExitStack, live: Live) -> tuple[int, socket.socket]:
    """Announce an upload of BIG without sending it. Return the status: 100 when it may come."""
    wire = stack.enter_context(connected(live))
    wire.sendall(request_head(live, f"Content-Length: {len(BIG)}", "Expect: 100-continue"))
    found = re.match(rb"HTTP/1.1 (\d+)", wire.recv(100))
    assert found
    return int(found[1]), wire


def test_of_several_uploads_at_once_those_are_taken_that_fit(serve: Serve) -> None:
    limit = limit_with_room(serve(), 2.5 * NEED)
    one, other = serve(max_stored_bytes=limit), serve(max_stored_bytes=limit)
    with ExitStack() as stack:
        begun = [begin(stack, live) for live in (one, other, one, other, one)]
        assert [status for status, _ in begun] == [100, 100, 507, 507, 507]
        assert b"ry-after: 5\r\n" in read_all(begun[-1][1])
        # One of them goes away, and its room is another's.
        begun[0][1].close()
        assert any(begin(stack, one)[0] == 100 for _ in range(20))


def test_many_at_the_same_moment_never_pass_the_limit_and_are_not_all_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.storage.ASK_SECONDS", 30.0)
    monkeypatch.setattr("api.redis_gate.SLOW_ANSWERS", 1000)
    monkeypatch.setattr("api.storage.STORED_SECONDS", 30.0)
    limit = limit_with_room(serve(), 3.2 * NEED)
    processes = [serve(max_stored_bytes=limit) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda number: processes[number % 2].post(BIG).status_code, range(8)))
    assert set(codes) == {202, 507}
    assert 1 <= codes.count(202) <= 3
    assert taken(processes[0]) <= 0.9 * limit


def test_its_own_uploads_are_counted_while_redis_is_away(serve: Serve) -> None:
    limit = limit_with_room(serve(), 1.5 * NEED)
    live = serve(max_stored_bytes=limit, redis_url="redis://127.0.0.1:1/0")
    with ExitStack() as stack:
        assert [begin(stack, live)[0] for _ in range(2)] == [100, 507]


def test_a_process_that_was_killed_is_forgotten(serve: Serve) -> None:
    live = serve(max_stored_bytes=limit_with_room(serve(), 1.5 * NEED))
    live.redis.hset(RedisNames().coming, mapping={"dead": f"{NEED}:1", "broken": "?"})
    assert live.post(BIG).status_code == 202
    assert len(live.redis.hgetall(RedisNames().coming)) == 1


def test_there_is_room_again_when_images_are_gone(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.storage.MEASURE_SECONDS", 0.0)
    monkeypatch.setattr("api.storage.STORED_SECONDS", 0.0)
    monkeypatch.setattr("api.admission.COSTLY", 0)
    live = serve(max_stored_bytes=limit_with_room(serve(), 1.5 * NEED))
    answers = [live.post(BIG) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 507]
    assert live.http.delete(answers[0].headers["location"]).status_code == 204
    with live.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM uploads"))
    assert live.post(BIG).status_code == 202


def test_a_kept_upload_needs_room_for_its_copy(serve: Serve) -> None:
    without = serve()
    begun = without.http.post("/v1/uploads", headers={**TUS, "Upload-Length": str(len(BIG))})
    place = begun.headers["location"]
    sent = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert without.http.patch(place, content=BIG, headers=sent).status_code == 204
    form = {"target_format": (None, "jpeg"), "upload": (None, place.rpartition("/")[2])}
    full = serve(max_stored_bytes=limit_with_room(without, 0.9 * NEED))
    check_refused(full.http.post("/v1/jobs", files=form))
    fitting = serve(max_stored_bytes=limit_with_room(without, 1.1 * NEED))
    assert fitting.http.post("/v1/jobs", files=form).status_code == 202


@pytest.mark.parametrize(
    ("percent", "state"),
    [(50, "ok"), (89, "ok"), (92, "nearly full"), (99, "nearly full"), (100, "full"), (200, "full")],
)
def test_how_full_it_is_is_said(serve: Serve, percent: int, state: str) -> None:
    without = serve()
    without.submit()
    assert ready(without)[2]["storage"] == "ok"
    limited = serve(max_stored_bytes=int(taken(without) * 100 / percent / 0.9))
    status, word, parts = ready(limited)
    assert (status, word, parts["storage"]) == (200, "ready", state)


@pytest.mark.parametrize("path", ["/v1/jobs", "/jobs", "/v1/batches", "/v1/convert"])
@pytest.mark.parametrize("moment", ["write", "seek"])
def test_a_full_disk_of_temporary_files_is_no_defect(
    live: Live, monkeypatch: pytest.MonkeyPatch, path: str, moment: str
) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"tempfile.SpooledTemporaryFile.{moment}", fail)
    before = live.counts()
    answer = live.http.post(path, files={"file": ("a.png", BIG)}, data={"target_format": "jpeg"})
    check_refused(answer, "5")
    monkeypatch.undo()
    assert live.counts() == before
    assert live.http.post("/v1/jobs", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"}).is_success


def test_a_full_disk_of_the_database_is_said(live: Live) -> None:
    with live.engine.begin() as connection:
        connection.execute(
            text("""
            CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$
        """)
        )
        connection.execute(text("CREATE TRIGGER full_disk BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION fill()"))
    before = live.counts()
    answer = live.post()
    check_refused(answer)
    assert answer.json()["code"] == "storage_full"
    assert "The database's disk is full. Nothing was changed" in answer.text
    assert live.counts() == before


class Measured:
    """A database that says how often it was asked."""

    asked = 0

    async def run(self, _work: object) -> int:
        self.asked += 1
        return 100


def test_it_is_measured_once_a_second_only() -> None:
    now = [0.0]
    database = Measured()

    async def admit() -> None:
        gate = RedisGate(make_async_redis("redis://127.0.0.1:1/0"), cache=False)
        store = Store(cast(Database, database), gate, 500, clock=lambda: now[0])
        for at in (0.0, MEASURE_SECONDS / 2, MEASURE_SECONDS * 0.9):
            now[0] = at
            with await store.reserve(20) as room:
                pass
        assert database.asked == 1
        room.settle(160)
        with pytest.raises(StorageFull):
            await store.reserve(20)
        assert database.asked == 2, "near the limit it is measured each time"
        now[0] += STORED_SECONDS
        await store.check(20)
        assert database.asked == 3

    asyncio.run(admit())


def test_without_a_limit_nothing_is_measured() -> None:
    database = Measured()

    async def admit() -> None:
        gate = RedisGate(make_async_redis("redis://127.0.0.1:1/0"), cache=False)
        await Store(cast(Database, database), gate, 0).check(1 << 40)

    asyncio.run(admit())
    assert database.asked == 0
