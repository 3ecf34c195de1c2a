"""What one client may do: uploads in a time, jobs waiting, bytes stored."""

import asyncio
import re
import threading
from typing import Any

import httpx
import pytest

from api.admission import Lately
from api.callers import address_owner
from conformance.service import PATIENCE
from tests.api.conftest import Serve
from tests.api.keyed import holder
from tests.api.live import NOWHERE, PNG, Live, metric, running

FILE = {"file": ("a.png", PNG)}
TARGET = {"target_format": "jpeg"}


def from_address(live: Live, address: str) -> httpx.Response:
    return live.http.post("/v1/jobs", files=FILE, data=TARGET, headers={"X-Forwarded-For": address})


def test_every_answer_tells_what_is_left(serve: Serve) -> None:
    live = serve(rate_limit="3/hour").wait_for_redis()
    left = []
    for data in (PNG, b"text", PNG, PNG):
        answer = live.post(data)
        assert answer.headers["ratelimit-policy"] == '"uploads";q=3;w=3600'
        told = re.fullmatch(r'"uploads";r=(\d+);t=(\d+)', answer.headers["ratelimit"])
        assert told
        assert 0 < int(told[2]) <= 3600
        left.append((answer.status_code, int(told[1])))
    assert left == [(202, 2), (415, 1), (202, 0), (429, 0)]
    assert "ratelimit" not in live.http.get("/v1/formats").headers


def test_limits_can_be_switched_off(serve: Serve) -> None:
    live = serve(rate_limit="none", max_waiting_per_client=0, max_stored_per_client_bytes=0)
    answer = live.post()
    assert answer.status_code == 202
    assert "ratelimit" not in answer.headers


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.5", "203.0.113.5", True),
        ("203.0.113.5", "203.0.113.6", False),
        ("2001:db8:1:2::5", "2001:db8:1:2:ffff::6", True),
        ("2001:db8:1:2::5", "2001:db8:1:3::5", False),
        ("::ffff:203.0.113.5", "203.0.113.5", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_which_addresses_are_one_client(one: str, other: str, same: bool) -> None:
    assert (address_owner(one) == address_owner(other)) is same


def test_a_network_of_ipv6_shares_its_rate(serve: Serve) -> None:
    live = serve(rate_limit="1/hour", forwarded_allow_ips="127.0.0.1").wait_for_redis()
    assert from_address(live, "2001:db8:1:2::5").status_code == 202
    assert from_address(live, "2001:db8:1:2:3::6").status_code == 429
    assert from_address(live, "2001:db8:1:3::5").status_code == 202


def test_each_key_has_limits_of_its_own(serve: Serve) -> None:
    live = serve(auth="keys", rate_limit="2/hour").wait_for_redis()
    with holder(live) as ana, holder(live) as ben:
        for _ in range(2):
            ana.submit()
        answer = ana.http.post("/v1/jobs", files=FILE, data=TARGET)
        assert answer.status_code == 429
        assert answer.json()["detail"].startswith("Rate limit reached: 2 uploads per hour from this key.")
        ben.submit()


def test_while_redis_is_away_each_process_counts(serve: Serve) -> None:
    live = serve(rate_limit="2/hour", redis_url=NOWHERE)
    before = metric("imagemill_rate_limit_checks_total", where="process")
    answers = [live.post() for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert [answer.headers["ratelimit"][:13] for answer in answers] == [
        '"uploads";r=1',
        '"uploads";r=0',
        '"uploads";r=0',
    ]
    assert metric("imagemill_rate_limit_checks_total", where="process") == before + 3


def test_no_client_has_more_jobs_waiting_than_it_may(serve: Serve) -> None:
    live = serve(max_waiting_per_client=2)
    first = live.submit()
    live.submit()
    answer = live.post()
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_waiting")
    assert answer.json()["detail"].startswith("2 jobs of this address may wait at the same time, and as many do.")
    assert answer.headers["retry-after"] == "5"
    assert '"waiting";q=2;qu="jobs"' in answer.headers["ratelimit-policy"]
    assert '"waiting";r=0' in answer.headers["ratelimit"]
    assert from_address(live, "203.0.113.5").status_code == 202
    live.claim(first)
    assert live.post().status_code == 202
    assert live.post().status_code == 429
    assert live.counts()[:2] == (4, 4)


def test_jobs_that_come_at_the_same_time_are_counted_too(serve: Serve) -> None:
    """Two APIs, and the early look switched off in both: the count in the transaction alone must hold."""
    lives = [serve(max_waiting_per_client=5) for _ in range(2)]
    for live in lives:

        async def admit(_caller: Any) -> None:
            return

        live.app.state.services.clients.admit = admit
    statuses: list[int] = []

    def send(live: Live) -> None:
        with httpx.Client(base_url=live.url, timeout=PATIENCE) as http:
            statuses.extend(http.post("/v1/jobs", files=FILE, data=TARGET).status_code for _ in range(3))

    threads = [threading.Thread(target=send, args=[live]) for live in lives for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses.count(202), statuses.count(429)) == (5, 19)
    assert lives[0].counts()[:2] == (5, 5)


def test_no_client_stores_more_than_it_may(serve: Serve) -> None:
    live = serve(max_stored_per_client_bytes=len(PNG) + 1)
    job = live.submit()
    live.submit()
    answer = live.post()
    assert (answer.status_code, answer.json()["code"]) == (429, "too_much_stored")
    assert answer.headers["retry-after"] == "60"
    assert f'"stored";q={len(PNG) + 1};qu="content-bytes"' in answer.headers["ratelimit-policy"]
    assert from_address(live, "203.0.113.5").status_code == 202
    # Other processes see it too, and a deleted job gives its bytes back.
    other = serve_again(live, max_stored_per_client_bytes=len(PNG) + 1)
    assert other == 429
    live.http.delete(f"/v1/jobs/{job}")
    assert serve_again(live, max_stored_per_client_bytes=len(PNG) + 1) == 202


def serve_again(live: Live, **settings: Any) -> int:
    """What a new process answers to the upload of this client."""
    given = {"database_url": live.settings.database_url, "redis_url": live.settings.redis_url, **settings}
    with running(type(live.settings)(**given), live.engine, live.redis) as fresh:
        return fresh.post().status_code


def test_results_count_as_stored(serve: Serve) -> None:
    live = serve(max_stored_per_client_bytes=1_000_000)
    job = live.submit()
    live.claim(job)
    live.succeed(job)
    assert serve_again(live, max_stored_per_client_bytes=1_000_000) == 429


def test_what_takes_long_to_count_is_counted_less_often() -> None:
    now = 0.0
    counted = 0

    async def count() -> int:
        nonlocal now, counted
        now += 2
        counted += 1
        return counted

    async def read() -> None:
        nonlocal now
        number = Lately(count, 5.0, lambda: now)
        assert await number.read_number() == 1
        now += 39
        assert await number.read_number() == 1
        now += 2
        assert await number.read_number() == 2

    asyncio.run(read())
