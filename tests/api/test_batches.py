"""Many files in one form: how a batch is taken, shown, joined and deleted."""

import threading
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Engine, func, select

from conformance.names import CANCELED, STREAM
from conformance.service import PATIENCE, wait_for
from core.batches import MOST_ENTRIES
from core.names import ERASED_NAME
from core.tables import batches, jobs, uploads
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, PNG, Live, metric, picture

TARGET = {"target_format": "jpeg"}
TEXT = ("notes.txt", b"just a text")


def files(*named: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("file", file) for file in named]


def send(live: Live, *named: tuple[str, bytes], **fields: str) -> httpx.Response:
    return live.http.post("/v1/batches", files=files(*named) or None, data={**TARGET, **fields})


def make(live: Live, *named: tuple[str, bytes], **fields: str) -> Any:
    answer = send(live, *named, **fields)
    assert answer.status_code == 202, answer.text
    return answer.json()


def make_empty(live: Live) -> str:
    answer = live.http.post("/v1/batches")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def show(live: Live, batch_id: str, **query: Any) -> Any:
    answer = live.http.get(f"/v1/batches/{batch_id}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(engine: Engine, table: Any) -> int:
    with engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_all_files_become_jobs_in_the_order_of_the_upload(live: Live, engine: Engine) -> None:
    before = metric("imagemill_jobs_submitted_total")
    names = ("c.png", "a.png", "b.gif")
    answer = send(live, *((name, picture(kind=name[-3:].upper())) for name in names), quality="80")
    batch = answer.json()
    assert answer.headers["location"] == f"/v1/batches/{batch['id']}" == batch["links"]["self"]
    assert answer.headers["retry-after"] == "1"
    assert (batch["status"], batch["webhook"]) == ("open", None)
    assert batch["counts"] == {**dict.fromkeys(("processing", "succeeded", "failed", "canceled", "expired"), 0),
                               "queued": 3, "refused": 0}  # fmt: skip
    assert tuple(job["filename"] for job in batch["jobs"]) == names
    assert [job["source"]["format"] for job in batch["jobs"]] == ["png", "png", "gif"]
    assert {str(job["options"]) for job in batch["jobs"]} == {"{'quality': 80}"}
    assert {job["batch"] for job in batch["jobs"]} == {batch["id"]}
    assert show(live, batch["id"]) == batch
    assert [live.get(UUID(job["id"])) for job in batch["jobs"]] == batch["jobs"]
    assert [values["job"] for _, values in live.redis.xrange(STREAM)] == [job["id"] for job in batch["jobs"]]
    assert metric("imagemill_jobs_submitted_total") == before + 3
    with engine.begin() as connection:
        stored = dict(connection.execute(select(uploads.c.job_id, uploads.c.data)).all())
    assert stored[UUID(batch["jobs"][2]["id"])] == picture(kind="GIF")


def test_refused_files_are_entries_and_the_others_go_on(serve: Serve) -> None:
    live = serve(max_upload_bytes=100_000)
    large = ("large.png", PNG + bytes(100_001 - len(PNG)))
    exact = ("exact.png", PNG + bytes(100_000 - len(PNG)))
    batch = make(live, TEXT, ("a.png", PNG), ("empty.png", b""), large, exact, ("../b.png", PNG))
    assert [(entry["filename"], entry["status"]) for entry in batch["jobs"]] == [
        ("notes.txt", "refused"), ("a.png", "queued"), ("empty.png", "refused"), ("large.png", "refused"),
        ("exact.png", "queued"), ("b.png", "queued"),
    ]  # fmt: skip
    problems = [entry["problem"] for entry in batch["jobs"] if entry["status"] == "refused"]
    assert [(problem["status"], problem["code"]) for problem in problems] == [
        (415, "unsupported_media_type"),
        (400, "empty_file"),
        (413, "too_large"),
    ]
    assert all(problem["detail"].endswith(".") for problem in problems)
    assert (batch["counts"]["queued"], batch["counts"]["refused"], batch["status"]) == (3, 3, "open")
    assert show(live, batch["id"]) == batch
    assert live.counts() == (3, 3, 0)
    stored = [job for job in batch["jobs"] if job["status"] == "queued"]
    assert [job["source"]["bytes"] for job in stored] == [len(PNG), 100_000, len(PNG)]


def test_a_batch_of_refused_files_is_over(shared: Live) -> None:
    batch = make(shared, TEXT, TEXT)
    assert (batch["status"], batch["counts"]["refused"]) == ("over", 2)
    assert show(shared, batch["id"], wait=60) == batch


def test_bytes_arrive_as_they_were_sent_however_large(serve: Serve, tmp_path: Path) -> None:
    live = serve(max_upload_bytes=3_000_000)
    sizes = (1, 70_000, 2_999_000, 3_000_500, 300_000, 1_500_000)
    sent = [(f"{size}.png", PNG + (str(size).encode() * size)[:size]) for size in sizes]
    batch = make(live, *sent)
    with live.engine.begin() as connection:
        stored = dict(connection.execute(select(uploads.c.job_id, uploads.c.data)).all())
    kept = {job["filename"]: bytes(stored[UUID(job["id"])]) for job in batch["jobs"] if job["status"] == "queued"}
    assert kept == {name: data for name, data in sent if len(data) <= 3_000_000}
    assert list(tmp_path.iterdir()) == []


def test_limits_hold_for_each_file(serve: Serve) -> None:
    live = serve(max_queued=3, rate_limit="100/hour")
    batch = make(live, *((f"{number}.png", PNG) for number in range(5)))
    assert [entry["status"] for entry in batch["jobs"]] == ["queued"] * 3 + ["refused"] * 2
    assert {entry["problem"]["code"] for entry in batch["jobs"][3:]} == {"queue_full"}
    answer = send(live, ("a.png", PNG))
    assert (answer.status_code, answer.json()["code"]) == (503, "queue_full")


@pytest.mark.parametrize("redis", [True, False])
def test_each_file_counts_against_the_rate(serve: Serve, redis: bool) -> None:
    given = {"rate_limit": "3/hour"}
    live = serve(**given) if redis else serve(**given, redis_url=NOWHERE)
    batch = make(live, TEXT, *((f"{number}.png", PNG) for number in range(4)))
    assert [entry["status"] for entry in batch["jobs"]] == ["refused", "queued", "queued", "queued", "refused"]
    assert batch["jobs"][4]["problem"]["code"] == "rate_limited"
    assert send(live, ("a.png", PNG)).status_code == 429


def test_a_file_refused_for_now_says_when_to_send_it_again(serve: Serve) -> None:
    live = serve(max_stored_per_client_bytes=len(PNG))
    sent: dict[str, Any] = {
        "files": files(("a.png", PNG), ("b.png", PNG), TEXT),
        "data": TARGET,
        "headers": {"Idempotency-Key": "1"},
    }
    first = live.http.post("/v1/batches", **sent)
    waits = [entry["problem"].get("retry_after") for entry in first.json()["jobs"][1:]]
    assert (waits, first.headers["retry-after"]) == ([60, None], "1"), "jobs of it are on their way"
    live.http.delete(f"/v1/batches/{first.json()['id']}")
    again = live.http.post("/v1/batches?wait=50", **sent)
    assert (again.status_code, again.headers["retry-after"]) == (201, "60")
    refused = [{**file, "filename": ERASED_NAME} for file in first.json()["jobs"][1:]]
    assert again.json()["jobs"][1:] == refused, "what was refused stays refused"


def test_each_file_counts_against_the_clients_waiting_jobs(serve: Serve) -> None:
    live = serve(max_waiting_per_client=3)
    live.submit()
    batch = make(live, *((f"{number}.png", PNG) for number in range(4)))
    assert [entry["status"] for entry in batch["jobs"]] == ["queued", "queued", "refused", "refused"]
    assert {entry["problem"]["code"] for entry in batch["jobs"][2:]} == {"too_many_waiting"}
    assert live.counts()[0] == 3


def test_each_file_counts_against_the_clients_bytes(serve: Serve) -> None:
    live = serve(max_stored_per_client_bytes=2 * len(PNG))
    batch = make(live, *((f"{number}.png", PNG) for number in range(4)))
    assert [entry["status"] for entry in batch["jobs"]] == ["queued", "queued", "refused", "refused"]
    assert {entry["problem"]["code"] for entry in batch["jobs"][2:]} == {"too_much_stored"}


BOUNDARY = "frontier"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'.encode()
ONE = files(("a.png", PNG))


@pytest.mark.parametrize(
    ("request_", "status", "code", "words"),
    [
        ({"content": b"garbage", "headers": MULTIPART}, 400, "malformed_request", "cannot be read"),
        ({"json": TARGET}, 400, "malformed_request", "multipart/form-data"),
        ({"data": TARGET}, 400, "malformed_request", "multipart/form-data"),
        ({"content": PNG, "headers": {"Content-Type": "image/png"}}, 400, "malformed_request", "multipart/form-data"),
        ({"content": PART + PNG, "headers": MULTIPART}, 400, "malformed_request", "ends before its closing boundary"),
        ({"content": PNG, "headers": {"Content-Type": "multipart/form-data"}}, 400, "malformed_request", "boundary"),
        ({"files": files(*[("a.png", PNG)] * 101), "data": TARGET}, 400, "several_files", "more than 100 files"),
        ({"files": [("files", ("a.png", PNG))], "data": TARGET}, 400, "missing_file", "named file"),
        ({"files": [*ONE, ("image", ("b.png", PNG))], "data": TARGET}, 400, "missing_file", "named file"),
        ({"files": [("file", ("", b""))], "data": TARGET}, 400, "missing_file", "named file"),
        ({"files": ONE, "data": {"target_format": ["jpeg", "png"]}}, 400, "malformed_request", "target_format"),
        ({"files": ONE, "data": {**TARGET, "quality": ["1", "2"]}}, 400, "malformed_request", "quality"),
        ({"files": ONE, "data": {**TARGET, "quality": "1" * 5000}}, 400, "malformed_request", "'quality' is too long"),
        ({"files": ONE, "data": {f"field{n}": "1" for n in range(50)}}, 400, "malformed_request", "40 fields"),
        ({"files": ONE}, 422, "unknown_target_format", "target_format is missing"),
        ({"files": ONE, "data": {"target_format": "docx"}}, 422, "unknown_target_format", "'docx' is not"),
        ({"files": ONE, "data": {**TARGET, "quality": "101"}}, 422, "bad_option", "quality must be"),
        ({"files": ONE, "data": {**TARGET, "lossless": "true"}}, 422, "bad_option", "lossless"),
        ({"files": ONE, "data": {**TARGET, "batch": str(uuid4())}}, 422, "bad_option", "batch"),
        ({"files": ONE, "data": TARGET, "params": {"width": "9"}}, 422, "bad_option", "stands in the address"),
        ({"params": {"target_format": "jpeg"}}, 422, "bad_option", "stands in the address"),
    ],
)  # fmt: skip
def test_bad_forms_are_refused_as_a_whole(
    shared: Live, request_: dict[str, Any], status: int, code: str, words: str
) -> None:
    before = (*shared.counts(), rows(shared.engine, batches))
    answer = shared.http.post("/v1/batches", **request_)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert words in answer.json()["detail"]
    assert answer.json()["detail"].endswith(".")
    assert (*shared.counts(), rows(shared.engine, batches)) == before


def test_a_form_that_is_too_large_is_refused(serve: Serve, tmp_path: Path) -> None:
    live = serve(max_upload_bytes=1_000_000, max_batch_bytes=2_000_000)
    half = PNG + bytes(1_000_000 - len(PNG))
    assert send(live, ("a.png", half), ("b.png", half)).status_code == 202
    answer = send(live, ("a.png", half), ("b.png", half), ("c.png", PNG))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "2,000,000 bytes, which is the most that is taken in one form" in answer.json()["detail"]
    far = send(live, *[("a.png", half)] * 5)
    assert far.status_code == 413
    assert live.counts()[0] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "", 404, "batch_not_found"),
        ("GET", "?wait=5", 404, "batch_not_found"),
        ("GET", "/events", 404, "batch_not_found"),
        ("GET", "/result", 404, "batch_not_found"),
        ("GET", "/result?partial=true", 404, "batch_not_found"),
        ("DELETE", "", 404, "batch_not_found"),
        ("PUT", "", 405, "method_not_allowed"),
        ("PATCH", "", 405, "method_not_allowed"),
        ("POST", "", 405, "method_not_allowed"),
        ("DELETE", "/result", 405, "method_not_allowed"),
        ("POST", "/events", 405, "method_not_allowed"),
    ],
)
@pytest.mark.parametrize("batch_id", [str(UUID(int=4)), "nonsense", "1"])
def test_what_is_not_there_is_said(shared: Live, batch_id: str, method: str, path: str, status: int, code: str) -> None:
    answer = shared.http.request(method, f"/v1/batches/{batch_id}{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "query",
    ["?wait=soon", "?wait=-1", "?wait=61", "?wait=nan", "?wat=5", "?Wait=5", "?wait=1&limit=5",
     "/result?partial=perhaps", "/result?partial=", "/result?part=true", "/result?wait=5"],
)  # fmt: skip
def test_a_query_that_cannot_be_is_400(shared: Live, query: str) -> None:
    answer = shared.http.get(f"/v1/batches/{make_empty(shared)}{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


def test_head_has_the_headers_and_no_body(shared: Live) -> None:
    answer = shared.http.head(f"/v1/batches/{make_empty(shared)}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100


def test_a_batch_is_taken_while_redis_is_away(serve: Serve) -> None:
    live = serve(redis_url=NOWHERE)
    assert len(make(live, ("a.png", PNG), ("b.png", PNG))["jobs"]) == 2


@pytest.mark.parametrize(
    "request_",
    [{}, {"files": [("file", ("", b""))]}, {"files": {"nothing": (None, "")}},
     {"content": f"--{BOUNDARY}--\r\n", "headers": MULTIPART}],
)  # fmt: skip
def test_an_empty_batch_takes_jobs_one_by_one(shared: Live, request_: dict[str, Any]) -> None:
    answer = shared.http.post("/v1/batches", **request_)
    assert answer.status_code == 202, answer.text
    batch = answer.json()
    assert (batch["status"], batch["jobs"]) == ("open", [])
    ids = [str(shared.submit(batch=batch["id"])) for _ in range(3)]
    shown = show(shared, batch["id"])
    assert [job["id"] for job in shown["jobs"]] == ids
    assert {job["batch"] for job in shown["jobs"]} == {batch["id"]}


def test_a_job_that_is_added_opens_the_batch_again(shared: Live) -> None:
    batch = make(shared, TEXT)
    assert batch["status"] == "over"
    job_id = shared.submit(batch=batch["id"])
    shown = show(shared, batch["id"])
    assert (shown["status"], [entry["status"] for entry in shown["jobs"]]) == ("open", ["refused", "queued"])
    shared.claim(job_id)
    shared.fail(job_id)
    assert show(shared, batch["id"])["status"] == "over"


@pytest.mark.parametrize("batch_id", [str(UUID(int=4)), "nonsense", "1", "0", " x ", "\x00"])
def test_a_job_of_an_unknown_batch_is_404(shared: Live, batch_id: str) -> None:
    before = shared.counts()
    answer = shared.post(batch=batch_id)
    assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")
    assert shared.counts() == before


def test_jobs_that_join_at_the_same_time_each_get_a_place(live: Live) -> None:
    batch_id = make_empty(live)

    def join() -> None:
        with httpx.Client(base_url=live.url, timeout=PATIENCE) as http:
            http.post("/v1/jobs", files=ONE, data={**TARGET, "batch": batch_id})

    threads = [threading.Thread(target=join) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with live.engine.begin() as connection:
        places = connection.scalars(select(jobs.c.batch_position)).all()
    assert sorted(places) == list(range(20))


def test_a_full_batch_is_409(shared: Live) -> None:
    batch_id = make_empty(shared)
    with shared.engine.begin() as connection:
        connection.execute(batches.update().where(batches.c.id == UUID(batch_id)).values(entries=MOST_ENTRIES - 1))
    shared.submit(batch=batch_id)
    before = shared.counts()
    answer = shared.post(batch=batch_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "batch_full")
    assert "1,000 files" in answer.json()["detail"]
    assert shared.counts() == before


def test_a_delete_ends_every_job_and_again_does_no_harm(live: Live) -> None:
    batch = make(live, *((f"{number}.png", PNG) for number in range(4)), TEXT)
    ids = [UUID(job["id"]) for job in batch["jobs"] if job["status"] == "queued"]
    for job_id in ids[1:]:
        live.claim(job_id)
    live.succeed(ids[2])
    live.fail(ids[3])
    canceled = metric("imagemill_jobs_finished_total", status="canceled", source="png", target="jpeg", code="")
    for _ in range(2):
        answer = live.http.delete(f"/v1/batches/{batch['id']}")
        assert (answer.status_code, answer.content) == (204, b"")
        states = [entry["status"] for entry in show(live, batch["id"])["jobs"]]
        assert states == ["canceled", "canceled", "expired", "expired", "refused"]
        # The states in the cache are new too.
        assert [live.get(job_id)["status"] for job_id in ids] == states[:4]
    assert live.counts() == (4, 0, 0)
    now = metric("imagemill_jobs_finished_total", status="canceled", source="png", target="jpeg", code="")
    assert now == canceled + 2


def test_a_delete_kills_what_runs(live: Live) -> None:
    batch = make(live, ("a.png", PNG))
    live.claim(UUID(batch["jobs"][0]["id"]))
    with live.redis.pubsub() as subscription:
        subscription.subscribe(CANCELED)
        wait_for("the subscription", lambda: subscription.get_message(timeout=1) is not None)
        live.http.delete(f"/v1/batches/{batch['id']}")
        heard: list[Any] = []

        def hear() -> bool:
            heard.append(subscription.get_message(timeout=1))
            return heard[-1] is not None

        wait_for("the cancel", hear)
    assert heard[-1]["data"] == batch["jobs"][0]["id"]
    assert live.record(UUID(batch["jobs"][0]["id"])).status is Status.CANCELED
