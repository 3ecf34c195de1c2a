import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from api.examples import REFUSALS
from conformance.service import PATIENCE, free_port, wait_for
from core.metrics import render_metrics
from core.migrations import upgrade
from core.options import BY_NAME
from tests.api.conftest import Serve
from tests.api.live import NOWHERE, PNG, Live, metric
from tests.api.test_submit import HEAD, MULTIPART, TAIL

NO_DATABASE = "postgresql://postgres@127.0.0.1:1/imagemill"


def ready(live: Live) -> tuple[int, str, dict[str, str]]:
    answer = live.http.get("/readyz")
    return answer.status_code, answer.json()["status"], answer.json()["parts"]


def test_ready_when_every_part_is(live: Live) -> None:
    parts = dict.fromkeys(("database", "schema", "partitions", "workers", "storage", "redis"), "ok")
    assert ready(live) == (200, "ready", parts)


def test_redis_away_is_said_but_uploads_are_taken(serve: Serve) -> None:
    status, word, parts = ready(serve(redis_url=NOWHERE))
    assert (status, word, parts["redis"], parts["database"]) == (200, "ready", "away", "ok")


def test_the_database_away_is_named_and_the_process_lives(serve: Serve) -> None:
    live = serve(database_url=NO_DATABASE)
    assert ready(live) == (503, "not ready", {"database": "away", "redis": "ok"})
    assert live.http.get("/livez").json() == {"status": "ok"}


def test_tomorrow_without_a_partition_is_not_ready(live: Live) -> None:
    with live.engine.begin() as connection:
        for table in ("uploads", "results"):
            days = connection.scalars(
                text(f"SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{table}'::regclass")
            ).all()
            for partition in sorted(days)[1:]:
                connection.execute(text(f"DROP TABLE {partition}"))
    status, _, parts = ready(live)
    assert (status, parts["partitions"]) == (503, "missing")


@pytest.mark.parametrize(("revision", "state"), [(None, "behind"), ("9999", "ok")], ids=["none", "a newer one"])
def test_a_schema_that_is_behind_is_not_ready(live: Live, revision: str | None, state: str) -> None:
    with live.engine.begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
        if revision:
            connection.execute(text(f"INSERT INTO alembic_version VALUES ('{revision}')"))
    status, _, parts = ready(live)
    assert (status, parts["schema"]) == (200 if state == "ok" else 503, state)


def test_a_migration_makes_it_ready(live: Live) -> None:
    with live.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    assert ready(live)[2]["schema"] == "behind"
    upgrade(live.engine)
    assert ready(live)[1] == "ready"


def counted(**labels: str) -> float:
    return metric("imagemill_http_requests_total", **labels)


def test_requests_are_counted_by_template_and_nothing_else(shared: Live) -> None:
    labels = {"method": "GET", "route": "/v1/jobs/{job_id}", "status": "200"}
    before = counted(**labels)
    shared.get(shared.submit())
    # A request is counted when its answer is out, which the client may see first.
    wait_for("the count", lambda: counted(**labels) == before + 1)
    assert metric("imagemill_http_request_duration_seconds_count", **labels) >= 1
    shared.http.request("PROPFIND", "/coffee/with/milk")
    shared.http.request("BREW", "/coffee/with/milk")
    shared.http.head("/static/style.css")
    shared.http.head("/")
    counts = [
        ("other", "unmatched", "404"),
        ("other", "unmatched", "400"),
        ("HEAD", "/static", "200"),
        ("HEAD", "/", "200"),
    ]
    for method, route, status in counts:
        wait_for(route, lambda m=method, r=route, s=status: counted(method=m, route=r, status=s) >= 1)  # type: ignore[misc]
    page = render_metrics()[0].decode()
    assert "milk" not in page
    for name in ("imagemill_jobs_submitted_total", "imagemill_status_cache_total", "imagemill_jobs_finished_total"):
        assert f"# TYPE {name} counter" in page


def test_an_address_that_is_none(shared: Live) -> None:
    answer = shared.http.get("/v2/jobs")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/problem+json"
    assert shared.http.get("/v1/jobs/", follow_redirects=False).status_code == 404


def test_a_method_that_does_not_fit(shared: Live) -> None:
    answer = shared.http.request("PUT", f"/v1/jobs/{shared.submit()}")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, DELETE"
    assert shared.http.delete("/v1/convert").headers["allow"] == "POST, PUT"


def test_a_defect_is_a_sentence_and_no_traceback(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr("api.routes.job_answer", broken)
    monkeypatch.setattr("api.views.job_answer", broken)
    job_id = _stored(live)
    answer = live.http.get(f"/v1/jobs/{job_id}")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    page = live.http.get(f"/jobs/{job_id}")
    assert page.status_code == 500
    assert "<h1>Something went wrong</h1>" in page.text


def _stored(live: Live) -> str:
    """A job whose answer cannot be shown; it is stored all the same."""
    live.post()
    with live.engine.begin() as connection:
        return str(connection.execute(text("SELECT id FROM jobs")).scalar_one())


def test_formats_are_the_table(shared: Live) -> None:
    formats = shared.http.get("/v1/formats").json()
    jpeg = next(target for target in formats["write"] if target["name"] == "jpeg")
    assert jpeg["aliases"] == ["jpg"]
    assert "lossless" not in jpeg["options"]
    for target in formats["write"]:
        for name, told in target["options"].items():
            option = BY_NAME[name]
            assert (told["type"], told["minimum"], told["maximum"]) == (option.type, option.lowest, option.highest)
            assert (told["enum"] or [], told["default"]) == (list(option.choices), option.default)
            assert (told["description"], told["allowed"]) == (option.sentence, option.allowed)
    assert {"png", "gif"} <= {fmt["name"] for fmt in formats["read"]}
    assert formats["limits"]["upload_bytes"] == 50_000_000


def test_the_document_types_every_option(shared: Live) -> None:
    document = shared.http.get("/openapi.json").json()
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]
    assert body["content"]["multipart/form-data"]["schema"] == {"$ref": "#/components/schemas/JobForm"}
    fields = document["components"]["schemas"]["JobForm"]["properties"]
    assert fields.keys() == {"file", "target_format", "webhook_url", "batch", "upload", *BY_NAME}
    assert fields["quality"].items() >= {"type": "integer", "minimum": 1, "maximum": 100}.items()
    assert fields["fit"].items() >= {"enum": ["inside", "cover", "fill", "pad"], "x-default": "inside"}.items()
    assert fields["dither"].items() >= {"type": "boolean", "x-default": True}.items()
    assert all(option.sentence in fields[option.name]["description"] for option in BY_NAME.values())


def test_a_format_without_its_encoder_is_named_as_such(serve: Serve) -> None:
    live = serve(heic_writing="never")
    formats = live.http.get("/v1/formats").json()
    (heic,) = formats["unavailable"]
    assert "heic" not in {target["name"] for target in formats["write"]}
    assert (heic["name"], "pillow-heif" in heic["detail"]) == ("heic", True)
    refused = live.post(target_format="heif")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_target_format")
    assert heic["detail"] in refused.json()["detail"]
    page = live.http.get("/").text
    assert "HEIC</option>" not in page
    assert "For JPEG, WebP, AVIF, JPEG XL, JPEG 2000, PDF." in page


def test_the_document_shows_an_example_of_every_refusal(shared: Live) -> None:
    document = shared.http.get("/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    shown = {
        code: example["value"]
        for operation in operations
        for answer in operation["responses"].values()
        for code, example in answer.get("content", {}).get("application/problem+json", {}).get("examples", {}).items()
    }
    # What is refused before there is a request.
    elsewhere = {"target_too_long", "head_too_large"}
    # An API that asks for no key documents none.
    elsewhere |= {"key_required", "key_invalid"}
    assert set(shown) == {example.problem_code for example in REFUSALS} - elsewhere
    for example in REFUSALS:
        if example.problem_code in shown:
            said = shown[example.problem_code]
            assert (said["status"], said["title"], said["detail"]) == (example.status, example.title, example.detail)
    assert all(operation["summary"] for operation in operations)
    assert "HTTPValidationError" not in str(document)


def test_every_reference_in_the_document_leads_somewhere(shared: Live) -> None:
    document = shared.http.get("/openapi.json").json()

    def references(node: Any) -> Iterator[str]:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if key == "$ref":
                yield value
            elif isinstance(value, dict | list):
                yield from references(value)

    found = set(references(document))
    assert found
    for reference in found:
        assert reference.rpartition("/")[2] in document["components"]["schemas"]


def start(tmp_path: Path, **settings: str) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "IMAGEMILL_DATABASE_URL": NO_DATABASE, "IMAGEMILL_REDIS_URL": NOWHERE}
    env |= {f"IMAGEMILL_{name.upper()}": value for name, value in settings.items()}
    with (tmp_path / "log").open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", "api"], env=env, stdout=log, stderr=log)


def end(process: "subprocess.Popen[bytes]", number: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(number)
    return process.wait(PATIENCE)


def answers(port: int, path: str = "/livez") -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_starts_without_any_database_and_ends_with_0(tmp_path: Path, number: signal.Signals) -> None:
    port, metrics_port = free_port(), free_port()
    process = start(tmp_path, port=str(port), metrics_port=str(metrics_port), log_format="json")
    wait_for("the API", lambda: answers(port))
    assert answers(metrics_port, "/metrics")
    assert not answers(port, "/metrics")
    assert end(process, number) == 0
    log = (tmp_path / "log").read_text()
    assert '"event": "listening"' in log
    assert "Traceback" not in log
    assert all(line.startswith("{") for line in log.splitlines())


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(tmp_path, port=str(taken.getsockname()[1]))
        assert process.wait(PATIENCE) == 1
    log = (tmp_path / "log").read_text()
    beside = ("runs as root", "Redis cannot be used yet")
    sentences = [line for line in log.splitlines() if not any(words in line for words in beside)]
    assert len(sentences) == 1
    assert re.fullmatch(
        r"imagemill: Port \d+ on 127.0.0.1 is taken by another program\. .*IMAGEMILL_PORT\.", sentences[0]
    )


def test_all_wrong_settings_are_said_at_once(tmp_path: Path) -> None:
    process = start(tmp_path, rate_limit="often", heartbeat_seconds="29", port="no")
    assert process.wait(PATIENCE) == 2
    assert (tmp_path / "log").read_text().splitlines() == [
        "imagemill: IMAGEMILL_PORT must be a whole number from 0 to 65535, not 'no'.",
        "imagemill: IMAGEMILL_RATE_LIMIT must be like 60/minute or 1000/day, or none, not 'often'.",
    ]


def test_a_running_upload_outlives_the_signal(live: Live, tmp_path: Path) -> None:
    """SIGTERM in the middle of an upload: the upload is taken, then the process ends."""
    urls = {"database_url": live.settings.database_url, "redis_url": live.settings.redis_url}
    port = free_port()
    process = start(tmp_path, port=str(port), api_drain_seconds="60", **urls)
    wait_for("the API", lambda: answers(port))
    halfway, go_on = threading.Event(), threading.Event()
    got: list[httpx.Response] = []

    def body() -> Iterator[bytes]:
        yield HEAD + PNG
        halfway.set()
        go_on.wait(PATIENCE)
        yield bytes(1000) + TAIL

    def send() -> None:
        url = f"http://127.0.0.1:{port}/v1/jobs"
        got.append(httpx.post(url, content=body(), headers=MULTIPART, timeout=PATIENCE))

    sender = threading.Thread(target=send)
    sender.start()
    assert halfway.wait(PATIENCE)
    process.send_signal(signal.SIGTERM)
    wait_for("the process to stop listening", lambda: not answers(port))
    go_on.set()
    sender.join(PATIENCE)
    assert got[0].status_code == 202
    assert process.wait(PATIENCE) == 0
    assert live.counts()[0] == 1
