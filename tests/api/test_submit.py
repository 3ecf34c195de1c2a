import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import limits
import pytest
from sqlalchemy import Engine

from api import body_pace
from api.rate_guard import spell_limit
from api.settings import ApiSettings
from conformance.names import STREAM
from conformance.service import PATIENCE, wait_for
from core.blobs import SLICE_BYTES
from core.formats import TARGETS
from core.tables import uploads
from tests.api.conftest import Serve
from tests.api.live import PNG, Live, metric, picture

BOUNDARY = "frontier"
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="target_format"\r\n\r\njpeg\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def test_an_upload_is_stored_told_and_shown(live: Live, engine: Engine) -> None:
    before = metric("imagemill_jobs_submitted_total")
    answer = live.post(name="Größe.png", quality="80", width="100", background="")
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
    assert answer.headers["retry-after"] == "1"
    assert job["status"] == "queued"
    assert job["filename"] == "Größe.png"
    assert job["source"] == {"format": "png", "width": None, "height": None, "frames": None, "bytes": len(PNG)}
    assert job["options"] == {"quality": 80, "width": 100}
    assert job["created_at"].endswith("Z")
    with engine.begin() as connection:
        assert connection.execute(uploads.select()).one().data == PNG
    assert [values["job"] for _, values in live.redis.xrange(STREAM)] == [job["id"]]
    assert live.redis.exists(f"imagemill:status:{job['id']}")
    assert metric("imagemill_jobs_submitted_total") == before + 1


def test_names_and_media_types_are_not_believed(live: Live) -> None:
    files = {"file": ("../../etc/evil.exe", picture(kind="GIF"), "text/html")}
    job = live.http.post("/v1/jobs", files=files, data={"target_format": "JPG"}).json()
    assert (job["source"]["format"], job["target_format"], job["filename"]) == ("gif", "jpeg", "evil.exe")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ('a"b.png', 'a"b.png'),
        ("na\u202egpj.exe\x85.png", "nagpj.exe.png"),
        ("x" * 300 + ".png", "x" * 251 + ".png"),
        ("..", "image"),
        ("日本.png", "日本.png"),
    ],
)
def test_file_names_are_made_harmless(shared: Live, sent: str, kept: str) -> None:
    assert shared.post(name=sent).json()["filename"] == kept


TARGET = {"target_format": "jpeg"}
FILE = {"file": ("a.png", PNG)}
TWO = [("file", ("a.png", PNG)), ("file", ("b.png", PNG))]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"content": b""}, 400, "malformed_request"),
        ({"json": {"target_format": "jpeg"}}, 400, "malformed_request"),
        ({"content": b"garbage", "headers": MULTIPART}, 400, "malformed_request"),
        ({"content": HEAD + PNG, "headers": MULTIPART}, 400, "malformed_request"),
        ({"content": PNG, "headers": {"Content-Type": "multipart/form-data"}}, 400, "malformed_request"),
        ({"data": TARGET, "files": {"other": ("", b"")}}, 400, "missing_file"),
        ({"data": TARGET, "files": {"file": ("", b"")}}, 400, "missing_file"),
        ({"data": TARGET, "files": {"image": ("a.png", PNG)}}, 400, "missing_file"),
        ({"data": TARGET, "files": {"file": ("a.png", b"")}}, 400, "empty_file"),
        ({"data": TARGET, "files": TWO}, 400, "several_files"),
        ({"data": TARGET, "files": [("file", (f"{n}.png", PNG)) for n in range(12)]}, 400, "several_files"),
        ({"data": {"target_format": ["jpeg", "png"]}, "files": FILE}, 400, "malformed_request"),
        ({"data": {**TARGET, "quality": ["1", "2"]}, "files": FILE}, 400, "malformed_request"),
        ({"data": {**TARGET, "quality": "1" * 5000}, "files": FILE}, 400, "malformed_request"),
        ({"data": TARGET, "files": {"file": ("a.png", b"just a text")}}, 415, "unsupported_media_type"),
        ({"data": {}, "files": FILE}, 422, "unknown_target_format"),
        ({"data": {"target_format": "docx"}, "files": FILE}, 422, "unknown_target_format"),
        ({"data": {**TARGET, "quality": "101"}, "files": FILE}, 422, "bad_option"),
        ({"data": {**TARGET, "lossless": "true"}, "files": FILE}, 422, "bad_option"),
        ({"data": {**TARGET, "background": "rain"}, "files": FILE}, 422, "bad_option"),
        ({"data": {**TARGET, "colour": "srgb"}, "files": FILE}, 422, "bad_option"),
    ],
)
def test_bad_forms_are_refused_with_a_sentence(shared: Live, request_: dict[str, Any], status: int, code: str) -> None:
    before = shared.counts()
    answer = shared.http.post("/v1/jobs", **request_)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"].endswith(".")
    assert shared.counts() == before
    assert shared.post().status_code == 202


def test_every_bad_option_is_named(shared: Live) -> None:
    problem = shared.post(quality="101", lossless="1", width="0").json()
    assert {wrong["field"] for wrong in problem["errors"]} == {"quality", "lossless", "width"}


@pytest.mark.parametrize("path", ["/v1/jobs", "/jobs"])
def test_options_in_the_address_are_refused(shared: Live, path: str) -> None:
    before = shared.counts()
    answer = shared.post(path=f"{path}?width=abc&quality=5&width=7")
    assert answer.status_code == 422
    assert "Options are fields of the form here, beside the file." in answer.text
    assert shared.counts() == before
    if path == "/v1/jobs":
        problem = answer.json()
        assert (problem["code"], [wrong["field"] for wrong in problem["errors"]]) == (
            "bad_option",
            ["width", "quality"],
        )
        assert problem["errors"][0]["detail"] == "'width' stands in the address, not in the form."


def test_a_hostile_query_is_answered_short(shared: Live) -> None:
    query = "&".join(f"{number}%1b{'x' * 300}=1" for number in range(50))
    answer = shared.post(path=f"/v1/jobs?{query}")
    assert answer.status_code == 422
    assert len(answer.content) < 5000
    assert "\x1b" not in answer.json()["detail"]


def test_fields_that_are_no_options_are_named_and_the_options_told_once(shared: Live) -> None:
    problem = shared.post(widht="9", sizes="16", lossless="true").json()
    assert [wrong["field"] for wrong in problem["errors"]] == ["widht", "sizes", "lossless"]
    assert problem["detail"].count("JPEG takes: quality, ") == 1


@pytest.mark.parametrize(("path", "shown"), [("/v1/jobs", "'width'"), ("/jobs", "&#39;width&#39;")])
def test_a_long_text_is_named(shared: Live, path: str, shown: str) -> None:
    answer = shared.post(path=path, width="9" * 5000)
    assert answer.status_code == 400
    assert f"The field {shown} is too long: a text has at most 4,096 bytes." in answer.text
    assert shared.post(path=path, background="9" * 4096).status_code == 422


def test_an_image_that_is_sent_as_a_text_is_told_how_to_send_it(shared: Live) -> None:
    body = HEAD.replace(b'; filename="a.png"', b"") + PNG + bytes(5000) + TAIL
    answer = shared.http.post("/v1/jobs", content=body, headers=MULTIPART)
    assert answer.status_code == 400
    assert "An image is sent as a file, with a file name." in answer.json()["detail"]


def test_too_many_fields_are_told_as_that(shared: Live) -> None:
    fields = {f"field{number}": "1" for number in range(50)}
    answer = shared.http.post("/v1/jobs", files=FILE, data=fields)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "The form cannot be read: it has more than 40 fields."


def test_an_unknown_target_is_told_the_known_ones(shared: Live) -> None:
    detail = shared.post(target_format="docx").json()["detail"]
    assert detail.startswith("'docx' is not a supported target format. Choose one of: jpeg, ")
    assert all(fmt.name in detail for fmt in TARGETS)


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "chunked"])
def test_51_megabytes_are_refused_while_they_come(live: Live, announced: bool) -> None:
    size = 51_000_000

    def body() -> Iterator[bytes]:
        yield HEAD + PNG
        piece = bytes(1_000_000)
        for _ in range(size // len(piece)):
            yield piece
        yield TAIL

    length = {"Content-Length": str(len(HEAD + PNG + TAIL) + size)} if announced else {}
    answer = live.http.post("/v1/jobs", content=body(), headers={**MULTIPART, **length})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "50,000,000 bytes" in answer.json()["detail"]
    assert live.counts() == (0, 0, 0)


def test_a_file_of_exactly_the_cap_is_taken(serve: Serve) -> None:
    live = serve(max_upload_bytes=100_000)
    exact = PNG + bytes(100_000 - len(PNG))
    assert live.post(exact).status_code == 202
    assert live.post(exact + b"!").status_code == 413
    assert live.counts()[:2] == (1, 1)


def test_an_endless_body_is_not_read_for_ever(serve: Serve) -> None:
    live = serve(max_upload_bytes=1_000_000)
    sent = 0
    with connected(live) as wire:
        wire.sendall(request_head(live, "Transfer-Encoding: chunked") + chunk(HEAD + PNG))
        try:
            while sent < 50_000_000:
                wire.sendall(chunk(bytes(100_000)))
                sent += 100_000
        except ConnectionError:
            pass
    assert sent < 50_000_000


def test_a_client_that_asks_first_is_told_before_it_sends(serve: Serve) -> None:
    live = serve(max_upload_bytes=1000)
    with connected(live) as wire:
        wire.sendall(request_head(live, "Content-Length: 9000000", "Expect: 100-continue"))
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()


@pytest.mark.parametrize("name", ["STILL_SECONDS", "PATIENCE_SECONDS"])
def test_a_body_that_stands_still_is_408(live: Live, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(body_pace, name, 0.5)
    with connected(live) as wire:
        wire.sendall(request_head(live, "Content-Length: 100000") + HEAD + PNG)
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_timeout"' in answer
    assert live.counts() == (0, 0, 0)


def test_a_body_cut_midway_leaves_nothing(live: Live, tmp_path: Path) -> None:
    with connected(live) as wire:
        wire.sendall(request_head(live, "Content-Length: 9000000") + HEAD + PNG + bytes(3 * SLICE_BYTES))
        wait_for("the upload to be on disk", lambda: open_temporaries(tmp_path))
    wait_for("the temporary file to be closed", lambda: not open_temporaries(tmp_path))
    wait_for(
        "the request to be counted",
        lambda: metric("imagemill_http_requests_total", method="POST", route="/v1/jobs", status="499") > 0,
    )
    assert live.counts() == (0, 0, 0)
    assert list(tmp_path.iterdir()) == []


def test_a_large_upload_leaves_no_temporary_file(live: Live, tmp_path: Path) -> None:
    assert live.post(PNG + bytes(3 * SLICE_BYTES)).status_code == 202
    assert live.post(b"text" + bytes(3 * SLICE_BYTES)).status_code == 415
    assert not open_temporaries(tmp_path)


def test_a_full_queue_is_503_until_there_is_room(serve: Serve) -> None:
    live = serve(max_queued=2)
    first = live.submit()
    live.submit()
    answer = live.post()
    assert (answer.status_code, answer.json()["code"]) == (503, "queue_full")
    assert answer.headers["retry-after"] == "5"
    assert live.counts()[0] == 2
    live.claim(first)
    wait_for("room in the queue", lambda: live.post().status_code == 202)


def test_an_address_has_its_rate(serve: Serve) -> None:
    live = serve(rate_limit="2/hour").wait_for_redis()
    assert [live.post().status_code for _ in range(3)] == [202, 202, 429]
    answer = live.post()
    assert answer.json()["code"] == "rate_limited"
    wait = answer.headers["retry-after"]
    sentence = f"Rate limit reached: 2 uploads per hour from this address. Try again in {wait} s."
    assert answer.json()["detail"] == sentence
    assert 0 < int(answer.headers["retry-after"]) <= 3600
    other = live.http.post("/v1/jobs", files=FILE, data=TARGET, headers={"X-Forwarded-For": "198.51.100.7"})
    assert other.status_code == 202
    assert live.http.get("/v1/formats").status_code == 200


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("60/minute", "60 uploads per minute"),
        ("1/second", "1 upload per second"),
        ("1000/5 hour", "1,000 uploads per 5 hours"),
    ],
)
def test_a_limit_is_spelled_for_people(text: str, spelled: str) -> None:
    assert spell_limit(limits.parse(text)) == spelled


def test_what_is_no_image_is_told_what_is(shared: Live) -> None:
    detail = shared.post(b"GIF? No, text.").json()["detail"]
    assert detail.startswith("This is not a supported image (judged by its content, not its name). Supported: JPEG, ")


def test_a_refused_upload_is_taken_in_so_that_the_answer_arrives(serve: Serve) -> None:
    live = serve(max_queued=1)
    live.submit()
    for _ in range(3):
        answer = live.post(PNG + bytes(20_000_000))
        assert answer.status_code == 503
        # The body is out of the way, so the connection can go on.
        assert "connection" not in answer.headers


def test_uploads_at_the_same_time_are_each_kept(live: Live) -> None:
    ids: list[UUID] = []

    def send() -> None:
        with httpx.Client(base_url=live.url, timeout=PATIENCE) as http:
            ids.append(UUID(http.post("/v1/jobs", files=FILE, data=TARGET).json()["id"]))

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(ids)) == 20
    assert live.counts() == (20, 20, 0)


def test_a_rate_that_cannot_be_read_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="must be like 60/minute"):
        ApiSettings(rate_limit="often")


def connected(live: Live) -> socket.socket:
    address = urlsplit(live.url)
    assert address.hostname
    assert address.port
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE)


def request_head(live: Live, *headers: str) -> bytes:
    lines = ["POST /v1/jobs HTTP/1.1", f"Host: {urlsplit(live.url).netloc}",
             f"Content-Type: {MULTIPART['Content-Type']}", *headers]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def read_all(wire: socket.socket) -> bytes:
    pieces = iter(lambda: wire.recv(65536), b"")
    return b"".join(pieces)


def open_temporaries(directory: Path) -> list[str]:
    """Files of this process in the directory, deleted ones too."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            target = str(descriptor.readlink())
            if target.startswith(f"{directory}/"):
                found.append(target)
    return found
