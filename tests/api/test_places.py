"""Places in the queue, as event streams tell them."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from api import places as places_module
from api.examples import QUEUED
from api.places import Follower
from conformance.service import wait_for
from core.record import advance_all
from core.transitions import RECLAIM
from core.turns import find_places, take_turns
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, PNG, Live
from tests.api.test_batches import make, make_empty
from tests.api.test_status import subscribed

WAITING = """
INSERT INTO jobs (id, status, rev, claim, attempts, filename, target_format, options, source, warnings, upload_day,
    created_at, changed_at, owner, turn)
SELECT gen_random_uuid(), 'queued', 1, 0, 0, 'a', 'png', '{}', '{"format": "png", "bytes": 1}', '[]', current_date,
    clock_timestamp(), clock_timestamp(), :owner, :first + n FROM generate_series(0, :count - 1) AS n RETURNING id
"""
Event = dict[str, str]


def insert_waiting(live: Live, owner: str, count: int) -> list[UUID]:
    """Jobs of another owner, with the turns that it is given."""
    with live.engine.begin() as connection:
        first = take_turns(connection, owner, count)
    with live.engine.begin() as connection:
        return list(connection.scalars(text(WAITING), {"owner": owner, "first": first, "count": count}))


@contextmanager
def following(live: Live, path: str) -> Iterator[Iterator[Event]]:
    """The events of a stream, one by one as they come."""
    with live.http.stream("GET", f"{path}/events") as answer:
        yield read_events(answer.iter_lines())


def read_events(lines: Iterator[str]) -> Iterator[Event]:
    event: Event = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, value = line.split(": ", 1)
            event[name] = value
        elif event:
            yield event
            event = {}


def next_places(events: Iterator[Event], *, until: Any = None) -> dict[UUID, int | None]:
    """The places of the next event `place`, or of the first one that is `until`."""
    while True:
        event = next(event for event in events if event["event"] == "place")
        assert set(event) == {"event", "data"}
        places = {UUID(job_id): place for job_id, place in json.loads(event["data"])["places"].items()}
        if until is None or places == until:
            return places


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[set[UUID]]:
    """The ids of every look-up. They follow each other faster than they would."""
    made: list[set[UUID]] = []

    def count(connection: Connection, ids: Collection[UUID]) -> dict[UUID, int | None]:
        made.append(set(ids))
        return find_places(connection, ids)

    monkeypatch.setattr(places_module, "find_places", count)
    monkeypatch.setattr(places_module, "PAUSE_SECONDS", 0.05)
    return made


@pytest.mark.usefixtures("looks")
def test_a_job_hears_its_place_at_the_start_and_whenever_it_changes(live: Live) -> None:
    subscribed(live)
    first = live.submit()
    others = insert_waiting(live, "key:other", 3)
    job_id = live.submit()
    with following(live, f"/v1/jobs/{job_id}") as events:
        assert next(events)["event"] == "status"
        # By turns: my first and the other's first, the other's second and mine.
        assert next_places(events) == {job_id: 3}
        live.claim(others[0])
        assert next_places(events) == {job_id: 2}
        live.claim(first)
        assert next_places(events) == {job_id: 1}
        live.claim(others[1])
        assert next_places(events) == {job_id: 0}
        live.claim(job_id)
        live.fail(job_id)
        assert [event["event"] for event in events] == ["status", "status"]


@pytest.mark.usefixtures("looks")
def test_a_batch_of_a_hundred_hears_all_places_in_one_event(live: Live) -> None:
    subscribed(live)
    batch = make(live, *((f"{number}.png", PNG) for number in range(100)))
    ids = [UUID(job["id"]) for job in batch["jobs"]]
    with following(live, f"/v1/batches/{batch['id']}") as events:
        assert next(events)["event"] == "batch"
        assert list(next_places(events).items()) == [(job_id, place) for place, job_id in enumerate(ids)]
        live.claim(ids[0])
        assert next(events)["event"] == "job"
        next_places(events, until={job_id: place for place, job_id in enumerate(ids[1:])})


@pytest.mark.usefixtures("looks")
def test_a_job_that_joins_a_batch_hears_its_place(live: Live) -> None:
    subscribed(live)
    batch_id = make_empty(live)
    with following(live, f"/v1/batches/{batch_id}") as events:
        job_id = live.submit(batch=batch_id)
        assert next_places(events) == {job_id: 0}


def test_the_document_tells_of_the_event(shared: Live) -> None:
    schemas = shared.app.openapi()["components"]["schemas"]
    answer = {"$ref": "#/components/schemas/PlacesAnswer"}
    for name in ("JobEvent", "BatchEvent"):
        fields = schemas[name]["properties"]
        assert "place" in fields["event"]["enum"]
        assert answer in fields["data"]["contentSchema"]["anyOf"]
        assert schemas[name]["required"] == ["event", "data"]
    shared.agreement._check_value({"places": {str(UUID(int=1)): 3, str(UUID(int=2)): None}}, answer, "place")


@pytest.mark.usefixtures("looks")
def test_nobody_is_counted_beyond_a_thousand(live: Live) -> None:
    others = insert_waiting(live, "key:other", 1001)
    near, far = others[-1], insert_waiting(live, "key:other", 1)[0]
    with following(live, f"/v1/jobs/{near}") as events, following(live, f"/v1/jobs/{far}") as later:
        assert next_places(events) == {near: 1000}
        assert next_places(later) == {far: None}
        live.claim(others[0])
        assert next_places(events) == {near: 999}
        assert next_places(later) == {far: 1000}


def test_a_number_is_followed_by_none_at_the_second_look_only() -> None:
    """Where a thousand wait, a job that has just started looks like one far behind, until its event comes."""
    woken: list[int] = []
    follower = Follower(lambda: woken.append(1), lambda: None)
    follower.look_at([QUEUED])
    told = []
    for place in (7, 7, None, None, None, 3):
        follower.tell({QUEUED.id: place})
        told.append([json.loads(event.split(b"data: ")[1])["places"] for event in follower.take_events()])
    name = str(QUEUED.id)
    assert told == [[{name: 7}], [], [], [{name: None}], [], [{name: 3}]]
    assert len(woken) == 4


def test_one_look_serves_all_streams(live: Live, looks: list[set[UUID]]) -> None:
    ids = [live.submit() for _ in range(3)]
    with (
        following(live, f"/v1/jobs/{ids[0]}") as first,
        following(live, f"/v1/jobs/{ids[1]}") as second,
        following(live, f"/v1/jobs/{ids[2]}") as third,
    ):
        assert [next_places(events) for events in (first, second, third)] == [{ids[n]: n} for n in range(3)]
        wait_for("a look for all three", lambda: looks[-1] == set(ids))


def test_nothing_is_asked_while_no_waiting_job_is_followed(live: Live, looks: list[set[UUID]]) -> None:
    board = live.app.state.services.places
    started, waiting, unseen = live.submit(), live.submit(), live.submit()
    live.claim(started)
    with following(live, f"/v1/jobs/{started}") as events:
        assert next(events)["event"] == "status"
        assert not board._is_sought.is_set()
        assert looks == []
        with following(live, f"/v1/jobs/{waiting}") as others:
            assert next_places(others) == {waiting: 0}
        wait_for("the board to rest", lambda: not board._is_sought.is_set())
        assert unseen not in set().union(*looks)
        known = len(looks)
        live.fail(started)
        assert [event["event"] for event in events] == ["status"]
    assert len(looks) == known


def test_a_job_that_was_started_before_has_no_place(live: Live, looks: list[set[UUID]]) -> None:
    first, second = live.submit(), live.submit()
    live.claim(first)
    with live.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET lease_until = now() - interval '1 s' WHERE status = 'processing'"))
        assert [job.id for job in advance_all(connection, RECLAIM, most=1, limit=3)] == [first]
    with following(live, f"/v1/jobs/{first}") as events, following(live, f"/v1/jobs/{second}") as others:
        assert next_places(others) == {second: 0}
        assert next(events)["event"] == "status"
        live.claim(first)
        live.fail(first)
        assert {event["event"] for event in events} == {"status"}
    assert set().union(*looks) == {second}


def test_streams_go_on_without_places_while_the_database_is_away(
    live: Live, looks: list[set[UUID]], monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(live)
    outages: list[int] = []

    def away(_connection: Connection, _ids: Collection[UUID]) -> dict[UUID, int | None]:
        outages.append(1)
        raise OperationalError("", {}, Exception("away"))

    first, second = live.submit(), live.submit()
    with monkeypatch.context() as patch:
        patch.setattr(places_module, "find_places", away)
        with following(live, f"/v1/jobs/{first}") as events:
            wait_for("two outages", lambda: len(outages) > 1)
            live.claim(first)
            live.fail(first)
            assert [event["event"] for event in events] == ["status"] * 3
    with following(live, f"/v1/jobs/{second}") as events:
        assert next_places(events) == {second: 0}
    assert looks


@pytest.mark.usefixtures("looks")
def test_places_and_changes_come_without_redis(serve: Serve) -> None:
    """Wake-ups must not keep a stream from looking by itself."""
    live = serve(redis_url=NOWHERE)
    live.app.state.services.hub.recheck_seconds = 0.2
    first, job_id = live.submit(), live.submit()
    with following(live, f"/v1/jobs/{job_id}") as events:
        assert next_places(events) == {job_id: 1}
        live.claim(first)
        assert next_places(events) == {job_id: 0}
        live.claim(job_id)
        assert json.loads(next(events)["data"])["status"] == "processing"
