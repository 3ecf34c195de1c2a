"""The room for uploads and results: measured, refused in time, and shown by `/readyz`."""

import asyncio
from typing import cast

import httpx
import pytest
from sqlalchemy import text

from api.admission import MEASURE_SECONDS, Store
from api.database import Database
from api.errors import StorageFull
from core.partitions import partition_name, stored_bytes, today
from core.tables import uploads
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG, RESULT, Live
from tests.api.test_submit import connected, read_all, request_head
from tests.api.test_system import ready

MEGABYTE = 1_000_000
BIG = PNG + bytes(2 * MEGABYTE)


def stored(live: Live) -> int:
    with live.engine.begin() as connection:
        return stored_bytes(connection)


def check_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 507
    assert answer.headers["retry-after"] == "60"


def check_problem(answer: httpx.Response, most: int) -> None:
    check_refused(answer)
    assert f"all of the {most:,} bytes" in answer.text
    assert "Try again in 60 seconds" in answer.text


def test_what_is_there_is_measured(live: Live) -> None:
    empty = stored(live)
    job_id = live.submit()
    live.claim(job_id)
    assert live.post(BIG).status_code == 202
    live.succeed(job_id)
    assert len(BIG) + len(RESULT) < stored(live) - empty < 1.2 * (len(BIG) + len(RESULT))


def test_a_full_storage_takes_no_upload_but_gives_and_deletes(serve: Serve) -> None:
    job_id = serve().in_status(Status.SUCCEEDED)
    most = stored(serve())
    live = serve(max_stored_bytes=most)
    before = live.counts()
    answer = live.post()
    check_problem(answer, most)
    assert (answer.json()["code"], answer.json()["title"]) == ("storage_full", "Storage full")
    assert answer.headers["content-type"] == "application/problem+json"
    form = live.post(path="/jobs", quality="70")
    check_refused(form)
    assert "The service has no room for more images." in form.text
    assert "delete what you no longer need" in form.text
    assert "Try again in 60 s." in form.text
    assert 'value="70"' in form.text
    assert live.counts() == before
    assert live.http.get(f"/v1/jobs/{job_id}/result").content == RESULT
    assert live.http.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert live.get(job_id)["status"] == "expired"
    assert ready(live)[:2] == (200, "ready")


def test_a_refused_upload_is_taken_in_so_that_the_answer_arrives(serve: Serve) -> None:
    live = serve(max_stored_bytes=1)
    for _ in range(3):
        answer = live.post(PNG + bytes(20 * MEGABYTE))
        check_problem(answer, 1)
        assert "connection" not in answer.headers


def test_a_client_that_asks_first_is_told_before_it_sends(serve: Serve) -> None:
    live = serve(max_stored_bytes=1)
    with connected(live) as wire:
        wire.sendall(request_head(live, "Content-Length: 9000000", "Expect: 100-continue"))
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 507 ")


def test_its_own_uploads_are_counted_at_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.admission.MEASURE_SECONDS", 3600.0)
    live = serve(max_stored_bytes=stored(serve()) + MEGABYTE)
    assert [live.post(BIG).status_code for _ in range(2)] == [202, 507]


def test_there_is_room_again_when_images_are_gone(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.admission.MEASURE_SECONDS", 0.0)
    monkeypatch.setattr("api.admission.COSTLY", 0)
    live = serve(max_stored_bytes=stored(serve()) + MEGABYTE)
    assert [live.post(BIG).status_code for _ in range(2)] == [202, 507]
    with live.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {partition_name(uploads.name, today(connection))}"))
    assert live.post().status_code == 202


@pytest.mark.parametrize(
    ("percent", "state"),
    [(50, "ok"), (89, "ok"), (91, "nearly full"), (99, "nearly full"), (100, "full"), (200, "full")],
)
def test_how_full_it_is_is_said(serve: Serve, percent: int, state: str) -> None:
    without = serve()
    without.submit()
    assert ready(without)[2]["storage"] == "ok"
    limited = serve(max_stored_bytes=stored(without) * 100 // percent)
    status, word, parts = ready(limited)
    assert (status, word, parts["storage"]) == (200, "ready", state)


class Measured:
    """A database that says how often it was asked."""

    asked = 0

    async def run(self, _work: object) -> int:
        self.asked += 1
        return 100


def test_it_is_measured_every_few_seconds_only() -> None:
    now = [0.0]
    database = Measured()
    store = Store(cast(Database, database), 150, clock=lambda: now[0])

    async def admit(at: float) -> None:
        now[0] = at
        await store.admit()

    for at in (0.0, 1.0, MEASURE_SECONDS - 0.1):
        asyncio.run(admit(at))
    assert database.asked == 1
    store.count_upload(50)
    with pytest.raises(StorageFull):
        asyncio.run(admit(MEASURE_SECONDS - 0.1))
    asyncio.run(admit(MEASURE_SECONDS))
    assert database.asked == 2


def test_without_a_limit_nothing_is_measured() -> None:
    database = Measured()
    asyncio.run(Store(cast(Database, database), 0).admit())
    assert database.asked == 0
