"""Batches with keys and with webhooks: each is its owner's, and its end is told."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from api.app import create_app
from api.settings import ApiSettings
from core.tables import webhooks as webhook_table
from janitor.webhooks.batches import tell_batches
from tests.api.conftest import Serve
from tests.api.keyed import Holder, holder
from tests.api.live import PNG, Live
from tests.api.test_batches import TARGET, TEXT, files, make, send, show

URL = "https://example.com/hooks/imagemill"


def make_with_key(mine: Holder) -> Any:
    return mine.http.post("/v1/batches", files=files(("a.png", PNG)), data=TARGET).json()


def calls_on(thing: str) -> list[tuple[str, str]]:
    """Every call of the document whose address names one such thing, with what stands behind the id."""
    start = f"/v1/{thing}/{{"
    paths: dict[str, dict[str, Any]] = openapi_document()["paths"]
    found = [
        (method.upper(), path[len(start) :].partition("}")[2])
        for path, operations in paths.items()
        if path.startswith(start)
        for method in operations
        if method in {"get", "post", "put", "patch", "delete"}
    ]
    return [*found, ("GET", "?wait=5")]


def openapi_document() -> Any:
    return create_app(ApiSettings(database_url="postgresql://localhost/none")).openapi()


@pytest.mark.parametrize(("method", "path"), [*calls_on("batches"), ("GET", "/result?partial=1")])
@pytest.mark.parametrize("webhooks", ["on", "off"])
def test_a_batch_exists_for_its_owner_alone(serve: Serve, method: str, path: str, webhooks: str) -> None:
    live = serve(auth="keys", webhooks=webhooks)
    with holder(live, "ana") as ana, holder(live, "ben") as ben:
        address = f"/v1/batches/{make_with_key(ana)['id']}{path}"
        answer = ben.http.request(method, address)
        assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")
        nobody = live.http.request(method, address)
        assert (nobody.status_code, nobody.json()["code"]) == (401, "key_required")
        assert show_with_key(ana, address)["counts"]["queued"] == 1


def show_with_key(mine: Holder, address: str) -> Any:
    return mine.http.get(address[: len("/v1/batches/") + 36]).json()


@pytest.mark.parametrize(("method", "path"), calls_on("jobs"))
@pytest.mark.parametrize("webhooks", ["on", "off"])
def test_a_job_exists_for_its_owner_alone(serve: Serve, method: str, path: str, webhooks: str) -> None:
    live = serve(auth="keys", webhooks=webhooks)
    with holder(live, "ana") as ana, holder(live, "ben") as ben:
        job = f"/v1/jobs/{ana.submit()}"
        answer = ben.http.request(method, job + path)
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
        assert ana.http.get(job).json()["status"] == "queued"


def test_nobody_sends_the_message_of_another_again(serve: Serve) -> None:
    live = serve(auth="keys", webhooks="on")
    with holder(live, "ana") as ana, holder(live, "ben") as ben:
        form = {**TARGET, "webhook_url": URL}
        address = f"/v1/batches/{ana.http.post('/v1/batches', files=files(TEXT), data=form).json()['id']}"
        assert tell_batches(live.engine) == 1
        answer = ben.http.post(f"{address}/webhook")
        assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")
        assert ana.http.post(f"{address}/webhook").status_code == 202


@pytest.mark.parametrize(("kind", "code"), [("batches", "batch_not_found"), ("jobs", "job_not_found")])
def test_what_is_unknown_is_said_before_webhooks_are_off(live: Live, kind: str, code: str) -> None:
    answer = live.http.post(f"/v1/{kind}/{uuid4()}/webhook")
    assert (answer.status_code, answer.json()["code"]) == (404, code)


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
        return list(
            connection.execute(
                select(webhook_table.c.type, webhook_table.c.body).order_by(webhook_table.c.created_at)
            ).all()
        )


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
