"""The name of a deleted upload goes with it: from the record, from answers, caches and lists, and from kept messages."""

import io
import json
import zipfile
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text

from conformance.names import cache_key
from core.names import ERASED_NAME
from core.publisher import Publisher
from core.record import advance
from core.tables import jobs
from core.transitions import EXPIRE, Status
from janitor.expiry import expire_jobs
from janitor.names import forget_left_names
from janitor.settings import JanitorSettings
from janitor.webhooks.batches import tell_batches
from tests.api.conftest import Serve
from tests.api.keyed import holder
from tests.api.live import PNG, Live

NAME = "secret-wedding"
HOOK = "https://hooks.example.com/x"


def everything_kept(engine: Engine) -> str:
    """All that the database holds besides the bytes of images, as text."""
    tables = ("jobs", "batches", "webhooks", "idempotency", "batch_ends")
    with engine.begin() as connection:
        # A row as a whole is shown shortened.
        return "\n".join(row for table in tables for row in connection.scalars(text(f"SELECT t::text FROM {table} t")))


def ended(live: Live, status: Status, **fields: str) -> UUID:
    """A job of an image with that name, in that status."""
    job_id = UUID(live.post(PNG, f"{NAME}.png", **fields).json()["id"])
    if status is not Status.QUEUED:
        live.claim(job_id)
    if status is Status.SUCCEEDED:
        live.succeed(job_id, f"{NAME}.jpg")
    if status is Status.FAILED:
        live.fail(job_id)
    return job_id


@pytest.mark.parametrize("status", [Status.QUEUED, Status.PROCESSING, Status.SUCCEEDED, Status.FAILED])
def test_a_deleted_job_has_no_name_anywhere(serve: Serve, engine: Engine, status: Status) -> None:
    live = serve(webhooks="on")
    job_id = ended(live, status, webhook_url=HOOK)
    assert NAME in everything_kept(engine)
    assert NAME in live.http.get(f"/jobs/{job_id}").text
    assert live.http.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert NAME not in everything_kept(engine)
    assert live.get(job_id)["filename"] == ERASED_NAME
    assert NAME not in str(live.redis.get(cache_key(job_id)))
    page = live.http.get(f"/jobs/{job_id}").text
    assert NAME not in page
    assert "Deleted image" in page


def test_the_janitor_takes_the_name_with_the_result(live: Live, engine: Engine) -> None:
    job_id = ended(live, Status.SUCCEEDED)
    with engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET expires_at = now() - interval '1 second'"))
    assert expire_jobs(engine, Publisher(live.redis, cache=True), JanitorSettings()) == 1
    assert NAME not in everything_kept(engine)
    assert live.get(job_id)["filename"] == ERASED_NAME
    assert NAME not in str(live.redis.get(cache_key(job_id)))


def test_a_deleted_batch_keeps_no_name_of_refused_files_either(serve: Serve, engine: Engine) -> None:
    live = serve(webhooks="on")
    files = [("file", (f"{NAME}.png", PNG)), ("file", (f"{NAME}.txt", b"text"))]
    batch = live.http.post("/v1/batches", files=files, data={"target_format": "jpeg", "webhook_url": HOOK}).json()
    job_id = UUID(batch["jobs"][0]["id"])
    live.claim(job_id)
    live.succeed(job_id, f"{NAME}.jpg")
    assert tell_batches(engine) == 1
    assert live.http.delete(f"/v1/batches/{batch['id']}").status_code == 204
    assert NAME not in everything_kept(engine)
    shown = live.http.get(f"/v1/batches/{batch['id']}").json()
    assert [entry["filename"] for entry in shown["jobs"]] == [ERASED_NAME, ERASED_NAME]
    assert NAME not in live.http.get(f"/batches/{batch['id']}").text


def test_a_message_about_a_batch_keeps_the_names_of_the_other_images(serve: Serve, engine: Engine) -> None:
    live = serve(webhooks="on")
    files = [("file", (f"{NAME}.png", PNG)), ("file", ("other.png", PNG))]
    batch = live.http.post("/v1/batches", files=files, data={"target_format": "jpeg", "webhook_url": HOOK}).json()
    for job in batch["jobs"]:
        live.claim(UUID(job["id"]))
        live.succeed(UUID(job["id"]), job["filename"].replace("png", "jpg"))
    assert tell_batches(engine) == 1
    assert live.http.delete(f"/v1/jobs/{batch['jobs'][0]['id']}").status_code == 204
    with engine.begin() as connection:
        body = connection.execute(text("SELECT body FROM webhooks")).scalar_one()
    assert [job["filename"] for job in body["data"]["jobs"]] == [ERASED_NAME, "other.png"]
    assert [job["result"]["filename"] for job in body["data"]["jobs"]] == [ERASED_NAME, "other.jpg"]


def test_list_and_manifest_have_no_name_of_it(serve: Serve, engine: Engine) -> None:
    live = serve(auth="keys")
    with holder(live, "ana") as ana:
        files = [("file", (f"{NAME}.png", PNG)), ("file", ("other.png", PNG))]
        batch = ana.http.post("/v1/batches", files=files, data={"target_format": "jpeg"}).json()
        for job in batch["jobs"]:
            live.claim(UUID(job["id"]))
            live.succeed(UUID(job["id"]), job["filename"].replace("png", "jpg"))
        with engine.begin() as connection:
            advance(connection, EXPIRE, UUID(batch["jobs"][0]["id"]))
        listed = ana.http.get("/v1/jobs").json()["jobs"]
        assert sorted(job["filename"] for job in listed) == [ERASED_NAME, "other.png"]
        archive = zipfile.ZipFile(io.BytesIO(ana.http.get(f"/v1/batches/{batch['id']}/result").content))
        manifest = json.loads(archive.read("manifest.json"))
        assert [entry["filename"] for entry in manifest["files"]] == [ERASED_NAME, "other.png"]
        assert archive.namelist().count("other.jpg") == 1


def test_what_a_failed_job_keeps_is_its_name(live: Live, engine: Engine) -> None:
    job_id = ended(live, Status.FAILED)
    with engine.begin() as connection:
        assert connection.execute(select(func.count()).where(jobs.c.filename == f"{NAME}.png")).scalar_one() == 1
    assert live.get(job_id)["filename"] == f"{NAME}.png"


def test_the_name_of_a_refused_file_goes_when_a_result_of_its_time_would(serve: Serve, engine: Engine) -> None:
    live = serve(webhooks="on")
    files = [("file", (f"{NAME}.txt", b"text")), ("file", (f"{NAME}.pdf", b"text"))]
    batch = live.http.post("/v1/batches", files=files, data={"target_format": "jpeg", "webhook_url": HOOK}).json()
    assert tell_batches(engine) == 1
    assert forget_left_names(engine, retention_hours=1) == 0
    assert NAME in everything_kept(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE batches SET changed_at = now() - interval '2 hours'"))
    assert forget_left_names(engine, retention_hours=1) == 1
    assert NAME not in everything_kept(engine)
    assert live.http.get(f"/v1/batches/{batch['id']}").json()["jobs"][0]["filename"] == ERASED_NAME
    assert forget_left_names(engine, retention_hours=1) == 0


@pytest.mark.parametrize("is_batch", [False, True])
def test_a_message_that_is_being_sent_loses_the_name_afterwards(
    serve: Serve, engine: Engine, *, is_batch: bool
) -> None:
    live = serve(webhooks="on")
    if is_batch:
        files = [("file", (f"{NAME}.png", PNG))]
        form = {"target_format": "jpeg", "webhook_url": HOOK}
        job_id = UUID(live.http.post("/v1/batches", files=files, data=form).json()["jobs"][0]["id"])
        live.claim(job_id)
        live.succeed(job_id, f"{NAME}.jpg")
        assert tell_batches(engine) == 1
    else:
        job_id = ended(live, Status.SUCCEEDED, webhook_url=HOOK)
    with engine.begin() as sender:
        sender.execute(text("SELECT id FROM webhooks FOR UPDATE"))
        assert live.http.delete(f"/v1/jobs/{job_id}").status_code == 204
        assert NAME in everything_kept(engine)
    assert forget_left_names(engine, retention_hours=24) == 1
    assert NAME not in everything_kept(engine)
