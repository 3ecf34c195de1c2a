"""Keys: who comes in, what each sees, and what is open to all."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.routing import BaseRoute, Mount

from api.callers import KEY_COOKIE
from api.database import Database
from api.errors import DatabaseAway
from api.gate import OPEN_ROUTES
from api.key_records import ValidKey, revoke_key
from api.key_ring import FRESH_SECONDS, KeyRing
from conformance.names import cache_key
from core.database import make_engine
from tests.api.conftest import Serve
from tests.api.keyed import Holder, holder, new_key
from tests.api.live import PNG, Live

STATIC = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjR+/g=="


@pytest.fixture
def keyed(serve: Serve) -> Live:
    return serve(auth="keys", keys=f"shop={STATIC}")


@pytest.fixture
def two(keyed: Live) -> Iterator[tuple[Holder, Holder]]:
    with ExitStack() as stack:
        yield stack.enter_context(holder(keyed, "ana")), stack.enter_context(holder(keyed, "ben"))


def authorized(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_each_wrong_key_is_told_what_is_wrong(keyed: Live, engine: Engine) -> None:
    _, key = new_key(engine)
    gone_id, gone = new_key(engine)
    with engine.begin() as connection:
        assert revoke_key(connection, gone_id)
    required = "A key is required. Programs send it in the header 'Authorization: Bearer <key>'"
    unknown = "This key is not valid: it is unknown or revoked, or was not copied whole."
    no_bearer = "The header Authorization is not of the form 'Bearer <key>'."
    other = key[:-1] + ("A" if key[-1] != "A" else "B")
    rows: list[tuple[str, Any, str, str]] = [
        ("nothing", {}, "key_required", required),
        ("another header", {"X-Api-Key": key}, "key_required", required),
        ("an empty cookie", {"Cookie": f"{KEY_COOKIE}="}, "key_required", required),
        ("Basic", {"Authorization": "Basic dXNlcjpwYXNz"}, "key_invalid", no_bearer),
        ("Bearer alone", {"Authorization": "Bearer"}, "key_required", required),
        ("an empty header", {"Authorization": ""}, "key_required", required),
        ("without Bearer", {"Authorization": key}, "key_invalid", no_bearer),
        ("unknown", authorized(other), "key_invalid", unknown),
        ("revoked", authorized(gone), "key_invalid", unknown),
        ("cut", authorized(key[:-5]), "key_invalid", unknown),
        ("longer", authorized(key + "A"), "key_invalid", unknown),
        ("in capitals", authorized(key.upper()), "key_invalid", unknown),
        ("the id alone", authorized(key.split("_")[1]), "key_invalid", unknown),
        ("in quotes", authorized(f'"{key}"'), "key_invalid", unknown),
        ("very long", authorized("im_" + "a" * 6000), "key_invalid", unknown),
        ("two headers", [("Authorization", f"Bearer {key}")] * 2, "key_invalid", "There are several Authorization"),
        ("a wrong cookie", {"Cookie": f"{KEY_COOKIE}={other}"}, "key_invalid", unknown),
        (
            "a wrong header beside a right cookie",
            {**authorized(other), "Cookie": f"{KEY_COOKIE}={key}"},
            "key_invalid",
            unknown,
        ),
    ]
    for name, headers, code, sentence in rows:
        answer = keyed.http.get(f"/v1/jobs/{uuid4()}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code), name
        assert answer.json()["detail"].startswith(sentence), name
        challenge = 'Bearer realm="imagemill"' + (', error="invalid_token"' if code == "key_invalid" else "")
        assert answer.headers["www-authenticate"] == challenge, name
        assert key not in answer.text


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   "])
def test_a_right_key_is_let_in(keyed: Live, engine: Engine, scheme: str) -> None:
    _, key = new_key(engine)
    answer = keyed.http.get("/v1/jobs", headers={"Authorization": f"{scheme}{key}"})
    assert answer.status_code == 200


def test_a_key_of_the_settings_is_let_in(keyed: Live) -> None:
    assert keyed.http.get("/v1/jobs", headers=authorized(STATIC)).status_code == 200
    assert keyed.http.get("/v1/jobs", headers=authorized(STATIC[:-2])).status_code == 401


def test_a_cookie_is_enough_beside_the_password_of_a_proxy(keyed: Live, engine: Engine) -> None:
    _, key = new_key(engine)
    headers = {"Authorization": "Basic dXNlcjpwYXNz", "Cookie": f"{KEY_COOKIE}={key}"}
    assert keyed.http.get("/v1/jobs", headers=headers).status_code == 200


def test_a_refused_upload_is_taken_in_and_leaves_nothing(keyed: Live) -> None:
    for _ in range(2):
        answer = keyed.post(PNG + bytes(20_000_000))
        assert (answer.status_code, answer.json()["code"]) == (401, "key_required")
    assert keyed.counts() == (0, 0, 0)


def test_a_key_sees_its_own_jobs_alone(keyed: Live, two: tuple[Holder, Holder]) -> None:
    ana, ben = two
    job = ana.submit()
    assert keyed.record(job).owner == f"key:{ana.id}"
    calls = [
        ("GET", f"/v1/jobs/{job}"), ("GET", f"/v1/jobs/{job}?wait=1"), ("GET", f"/v1/jobs/{job}/events"),
        ("GET", f"/v1/jobs/{job}/result"), ("HEAD", f"/v1/jobs/{job}/result"), ("DELETE", f"/v1/jobs/{job}"),
        ("GET", f"/jobs/{job}"), ("POST", f"/jobs/{job}/delete"),
    ]  # fmt: skip
    ben.http.headers["X-Request-Id"] = "the-same"
    unknown = ben.http.get(f"/v1/jobs/{uuid4()}").json()
    for method, path in calls:
        answer = ben.http.request(method, path)
        assert answer.status_code == 404, (method, path)
        if path.startswith("/v1") and method != "HEAD":
            assert answer.json() == unknown
    assert ana.http.get(f"/v1/jobs/{job}").json()["status"] == "queued"
    assert ana.http.delete(f"/v1/jobs/{job}").status_code == 204
    # The process that knows the owner from memory asks nobody; a new look at the cache says the same.
    keyed.app.state.services.owners._owners.clear()
    assert ben.http.get(f"/v1/jobs/{job}").status_code == 404
    assert ana.http.get(f"/v1/jobs/{job}").status_code == 200


def test_a_cached_state_without_an_owner_is_looked_up(keyed: Live, two: tuple[Holder, Holder]) -> None:
    ana, ben = two
    job = ana.submit()
    keyed.app.state.services.owners._owners.clear()
    body = str(keyed.redis.get(cache_key(job)))
    keyed.redis.set(cache_key(job), re.sub(r'"owner":"[^"]*",', "", body))
    assert ben.http.get(f"/v1/jobs/{job}").status_code == 404
    assert ana.http.get(f"/v1/jobs/{job}").status_code == 200


def test_a_cookie_alone_does_nothing_for_another_site(keyed: Live, engine: Engine) -> None:
    _, key = new_key(engine)
    cookie = {"Cookie": f"{KEY_COOKIE}={key}"}
    files = {"file": ("a.png", PNG)}
    for site in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}):
        for method, path in (("POST", "/v1/jobs"), ("DELETE", f"/v1/jobs/{uuid4()}"), ("POST", "/v1/convert")):
            body: Mapping[str, Any] = {"files": files} if method == "POST" else {}
            answer = keyed.http.request(method, path, headers={**cookie, **site}, **body)
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site"), (method, path, site)
    assert (
        keyed.http.delete(f"/v1/jobs/{uuid4()}", headers={**cookie, "Sec-Fetch-Site": "same-origin"}).status_code == 404
    )
    # A page that knows the key and sends it itself needs no cookie.
    foreign = {**authorized(key), "Origin": "https://shop.example"}
    assert keyed.http.delete(f"/v1/jobs/{uuid4()}", headers=foreign).status_code == 404
    assert keyed.counts() == (0, 0, 0)


def leaves(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    """All routes, those of included routers too."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from leaves(inner.routes)


def paths_of(app: FastAPI) -> list[tuple[str, str]]:
    found = []
    for route in leaves(app.routes):
        path: str = getattr(route, "path", "")
        found += [(method, path) for method in sorted(getattr(route, "methods", None) or {"GET"})]
    return found


def test_every_route_asks_for_a_key_but_those_of_the_table(keyed: Live) -> None:
    routes = paths_of(keyed.app)
    assert len(routes) > 12
    closed = []
    for method, template in routes:
        path = re.sub(r"\{\w+(:\w+)?\}", str(uuid4()), template)
        answer = httpx.request(method, keyed.url + path, timeout=60)
        if template in OPEN_ROUTES:
            # The page of the key itself says that none was entered.
            assert answer.status_code != 401 or template == "/key", (method, template)
        else:
            assert answer.status_code == 401, (method, template)
            closed.append(template)
    assert {"/v1/jobs", "/v1/jobs/{job_id}", "/jobs/{job_id}", "/v1/convert"} <= set(closed)


def test_no_mounted_application_is_left_out(keyed: Live) -> None:
    # The dependency that asks for a key is not run for what is mounted.
    mounted = {route.path for route in leaves(keyed.app.routes) if isinstance(route, Mount)}
    assert mounted <= OPEN_ROUTES.keys()


def test_without_keys_nothing_is_asked(shared: Live) -> None:
    job = shared.submit()
    assert shared.http.get(f"/v1/jobs/{job}", headers=authorized("whatever")).status_code == 200
    assert shared.http.get("/key").status_code == 404
    assert shared.http.get("/v1/jobs").status_code == 404
    assert shared.http.get("/readyz").json()["auth"] == "none"


def test_readiness_says_that_keys_are_asked_for(keyed: Live) -> None:
    assert keyed.http.get("/readyz").json()["auth"] == "keys"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Counting(Database):
    """A way to the database that counts how often it is taken."""

    asked = 0

    async def run(self, *args: Any, **kwargs: Any) -> Any:
        self.asked += 1
        return await super().run(*args, **kwargs)


def test_a_key_is_looked_up_every_few_seconds(engine: Engine) -> None:
    database, clock = Counting(engine, threads=2), Clock()
    ring = KeyRing(database, {}, clock=clock)
    key_id, key = new_key(engine, "ana")

    async def look_up() -> None:
        assert [await ring.find(key) for _ in range(3)] == [ValidKey(key_id, "ana")] * 3
        assert database.asked == 1
        with engine.begin() as connection:
            revoke_key(connection, key_id)
        clock.now += FRESH_SECONDS - 0.1
        assert await ring.find(key) is not None
        clock.now += 0.2
        assert [await ring.find(key), await ring.find(key), await ring.find("im_no-key")] == [None] * 3
        assert database.asked == 2

    asyncio.run(look_up())


def test_known_keys_go_on_while_the_database_is_away(engine: Engine) -> None:
    clock, away = Clock(), make_engine("postgresql://nobody@127.0.0.1:1/nothing", pool=1)
    ring = KeyRing(Database(engine, threads=2), {"shop": STATIC}, clock=clock)
    (_, known), (_, unknown) = new_key(engine), new_key(engine)

    async def look_up() -> None:
        assert await ring.find(known) is not None
        ring._database = Database(away, threads=2)
        clock.now += 60
        assert await ring.find(known) is not None
        assert await ring.find(STATIC) is not None
        with pytest.raises(DatabaseAway):
            await ring.find(unknown)

    asyncio.run(look_up())
    away.dispose()
