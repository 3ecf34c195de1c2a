"""Uploads that go on where they stopped: tus 1.0.0 at `/v1/uploads`, and jobs made of them."""

import base64
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, text, update

from api.tus_body import PIECE_BYTES
from conformance.service import wait_for
from core.partial_uploads import PartialUpload, find_upload
from core.tables import partial_uploads, upload_pieces
from janitor.unfinished import erase_unfinished
from tests.api.conftest import Serve
from tests.api.live import PNG, Live, picture
from tests.api.test_submit import connected, read_all

MEGABYTE = 1 << 20
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}
BIG = PNG + os.urandom(3 * MEGABYTE)
"""The API looks at the first and the last bytes only."""


def encoded(name: str) -> str:
    return f"filename {base64.b64encode(name.encode()).decode()}"


def begin(live: Live, length: int, name: str = "photo.png", data: bytes | None = None) -> str:
    """The address of a new upload."""
    headers = {**(TUS if data is None else PIECE), "Upload-Length": str(length), "Upload-Metadata": encoded(name)}
    answer = live.http.post("/v1/uploads", headers=headers, content=data)
    assert answer.status_code == 201, answer.text
    assert answer.headers["upload-offset"] == str(len(data or b""))
    return answer.headers["location"]


def send(live: Live, address: str, offset: int, data: bytes, **headers: str) -> httpx.Response:
    return live.http.patch(address, content=data, headers={**PIECE, "Upload-Offset": str(offset), **headers})


def offset(live: Live, address: str) -> int:
    answer = live.http.head(address, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def sent(live: Live, data: bytes, name: str = "photo.png") -> str:
    """The id of a whole upload."""
    address = begin(live, len(data), name)
    assert send(live, address, 0, data).status_code == 204
    return address.rpartition("/")[2]


def submit(live: Live, upload: str, key: str | None = None, **fields: str) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    form = {"target_format": "jpeg", "upload": upload, **fields}
    return live.http.post("/v1/jobs", files={name: (None, value) for name, value in form.items()}, headers=headers)


def bytes_of(live: Live, job_id: str) -> bytes:
    with live.engine.begin() as connection:
        return bytes(
            connection.execute(text("SELECT data FROM uploads WHERE job_id = :id"), {"id": job_id}).scalar_one()
        )


def left(live: Live) -> tuple[int, int]:
    """How many uploads and pieces there are."""
    with live.engine.begin() as connection:
        return tuple(  # type: ignore[return-value]
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (partial_uploads, upload_pieces)
        )


def let_expire(live: Live) -> None:
    with live.engine.begin() as connection:
        connection.execute(update(partial_uploads).values(expires_at=text("now() - interval '1 second'")))


def check_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["tus-resumable"] == "1.0.0"


def test_the_protocol_is_told(shared: Live) -> None:
    answer = shared.http.options("/v1/uploads")
    assert answer.status_code == 204
    told = {name: answer.headers[name] for name in ("tus-version", "tus-extension", "tus-max-size")}
    assert told == {
        "tus-version": "1.0.0",
        "tus-extension": "creation,creation-with-upload,expiration,termination",
        "tus-max-size": "50000000",
    }


def test_an_upload_in_pieces_becomes_a_job_with_its_very_bytes(live: Live) -> None:
    address = begin(live, len(BIG), "grün.png")
    first = send(live, address, 0, BIG[: MEGABYTE + 5])
    assert (first.status_code, first.headers["upload-offset"]) == (204, str(MEGABYTE + 5))
    assert offset(live, address) == MEGABYTE + 5
    assert send(live, address, MEGABYTE + 5, BIG[MEGABYTE + 5 :]).headers["upload-offset"] == str(len(BIG))
    answer = submit(live, address.rpartition("/")[2], quality="70")
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert (job["filename"], job["source"]["bytes"], job["source"]["format"]) == ("grün.png", len(BIG), "png")
    assert bytes_of(live, job["id"]) == BIG
    assert left(live) == (0, 0)
    check_problem(live.http.get(address), 404, "upload_not_found")


def test_it_is_shown_with_what_the_client_said(shared: Live) -> None:
    address = begin(shared, 1000, "a.png")
    answer = shared.http.get(address)
    shown = answer.json()
    assert (shown["filename"], shown["length"], shown["offset"]) == ("a.png", 1000, 0)
    assert answer.headers["upload-metadata"] == encoded("a.png")
    assert answer.headers["upload-length"] == "1000"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["upload-expires"].endswith(" GMT")


def test_the_first_bytes_may_come_with_the_beginning(shared: Live) -> None:
    address = begin(shared, len(PNG), data=PNG)
    assert submit(shared, address.rpartition("/")[2]).status_code == 202


def test_what_came_before_a_cut_is_kept(shared: Live) -> None:
    address = begin(shared, len(BIG))
    head = (
        f"PATCH {address} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(BIG)}\r\n\r\n"
    )
    half = MEGABYTE + 12_345
    with connected(shared) as line:
        line.sendall(head.encode() + BIG[:half])
    wait_for("the bytes before the cut", lambda: offset(shared, address) == half)
    assert send(shared, address, half, BIG[half:]).status_code == 204
    assert bytes_of(shared, submit(shared, address.rpartition("/")[2]).json()["id"]) == BIG


def test_pieces_are_small(live: Live) -> None:
    sent(live, BIG)
    with live.engine.begin() as connection:
        sizes = connection.scalars(text("SELECT octet_length(data) FROM upload_pieces ORDER BY start")).all()
    assert len(sizes) >= 3
    assert max(sizes) == PIECE_BYTES
    assert sum(sizes) == len(BIG)


def test_the_same_key_finds_the_job_though_the_upload_is_used_up(live: Live) -> None:
    upload, key = sent(live, PNG), str(uuid4())
    first = submit(live, upload, key)
    again = submit(live, upload, key)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert again.headers["idempotency-replayed"] == "true"
    assert submit(live, upload, key, quality="10").json()["code"] == "idempotency_key_reused"
    assert submit(live, sent(live, PNG), key).json()["code"] == "idempotency_key_reused"
    check_job_problem(submit(live, upload), 404, "upload_not_found")
    assert live.counts()[:2] == (1, 1)


def check_job_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


def test_an_upload_goes_into_a_batch_and_through_one_call(shared: Live) -> None:
    batch = shared.http.post("/v1/batches").json()["id"]
    assert submit(shared, sent(shared, PNG), batch=batch).status_code == 202
    assert shared.http.get(f"/v1/batches/{batch}").json()["counts"]["queued"] == 1
    upload = sent(shared, PNG)
    assert shared.http.post(f"/v1/convert?wait=0&target_format=webp&upload={upload}").status_code == 202


def test_an_upload_is_held_to_the_rules_of_a_file(shared: Live) -> None:
    check_job_problem(submit(shared, sent(shared, b"no image at all")), 415, "unsupported_media_type")
    assert submit(shared, sent(shared, PNG), target_format="docx").json()["code"] == "unknown_target_format"
    assert submit(shared, sent(shared, PNG), quality="101").json()["code"] == "bad_option"
    tga = bytes([0, 0, 2]) + bytes(9) + bytes([1, 0, 1, 0, 24, 0, 1, 2, 3]) + bytes(8) + b"TRUEVISION-XFILE.\0"
    assert submit(shared, sent(shared, tga)).json()["source"]["format"] == "tga", "the tail is looked at too"


def test_a_form_names_one_image(live: Live) -> None:
    upload = sent(live, PNG)
    both = live.post(PNG, upload=upload)
    check_job_problem(both, 400, "malformed_request")
    assert "Send one of them" in both.json()["detail"]
    check_job_problem(submit(live, str(uuid4())), 404, "upload_not_found")
    check_job_problem(submit(live, "nonsense"), 404, "upload_not_found")
    assert live.post(PNG, upload="").status_code == 202, "an empty field is none"
    unfinished = begin(live, len(PNG)).rpartition("/")[2]
    incomplete = submit(live, unfinished)
    check_job_problem(incomplete, 409, "upload_incomplete")
    assert f"0 of its {len(PNG)} bytes" in incomplete.json()["detail"]
    assert left(live)[0] == 2


def test_of_two_with_the_same_bytes_one_is_too_late(shared: Live) -> None:
    """The second sees an offset that is not its own any more, though both began at the same one."""
    address = begin(shared, len(BIG))
    head = (
        f"PATCH {address} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {MEGABYTE}\r\n\r\n"
    ).encode()
    with connected(shared) as slow:
        slow.sendall(head + BIG[:1000])
        # It holds its first bytes in memory while another writes them.
        assert send(shared, address, 0, BIG[: 2 * MEGABYTE]).status_code == 204
        slow.sendall(BIG[1000:MEGABYTE])
        answer = read_all(slow)
    assert answer.startswith(b"HTTP/1.1 409 "), answer[:200]
    assert b"wrong_offset" in answer
    assert offset(shared, address) == 2 * MEGABYTE
    assert send(shared, address, 2 * MEGABYTE, BIG[2 * MEGABYTE :]).status_code == 204
    assert bytes_of(shared, submit(shared, address.rpartition("/")[2]).json()["id"]) == BIG


WRONG_BEGINNINGS = [
    ({"Tus-Resumable": "0.2.2"}, b"", 412, "wrong_tus_version"),
    ({"Tus-Resumable": ""}, b"", 412, "wrong_tus_version"),
    ({"Upload-Length": "-1"}, b"", 400, "malformed_request"),
    ({"Upload-Length": "many"}, b"", 400, "malformed_request"),
    ({"Upload-Length": "9" * 30}, b"", 413, "too_large"),
    ({"Upload-Length": "0"}, b"", 400, "empty_file"),
    ({"Upload-Length": "50000001"}, b"", 413, "too_large"),
    ({"Upload-Defer-Length": "1"}, b"", 400, "malformed_request"),
    ({"Upload-Metadata": "filename !!!"}, b"", 400, "malformed_request"),
    ({"Upload-Metadata": "filename YQ==,filename YQ=="}, b"", 400, "malformed_request"),
    ({"Upload-Metadata": ",,"}, b"", 400, "malformed_request"),
    ({"Upload-Metadata": "filename " + "YWFh" * 2000}, b"", 400, "malformed_request"),
    ({"Content-Type": "image/png"}, PNG, 415, "wrong_content_type"),
    ({"Content-Type": "application/offset+octet-stream"}, bytes(101), 413, "too_large"),
]


@pytest.mark.parametrize(("headers", "data", "status", "code"), WRONG_BEGINNINGS)
def test_a_wrong_beginning_is_refused(
    shared: Live, headers: dict[str, str], data: bytes, status: int, code: str
) -> None:
    answer = shared.http.post("/v1/uploads", headers={**TUS, "Upload-Length": "100", **headers}, content=data)
    check_problem(answer, status, code)
    if status == 412:
        assert answer.headers["tus-version"] == "1.0.0"


def test_a_beginning_without_a_length_is_refused(shared: Live) -> None:
    check_problem(shared.http.post("/v1/uploads", headers=TUS), 400, "malformed_request")


WRONG_PIECES = [
    ({"Upload-Offset": "5"}, PNG, 409, "wrong_offset"),
    ({"Upload-Offset": "-1"}, PNG, 400, "malformed_request"),
    ({"Upload-Offset": "zero"}, PNG, 400, "malformed_request"),
    ({"Upload-Offset": ""}, PNG, 400, "malformed_request"),
    ({"Content-Type": "application/octet-stream"}, PNG, 415, "wrong_content_type"),
    ({"Content-Type": "multipart/form-data; boundary=x"}, PNG, 415, "wrong_content_type"),
    ({"Content-Type": ""}, PNG, 415, "wrong_content_type"),
    ({"Tus-Resumable": "2.0.0"}, PNG, 412, "wrong_tus_version"),
    ({}, bytes(101), 413, "too_large"),
    ({}, bytes(3_000_000), 413, "too_large"),
]


@pytest.mark.parametrize(("headers", "data", "status", "code"), WRONG_PIECES)
def test_a_wrong_piece_is_refused_and_changes_nothing(
    shared: Live, headers: dict[str, str], data: bytes, status: int, code: str
) -> None:
    address = begin(shared, 100)
    check_problem(send(shared, address, 0, data, **headers), status, code)
    assert offset(shared, address) == 0


def test_a_body_of_unknown_size_is_cut_at_the_length(shared: Live) -> None:
    address = begin(shared, MEGABYTE)
    headers = {**PIECE, "Upload-Offset": "0"}
    answer = shared.http.patch(address, content=iter([bytes(700_000)] * 3), headers=headers)
    check_problem(answer, 413, "too_large")
    assert offset(shared, address) < MEGABYTE
    assert shared.http.patch(begin(shared, 3), content=iter([b"a", b"bc"]), headers=headers).status_code == 204


@pytest.mark.parametrize("upload", ["nonsense", str(UUID(int=0)), "%00"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE"])
def test_an_unknown_upload_is_not_found(shared: Live, method: str, upload: str) -> None:
    headers = {**PIECE, "Upload-Offset": "0"}
    answer = shared.http.request(
        method, f"/v1/uploads/{upload}", headers=headers, content=PNG if method == "PATCH" else None
    )
    assert answer.status_code == 404
    if method != "HEAD":
        check_problem(answer, 404, "upload_not_found")


def test_other_methods_are_refused_with_those_that_are_possible(shared: Live) -> None:
    address = begin(shared, 100)
    answer = shared.http.put(address, content=b"x")
    check_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST, PATCH, DELETE"
    check_problem(shared.http.post(address, headers=TUS), 405, "method_not_allowed")
    check_problem(shared.http.get("/v1/uploads"), 405, "method_not_allowed")


def test_a_client_may_say_by_a_header_what_it_means(live: Live) -> None:
    address = begin(live, len(PNG))
    headers = {**PIECE, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert live.http.post(address, headers=headers, content=PNG).status_code == 204
    assert offset(live, address) == len(PNG)
    assert live.http.post(address, headers={**TUS, "X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert left(live) == (0, 0)


def test_a_deleted_upload_leaves_nothing_behind(live: Live) -> None:
    address = begin(live, len(BIG))
    send(live, address, 0, BIG[:MEGABYTE])
    check_problem(live.http.delete(address), 412, "wrong_tus_version")
    assert live.http.delete(address, headers=TUS).status_code == 204
    assert left(live) == (0, 0)
    check_problem(live.http.delete(address, headers=TUS), 404, "upload_not_found")


def test_an_upload_that_nobody_goes_on_with_expires(live: Live) -> None:
    address = begin(live, len(BIG))
    send(live, address, 0, BIG[:MEGABYTE])
    let_expire(live)
    for answer in (
        live.http.get(address),
        send(live, address, MEGABYTE, BIG[MEGABYTE:]),
        live.http.delete(address, headers=TUS),
    ):
        check_problem(answer, 410, "upload_expired")
    check_job_problem(submit(live, address.rpartition("/")[2]), 410, "upload_expired")
    assert erase_unfinished(live.engine) == 1
    assert left(live) == (1, 0), "its bytes are gone, and it is known as expired for a day"
    check_problem(live.http.get(address), 410, "upload_expired")
    with live.engine.begin() as connection:
        connection.execute(update(partial_uploads).values(expires_at=text("now() - interval '25 hours'")))
    assert erase_unfinished(live.engine) == 0
    assert left(live) == (0, 0)


def test_each_piece_gives_more_time(serve: Serve) -> None:
    live = serve(resume_hours=2)
    address = begin(live, len(BIG))
    with live.engine.begin() as connection:
        connection.execute(update(partial_uploads).values(expires_at=text("now() + interval '1 minute'")))
    send(live, address, 0, BIG[:1000])
    with live.engine.begin() as connection:
        upload = find_upload(connection, UUID(address.rpartition("/")[2]))
        now = connection.execute(text("SELECT now()")).scalar_one()
    assert upload is not None
    assert (upload.expires_at - now).total_seconds() > 3600
    assert erase_unfinished(live.engine) == 0


def test_its_length_counts_as_stored_bytes_of_its_owner(serve: Serve) -> None:
    live = serve(max_stored_per_client_bytes=1000)
    begin(live, 1000)
    answer = live.http.post("/v1/uploads", headers={**TUS, "Upload-Length": "1"})
    check_problem(answer, 429, "too_much_stored")
    assert live.post().json()["code"] == "too_much_stored"
    # Another process has nothing in memory.
    assert serve(max_stored_per_client_bytes=1000).post().json()["code"] == "too_much_stored"
    let_expire(live)
    assert serve(max_stored_per_client_bytes=1000).post().status_code == 202


def test_a_full_storage_takes_no_piece(serve: Serve) -> None:
    live = serve()
    address = begin(live, len(BIG))
    full = serve(max_stored_bytes=1)
    check_problem(send(full, address, 0, BIG), 507, "storage_full")
    check_problem(full.http.post("/v1/uploads", headers={**TUS, "Upload-Length": "5"}), 507, "storage_full")
    assert offset(live, address) == 0
    assert send(live, address, 0, BIG).status_code == 204


def test_its_beginning_counts_as_an_upload(serve: Serve) -> None:
    live = serve(rate_limit="1/minute")
    begin(live, 5)
    answer = live.http.post("/v1/uploads", headers={**TUS, "Upload-Length": "5"})
    check_problem(answer, 429, "rate_limited")
    assert answer.headers["ratelimit"].startswith('"uploads";r=0;t=')


def test_an_upload_exists_for_nobody_but_its_owner(serve: Serve) -> None:
    keys = {name: f"{name}-0f1e2d3c4b5a69788796a5b4c3d2e1f0" for name in ("ana", "bob")}
    live = serve(auth="keys", keys=",".join(f"{name}={key}" for name, key in keys.items()))
    ana, bob = ({"Authorization": f"Bearer {key}"} for key in keys.values())
    assert live.http.post("/v1/uploads", headers={**TUS, "Upload-Length": "5"}).status_code == 401
    headers = {**TUS, "Upload-Length": str(len(PNG))}
    address = live.http.post("/v1/uploads", headers={**headers, **ana}).headers["location"]
    assert live.http.get(address).status_code == 401
    pieces = {**PIECE, "Upload-Offset": "0"}
    calls: list[Any] = [("GET", None), ("PATCH", PNG), ("DELETE", None)]
    for method, data in calls:
        check_problem(
            live.http.request(method, address, headers={**pieces, **bob}, content=data), 404, "upload_not_found"
        )
    assert live.http.patch(address, headers={**pieces, **ana}, content=PNG).status_code == 204
    form = {"target_format": (None, "jpeg"), "upload": (None, address.rpartition("/")[2])}
    check_job_problem(live.http.post("/v1/jobs", files=form, headers=bob), 404, "upload_not_found")
    assert live.http.post("/v1/jobs", files=form, headers=ana).status_code == 202


def test_scripts_of_other_origins_may_use_it(serve: Serve) -> None:
    live = serve(cors_origins="https://app.example.com")
    asked = {
        "Origin": "https://app.example.com",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "tus-resumable,upload-offset,content-type",
    }
    answer = live.http.options(f"/v1/uploads/{uuid4()}", headers=asked)
    assert answer.status_code == 200
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    told = live.http.post("/v1/uploads", headers={**TUS, "Upload-Length": "5", "Origin": "https://app.example.com"})
    assert {"Upload-Offset", "Location", "Tus-Resumable"} <= set(
        told.headers["access-control-expose-headers"].split(", ")
    )


def test_behind_a_prefix_its_address_has_it(serve: Serve) -> None:
    live = serve(root_path="/mill")
    answer = live.http.post("/mill/v1/uploads", headers={**TUS, "Upload-Length": "5"})
    assert answer.headers["location"].startswith("/mill/v1/uploads/")


def test_a_job_that_cannot_be_stored_leaves_the_upload_as_it_is(serve: Serve) -> None:
    live = serve(max_waiting_per_client=1)
    live.submit()
    upload = sent(live, PNG)
    check_job_problem(submit(live, upload), 429, "too_many_waiting")
    assert left(live)[0] == 1
    batch = str(uuid4())
    check_job_problem(submit(serve(), upload, batch=batch), 404, "batch_not_found")
    assert left(live) == (1, 1)
    assert submit(serve(), upload).status_code == 202


def test_two_jobs_of_one_upload_are_one(shared: Live) -> None:
    upload = sent(shared, picture(64))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: submit(shared, upload), range(6)))
    assert sorted(answer.status_code for answer in answers) == [202] + [404] * 5


def test_an_upload_that_became_a_job_after_it_was_found_is_unknown(
    shared: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = sent(shared, PNG)
    with shared.engine.begin() as connection:
        found = find_upload(connection, UUID(upload))
    assert submit(shared, upload).status_code == 202

    async def find_before(*_: object) -> PartialUpload | None:
        return found

    monkeypatch.setattr("api.kept_uploads.find_upload_for", find_before)
    answer = submit(shared, upload)
    assert (answer.status_code, answer.json()["code"]) == (404, "upload_not_found")
