"""Batches with keys and with webhooks: each is its owner's, and its end is told."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.tables import webhooks
from janitor.webhooks.batches import tell_batches
from tests.api.conftest import Serve
from tests.api.keyed import Holder, holder
from tests.api.live import PNG, Live
from tests.api.test_batches import TARGET, TEXT, files, make, send, show

URL = "https://example.com/hooks/imagemill"


def make_with_key(mine: Holder) -> Any:
    return mine.http.post("/v1/batches", files=files(("a.png", PNG)), data=TARGET).json()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "?wait=5"),
        ("GET", "/events"),
        ("GET", "/result"),
        ("GET", "/result?partial=1"),
        ("DELETE", ""),
    ],
)
def test_a_batch_exists_for_its_owner_alone(serve: Serve, method: str, path: str) -> None:
    live = serve(auth="keys")
    with holder(live, "ana") as ana, holder(live, "ben") as ben:
        address = f"/v1/batches/{make_with_key(ana)['id']}{path}"
        answer = ben.http.request(method, address)
        assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")
        nobody = live.http.request(method, address)
        assert (nobody.status_code, nobody.json()["code"]) == (401, "key_required")
        assert show_with_key(ana, address)["counts"]["queued"] == 1


def show_with_key(mine: Holder, address: str) -> Any:
    return mine.http.get(address[: len("/v1/batches/") + 36]).json()


def test_nobody_joins_the_batch_of_another(serve: Serve) -> None:
    live = serve(auth="keys")
    with holder(live, "ana") as ana, holder(live, "ben") as ben:
        batch = make_with_key(ana)
        form = {**TARGET, "batch": batch["id"]}
        answer = ben.http.post("/v1/jobs", files=files(("a.png", PNG)), data=form)
        assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")
        assert ana.http.post("/v1/jobs", files=files(("a.png", PNG)), data=form).status_code == 202
        assert ben.http.get(f"/v1/jobs/{batch['jobs'][0]['id']}").status_code == 404
        assert ana.http.get(f"/v1/jobs/{batch['jobs'][0]['id']}").status_code == 200


def test_a_batch_without_a_key_is_401(serve: Serve) -> None:
    answer = send(serve(auth="keys"), ("a.png", PNG))
    assert (answer.status_code, answer.json()["code"]) == (401, "key_required")


def messages(live: Live) -> list[Any]:
    with live.engine.begin() as connection:
        return list(connection.execute(select(webhooks.c.type, webhooks.c.body).order_by(webhooks.c.created_at)).all())


def test_the_end_of_a_batch_is_told_with_the_whole_batch(serve: Serve) -> None:
    live = serve(webhooks="on")
    batch = make(live, ("a.png", PNG), TEXT, webhook_url=URL)
    assert batch["webhook"] == {"url": URL, "state": "waiting", "error": None}
    assert tell_batches(live.engine) == 0
    job_id = UUID(batch["jobs"][0]["id"])
    live.claim(job_id)
    live.fail(job_id)
    shown = show(live, batch["id"])
    assert tell_batches(live.engine) == 1
    ((kind, body),) = messages(live)
    assert (kind, body["type"], body["data"]) == ("batch.over", "batch.over", shown)
    assert show(live, batch["id"])["webhook"]["state"] == "pending"


def test_a_batch_of_refused_files_is_told_at_once(serve: Serve) -> None:
    live = serve(webhooks="on")
    make(live, TEXT, webhook_url=URL)
    assert tell_batches(live.engine) == 1


def test_an_empty_batch_may_have_a_webhook(serve: Serve) -> None:
    live = serve(webhooks="on")
    answer = live.http.post("/v1/batches", files={"webhook_url": (None, URL)})
    assert (answer.status_code, answer.json()["webhook"]["url"]) == (202, URL)
    assert tell_batches(live.engine) == 0


@pytest.mark.parametrize(("given", "mode"), [(URL, "off"), ("http://10.0.0.1/", "on")])
def test_a_webhook_that_cannot_be_refuses_the_batch(serve: Serve, given: str, mode: str) -> None:
    live = serve(webhooks=mode)
    answer = send(live, ("a.png", PNG), webhook_url=given)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_option")
    assert answer.json()["errors"][0]["field"] == "webhook_url"
    assert live.counts()[0] == 0
