"""Webhooks as a caller meets them: the field, what is refused and with which words, and a message sent again."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from core.tables import webhooks
from core.transitions import Status
from janitor.webhooks.batches import tell_batches
from tests.api.conftest import Serve
from tests.api.live import PNG, Live

URL = "https://example.com/hooks/imagemill?key=1"
ON = {"webhooks": "on"}

WRONG = {
    "http://example.com/": "webhook_url must begin with https://: plain http is not allowed here.",
    "ftp://example.com/": "webhook_url must be a URL like https://example.com/hooks/imagemill.",
    "example.com": "webhook_url must be a URL like https://example.com/hooks/imagemill.",
    "https://user:pass@example.com/": "webhook_url has a user or password in it. The signature proves who sends it; leave them out.",
    "https://example.com/#top": "webhook_url has a part after #, which is never sent. Leave it out.",
    "https://example.com:25/": "webhook_url has the port 25; allowed are 443 and 1024 to 65535.",
    "https://localhost/": "webhook_url has the name of an inner host. Webhooks go to the public internet only.",
    "https://10.0.0.1/": "webhook_url leads to an address that is not of the public internet (private).",
    "https://0x7f.1/": "webhook_url has an address that is not written as usual. Write IPv4 as four decimal numbers, IPv6 in brackets.",
    "https://[fe80::1%25eth0]/": "webhook_url has an IPv6 address with a zone, which means nothing elsewhere.",
    "https://exa mple.com/": "webhook_url must be ASCII without blanks and backslashes. Write other letters of the path with "
    "percent signs, and an international name in its xn-- form.",
    "https://example.com/" + "a" * 1990: "webhook_url has 2,010 characters; at most 2,000 are taken.",
    "https://example.com:x/": "webhook_url has a host or port that cannot be read.",
    "https://a..b/": "webhook_url has a host that is neither a name nor an address.",
}  # fmt: skip


@pytest.mark.parametrize("url", WRONG)
def test_a_url_that_cannot_be_is_refused_when_it_is_given(serve: Serve, url: str) -> None:
    live = serve(**ON)
    answer = live.post(webhook_url=url)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_option")
    assert answer.json()["errors"] == [{"field": "webhook_url", "detail": WRONG[url]}]
    assert live.counts() == (0, 0, 0)


def test_without_the_setting_the_field_is_refused_and_the_setting_named(live: Live) -> None:
    answer = live.post(webhook_url=URL)
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "webhook_url is not taken: webhooks are switched off here. Whoever runs this service can set IMAGEMILL_WEBHOOKS=on."
    )
    assert live.post(webhook_url="  ").status_code == 202, "an empty field is none"


def test_a_job_shows_its_webhook_from_the_beginning_to_the_end(serve: Serve) -> None:
    live = serve(**ON)
    job_id = live.submit(webhook_url=f" {URL} ")
    assert live.get(job_id)["webhook"] == {"url": URL, "state": "waiting", "error": None}
    live.claim(job_id)
    live.succeed(job_id)
    assert live.get(job_id)["webhook"] == {"url": URL, "state": "pending", "error": None}
    with live.engine.begin() as connection:
        row = connection.execute(select(webhooks)).one()
    assert row.body["data"] == live.get(job_id)
    assert live.get(live.submit())["webhook"] is None


def test_the_forms_of_convert_and_of_the_page_take_it_too(serve: Serve) -> None:
    live = serve(**ON)
    for path in ("/v1/convert?wait=0", "/jobs"):
        assert live.post(PNG, "a.png", path, webhook_url=URL).status_code in {202, 303}, path
    with live.engine.begin() as connection:
        assert set(connection.execute(text("SELECT webhook_url FROM jobs")).scalars()) == {URL}


def test_a_cancel_by_the_api_is_told(serve: Serve) -> None:
    live = serve(**ON)
    job_id = live.submit(webhook_url=URL)
    assert live.http.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert live.http.delete(f"/v1/jobs/{job_id}").status_code == 204
    with live.engine.begin() as connection:
        assert connection.execute(select(webhooks.c.type)).scalars().all() == ["job.canceled"]


def test_a_message_is_sent_again_when_it_is_asked_for(serve: Serve) -> None:
    live = serve(**ON)
    job_id = live.submit(webhook_url=URL)
    live.http.delete(f"/v1/jobs/{job_id}")
    ended = "state = 'dead', attempts = 30, error = 'x', created_at = now() - interval '2 days', ended_at = now()"
    with live.engine.begin() as connection:
        connection.execute(text(f"UPDATE webhooks SET {ended}"))
        connection.execute(text("UPDATE jobs SET webhook_state = 'dead', webhook_error = 'x', rev = rev + 1"))
    before = live.record(job_id)
    answer = live.http.post(f"/v1/jobs/{job_id}/webhook")
    assert answer.status_code == 202
    assert answer.json()["webhook"] == {"url": URL, "state": "pending", "error": None}
    assert live.get(job_id)["webhook"]["state"] == "pending", "not from an old cache"
    assert live.record(job_id).rev == before.rev + 1
    with live.engine.begin() as connection:
        row = connection.execute(select(webhooks)).one()
        fresh = connection.execute(
            text("SELECT due_at <= now() AND created_at > now() - interval '1 hour' FROM webhooks")
        )
        assert fresh.scalar_one()
    assert (row.state, row.attempts, row.error, row.ended_at) == ("pending", 0, None, None)
    assert live.http.post(f"/v1/jobs/{job_id}/webhook").status_code == 202, "again does no harm"


def again(live: Live, job_id: UUID | str) -> tuple[int, str, str]:
    answer = live.http.post(f"/v1/jobs/{job_id}/webhook")
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


def test_what_cannot_be_sent_again(serve: Serve) -> None:
    live = serve(**ON)
    waiting = live.submit(webhook_url=URL)
    assert again(live, waiting) == (409, "no_webhook", "Not over yet, but queued: the webhook is sent at the end.")
    live.claim(waiting)
    assert again(live, waiting)[2] == "Not over yet, but processing: the webhook is sent at the end."
    bare = live.in_status(Status.CANCELED)
    assert again(live, bare)[1:] == (
        "no_webhook", "There is no webhook. Give the field webhook_url when you send the image or the batch.",
    )  # fmt: skip
    for unknown in (uuid4(), "not-an-id", "0"):
        assert again(live, unknown)[:2] == (404, "job_not_found")
    assert live.http.get(f"/v1/jobs/{bare}/webhook").status_code == 405
    off = serve()
    assert again(off, waiting)[1:] == (
        "no_webhook", "Webhooks are switched off here. Whoever runs this service can set IMAGEMILL_WEBHOOKS=on.",
    )  # fmt: skip


def test_hosts_that_are_allowed_by_setting_are_taken(serve: Serve) -> None:
    live = serve(**ON, webhook_allow="10.1.0.0/16, receiver, ::1", webhook_http=True)
    for url in ("https://10.1.2.3/", "http://receiver:8080/", "https://[::1]:8443/", "http://example.com/"):
        assert live.post(webhook_url=url).status_code == 202, url
    for url in ("https://10.2.0.1/", "https://receiver2/", "http://example.com:22/"):
        assert live.post(webhook_url=url).status_code == 422, url


def test_a_batch_is_told_and_told_again(serve: Serve) -> None:
    live = serve(**ON)
    batch = live.http.post(
        "/v1/batches", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg", "webhook_url": URL}
    )
    path = f"/v1/batches/{batch.json()['id']}"
    assert (
        live.http.post(f"{path}/webhook").json()["detail"] == "Not over yet, but open: the webhook is sent at the end."
    )
    live.http.delete(f"/v1/jobs/{batch.json()['jobs'][0]['id']}")
    assert tell_batches(live.engine) == 1
    with live.engine.begin() as connection:
        row = connection.execute(select(webhooks)).one()
        assert (row.type, row.body["data"]["status"], row.body["data"]["counts"]["canceled"]) == (
            "batch.over",
            "over",
            1,
        )
        connection.execute(text("UPDATE webhooks SET state = 'dead', ended_at = now()"))
        connection.execute(text("UPDATE batches SET webhook_state = 'dead', webhook_error = 'x'"))
    again_ = live.http.post(f"{path}/webhook")
    assert (again_.status_code, again_.json()["webhook"]) == (202, {"url": URL, "state": "pending", "error": None})
    assert live.http.get(path).json()["webhook"]["state"] == "pending"
    with live.engine.begin() as connection:
        assert connection.execute(select(webhooks.c.state)).scalar_one() == "pending"
    bare = live.http.post("/v1/batches", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"}).json()["id"]
    assert live.http.post(f"/v1/batches/{bare}/webhook").json()["code"] == "no_webhook"
    assert live.http.post(f"/v1/batches/{uuid4()}/webhook").status_code == 404
