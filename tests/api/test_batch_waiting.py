"""Waiting for a batch, following it, and sending it twice."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from api import status as status_module
from api.errors import DatabaseAway
from conformance.names import EVENTS
from conformance.service import wait_for
from core.batches import Batch, delete_old_batches, take_place
from core.publisher import Publisher
from janitor.expiry import expire_jobs
from janitor.settings import JanitorSettings
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, PNG, Live, picture
from tests.api.test_batches import TARGET, TEXT, files, make, make_empty, show
from tests.api.test_status import asking, events_of, subscribed, watched, without_rechecks

TWO = (("a.png", PNG), ("b.png", PNG))


def ids_of(batch: Any) -> list[UUID]:
    return [UUID(entry["id"]) for entry in batch["jobs"] if entry["status"] != "refused"]


def finish(live: Live, job_id: UUID) -> None:
    live.claim(job_id)
    live.succeed(job_id, data=b"x")


@contextmanager
def following(live: Live, batch_id: str, path: str, **headers: str) -> Iterator[list[Any]]:
    with asking(live, f"/v1/batches/{batch_id}{path}", **headers) as answers:
        watched(live, UUID(batch_id))
        yield answers


def test_a_wait_ends_with_the_last_job(live: Live) -> None:
    without_rechecks(live)
    batch = make(live, *TWO, TEXT)
    with following(live, batch["id"], "?wait=60") as answers:
        for job_id in ids_of(batch):
            finish(live, job_id)
    answer, seconds = answers
    assert (answer.json()["status"], answer.json()["counts"]["succeeded"]) == ("over", 2)
    assert seconds < 50
    assert answer.json() == show(live, batch["id"])
    assert "retry-after" not in answer.headers


def test_a_wait_that_is_too_short_has_the_batch_as_it_is(live: Live) -> None:
    batch = make(live, *TWO)
    finish(live, ids_of(batch)[0])
    answer = live.http.get(f"/v1/batches/{batch['id']}?wait=0.2")
    assert (answer.json()["status"], answer.json()["counts"]["succeeded"]) == ("open", 1)
    assert answer.headers["retry-after"] == "1"


def test_a_lost_event_is_found_by_looking(serve: Serve) -> None:
    live = serve(redis_url=NOWHERE)
    live.app.state.services.hub.recheck_seconds = 0.1
    batch = make(live, *TWO)
    with following(live, batch["id"], "?wait=60") as answers:
        for job_id in ids_of(batch):
            live.claim(job_id)
            live.succeed(job_id, data=b"x", tell=False)
    assert answers[0].json()["status"] == "over"
    assert answers[1] < 50


def test_who_waits_holds_no_connection(live: Live) -> None:
    without_rechecks(live)
    batch = make(live, *TWO)
    pool = live.app.state.services.database._engine.pool
    with following(live, batch["id"], "?wait=60"), following(live, batch["id"], "/events"):
        hub = live.app.state.services.hub
        wait_for("both to wait", lambda: len(hub._watches.get(UUID(batch["id"]), ())) == 2)
        wait_for("no connection to be held", lambda: pool.checkedout() == 0)
        for job_id in ids_of(batch):
            finish(live, job_id)


def test_a_submit_that_waits_answers_when_all_are_over(live: Live) -> None:
    without_rechecks(live)
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            with live.engine.begin() as connection:
                queued = connection.scalars(text("SELECT id FROM jobs WHERE status = 'queued'")).all()
            for job_id in queued:
                finish(live, job_id)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        answer = live.http.post("/v1/batches?wait=60", files=files(*TWO), data=TARGET)
        preferred = live.http.post("/v1/batches", files=files(*TWO), data=TARGET, headers={"Prefer": "wait=50"})
    finally:
        stop.set()
        worker.join()
    assert (answer.status_code, answer.json()["status"]) == (201, "over")
    assert "retry-after" not in answer.headers
    assert (preferred.status_code, preferred.headers["preference-applied"]) == (201, "wait=50")
    late = live.http.post("/v1/batches?wait=0.1", files=files(*TWO), data=TARGET)
    assert (late.status_code, late.json()["status"], late.headers["retry-after"]) == (202, "open", "1")


def test_events_begin_and_end_with_the_whole_batch(live: Live) -> None:
    without_rechecks(live)
    batch = make(live, *TWO, TEXT)
    first, second = ids_of(batch)
    with following(live, batch["id"], "/events") as answers:
        finish(live, second)
        live.claim(first)
        live.fail(first)
    answer = answers[0]
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert [event["event"] for event in events] == ["batch", "job", "job", "job", "job", "batch"]
    assert [event.get("id") for event in events] == ["3", "4", "5", "6", None, "7"]
    told = [json.loads(event["data"]) for event in events]
    assert told[0] == batch
    assert [(job["id"], job["status"]) for job in told[1:5]] == [
        (str(second), "processing"), (str(second), "succeeded"), (str(first), "processing"), (str(first), "failed"),
    ]  # fmt: skip
    assert told[5] == show(live, batch["id"])
    assert told[5]["status"] == "over"


def test_events_go_on_after_the_last_one_that_was_seen(live: Live) -> None:
    batch = make(live, *TWO)
    path = f"/v1/batches/{batch['id']}/events"
    finish(live, ids_of(batch)[0])
    finish(live, ids_of(batch)[1])
    for seen in ("0", "3", "6", "x", "99999999999999999999"):
        events = events_of(live.http.get(path, headers={"Last-Event-ID": seen}).text)
        assert [(event["event"], event["id"]) for event in events] == [("batch", "7")]
    answer = live.http.get(path, headers={"Last-Event-ID": "7"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert live.http.head(path).headers["content-type"].startswith("text/event-stream")


def test_a_stream_that_is_up_to_date_tells_only_what_is_new(live: Live) -> None:
    without_rechecks(live)
    batch = make(live, *TWO)
    with following(live, batch["id"], "/events", **{"Last-Event-ID": "3"}) as answers:
        for job_id in ids_of(batch):
            finish(live, job_id)
    assert [event["event"] for event in events_of(answers[0].text)] == ["job"] * 4 + ["batch"]


def test_a_job_that_is_added_is_told(live: Live) -> None:
    without_rechecks(live)
    batch_id = make_empty(live)
    with following(live, batch_id, "/events") as answers:
        job_id = live.submit(batch=batch_id)
        finish(live, job_id)
    events = events_of(answers[0].text)
    assert [event["event"] for event in events] == ["batch", "job", "job", "job", "batch"]
    assert [event.get("id") for event in events] == ["1", "2", "3", None, "4"]


def test_many_changes_that_were_missed_are_each_told(serve: Serve) -> None:
    live = serve(redis_url=NOWHERE)
    live.app.state.services.hub.recheck_seconds = 0.5
    batch = make(live, *((f"{number}.png", PNG) for number in range(10)))
    with following(live, batch["id"], "/events") as answers:
        for job_id in ids_of(batch):
            live.claim(job_id)
            live.succeed(job_id, data=b"x", tell=False)
    events = events_of(answers[0].text)
    ids = [int(event["id"]) for event in events if "id" in event]
    assert ids == sorted(set(ids))
    assert ids[-1] == 31
    over = {json.loads(event["data"])["id"] for event in events if '"succeeded"' in event["data"]}
    assert {str(job_id) for job_id in ids_of(batch)} <= over


def test_a_stream_says_that_it_lives_and_ends_after_its_time(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_module, "KEEPALIVE_SECONDS", 0.1)
    monkeypatch.setattr(status_module, "STREAM_SECONDS", 1.0)
    answer = live.http.get(f"/v1/batches/{make(live, *TWO)['id']}/events")
    assert ": ping\n\n" in answer.text
    assert [event["id"] for event in events_of(answer.text)] == ["3"]


def test_who_waits_outlives_an_outage_of_the_database(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribed(live)
    services = live.app.state.services
    batch = make(live, *TWO)
    outages: list[int] = []
    run = services.database.run

    async def away(work: Any, *given: Any) -> Any:
        if work.__name__ == "find_batch" and is_away.is_set():
            outages.append(1)
            raise DatabaseAway
        return await run(work, *given)

    is_away = threading.Event()
    monkeypatch.setattr(services.database, "run", away)
    monkeypatch.setattr(services.hub, "recheck_seconds", 0.1)
    with following(live, batch["id"], "/events") as followed, following(live, batch["id"], "?wait=60") as waited:
        wait_for("both to wait", lambda: len(services.hub._watches.get(UUID(batch["id"]), ())) == 2)
        is_away.set()
        wait_for("outages", lambda: len(outages) > 4)
        for job_id in ids_of(batch):
            finish(live, job_id)
    assert events_of(followed[0].text)[-1]["id"] == "7"
    assert waited[0].json()["status"] == "over"


def test_who_waits_is_let_go_when_the_service_stops(serve: Serve) -> None:
    live = serve()
    without_rechecks(live)
    batch = make(live, *TWO)
    with following(live, batch["id"], "?wait=60") as waited, following(live, batch["id"], "/events") as followed:
        hub = live.app.state.services.hub
        wait_for("both to wait", lambda: len(hub._watches.get(UUID(batch["id"]), ())) == 2)
        live.server.should_exit = True
    assert (waited[0].json()["status"], len(events_of(followed[0].text))) == ("open", 1)
    assert waited[1] < 50


def test_old_states_and_other_batches_change_nothing(live: Live) -> None:
    without_rechecks(live)
    batch, other = make(live, *TWO), make(live, *TWO)
    with following(live, batch["id"], "/events") as answers:
        finish(live, ids_of(other)[0])
        live.redis.publish(EVENTS, "no job")
        for job_id in ids_of(batch):
            finish(live, job_id)
    assert len(events_of(answers[0].text)) == 6


def send_with_key(live: Live, key: str, *named: tuple[str, bytes], **fields: str) -> Any:
    form = {"target_format": "jpeg", **fields}
    return live.http.post("/v1/batches", files=files(*named), data=form, headers={"Idempotency-Key": key})


def test_the_same_batch_again_gets_the_stored_answer(live: Live) -> None:
    first = send_with_key(live, "one", *TWO, TEXT, quality="80")
    batch = first.json()
    finish(live, ids_of(batch)[0])
    live.submit(batch=batch["id"])
    again = send_with_key(live, "one", *TWO, TEXT, quality=" 80")
    assert (again.status_code, again.json()) == (202, batch)
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert live.counts()[0] == 3


@pytest.mark.parametrize(
    "other",
    [(TWO[0],), (TWO[1], TWO[0]), (TWO[0], ("b.png", picture(9))), (TWO[0], ("c.png", PNG)), (*TWO, TEXT)],
)
def test_another_batch_with_the_same_key_is_refused(live: Live, other: tuple[tuple[str, bytes], ...]) -> None:
    assert send_with_key(live, "one", *TWO).status_code == 202
    answer = send_with_key(live, "one", *other)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert live.counts()[0] == 2


def test_two_at_once_make_one_batch_even_without_redis(serve: Serve) -> None:
    lives = [serve(redis_url=NOWHERE), serve(redis_url=NOWHERE)]
    for number in range(5):
        answers = send_at_once(lives, f"key-{number}")
        assert {answer.status_code for answer in answers} <= {202, 409}
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    assert lives[0].counts()[0] == 10


def send_at_once(lives: list[Live], key: str) -> list[Any]:
    answers: list[Any] = []

    def run(live: Live) -> None:
        answers.append(send_with_key(live, key, *TWO))

    threads = [threading.Thread(target=run, args=(live,)) for live in lives]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_job_with_the_same_key_in_another_batch_is_refused(live: Live) -> None:
    one, other = make_empty(live), make_empty(live)

    def join(batch_id: str) -> Any:
        form = {**TARGET, "batch": batch_id}
        return live.http.post("/v1/jobs", files=files(TWO[0]), data=form, headers={"Idempotency-Key": "one"})

    assert [join(one).status_code, join(one).status_code] == [202, 202]
    answer = join(other)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_old_batches_go_once_no_job_is_left(live: Live) -> None:
    old, kept, young = make(live, *TWO, TEXT), make(live, *TWO), make(live, TEXT)
    publisher, settings = Publisher(live.redis, cache=True), JanitorSettings(record_days=1)
    live.http.delete(f"/v1/batches/{old['id']}")
    with live.engine.begin() as connection:
        ago = "now() - interval '3 days'"
        connection.execute(text(f"UPDATE jobs SET changed_at = {ago} WHERE batch_id = '{old['id']}'"))
        connection.execute(text(f"UPDATE batches SET changed_at = {ago} WHERE id <> '{young['id']}'"))
    expire_jobs(live.engine, publisher, settings)
    answers = [live.http.get(f"/v1/batches/{batch['id']}") for batch in (old, kept, young)]
    assert [answer.status_code for answer in answers] == [404, 200, 200]
    assert answers[0].json()["code"] == "batch_not_found"


def test_a_batch_that_a_job_joins_is_not_deleted(live: Live) -> None:
    """The janitor must not delete it while the job's transaction is open, nor see it as it was before."""
    batch_id = UUID(make_empty(live))
    with live.engine.begin() as connection:
        connection.execute(text("UPDATE batches SET changed_at = now() - interval '3 days'"))
    with live.engine.begin() as joining:
        assert take_place(joining, batch_id) == 0
        with live.engine.begin() as janitor:
            assert delete_old_batches(janitor, 1, 10) == 0
    with live.engine.begin() as janitor:
        assert delete_old_batches(janitor, 1, 10) == 0
        assert janitor.execute(text("SELECT count(*) FROM batches")).scalar_one() == 1


def test_where_old_jobs_were_deleted_every_refused_file_is_still_shown(live: Live) -> None:
    batch = make(live, TWO[0], TEXT, TWO[1], TEXT)
    with live.engine.begin() as connection:
        connection.execute(text("DELETE FROM jobs"))
    assert [entry["status"] for entry in show(live, batch["id"])["jobs"]] == ["refused", "refused"]


def test_an_empty_batch_is_not_over() -> None:
    assert not Batch(id=UUID(int=1), owner="", created_at=datetime.now(UTC)).is_over
