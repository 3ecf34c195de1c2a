"""Bounds on what happens at the same time: others are refused at once, and no client has all places."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from uuid import UUID

import pytest

from api.bounds import Bound, Holds
from api.errors import Busy
from conformance.service import wait_for
from core.transitions import Status
from tests.api.conftest import Serve
from tests.api.live import PNG, Live, metric
from tests.api.test_connections import ASK, connect


def places(of: str) -> float:
    return metric("imagemill_places", of=of)


@contextmanager
def held_uploads(live: Live, count: int) -> Iterator[None]:
    """Uploads of which only the first bytes come."""
    before = places("transfers")
    with ExitStack() as stack:
        for _ in range(count):
            wire = stack.enter_context(closing(connect(live)))
            wire.sendall(
                b"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n"
                b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
            )
        wait_for("the uploads to have their places", lambda: places("transfers") == before + count)
        yield
    wait_for("them to be given back", lambda: places("transfers") == before)


def test_one_client_has_half_of_the_transfers(serve: Serve) -> None:
    live = serve(max_transfers=4)
    job = live.in_status(Status.SUCCEEDED)
    with held_uploads(live, 2):
        refused = [live.post(), live.http.get(f"/v1/jobs/{job}/result"), live.post(PNG, path="/v1/convert")]
        assert live.get(job)["status"] == "succeeded"
        other = live.http.post(
            "/v1/jobs",
            files={"file": ("a.png", PNG)},
            data={"target_format": "jpeg"},
            headers={"X-Forwarded-For": "203.0.113.9"},
        )
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(503, "busy")] * 3
    assert all(answer.headers["Retry-After"] == "3" for answer in refused)
    assert "of one client (2)" in refused[0].json()["detail"]
    assert other.status_code == 202
    assert live.http.get(f"/v1/jobs/{job}/result").status_code == 200


def test_resumable_uploads_are_transfers_too(serve: Serve) -> None:
    live = serve(max_transfers=2)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(PNG))}
    begun = live.http.post("/v1/uploads", headers=headers)
    piece = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    with held_uploads(live, 1):
        refused = live.http.patch(begun.headers["Location"], headers=piece, content=PNG)
    assert (refused.status_code, refused.json()["code"]) == (503, "busy")
    assert live.http.patch(begun.headers["Location"], headers=piece, content=PNG).status_code == 204


def test_a_crowd_of_waiters_is_bounded(serve: Serve) -> None:
    live = serve(max_waiters=4)
    job = live.in_status(Status.QUEUED)
    before = places("waiters")
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(closing(connect(live))).sendall(ASK % f"/v1/jobs/{job}?wait=50".encode())
        wait_for("them to wait", lambda: places("waiters") == before + 2)
        assert live.http.get(f"/v1/jobs/{job}", params={"wait": 9}).json()["code"] == "busy"
        assert live.http.get(f"/v1/jobs/{job}/events").json()["code"] == "busy"
        assert live.get(job)["status"] == "queued"
        # An upload is taken all the same. It is told its job, and nobody waits.
        taken = live.http.post("/v1/jobs?wait=50", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"})
        assert taken.status_code == 202
    wait_for("the places to be given back", lambda: places("waiters") == before)


def test_a_conversion_that_nobody_may_download_is_told_as_a_job(serve: Serve) -> None:
    live = serve(max_transfers=2)
    bound = live.app.state.services.transfers
    release = bound.give_back

    def keep(owner: str) -> None:
        """Give the upload's place to somebody else at once."""
        release(owner)
        bound.give_back = release
        bound.take(owner)

    bound.give_back = keep
    key = {"Idempotency-Key": "one"}
    first = live.http.post(
        "/v1/convert?wait=0", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"}, headers=key
    )
    job = UUID(first.json()["id"])
    release("address:127.0.0.1")
    live.claim(job)
    live.succeed(job)
    bound.give_back = keep
    again = live.http.post("/v1/convert", files={"file": ("a.png", PNG)}, data={"target_format": "jpeg"}, headers=key)
    assert (again.status_code, again.json()["status"]) == (202, "succeeded")
    release("address:127.0.0.1")


@pytest.mark.parametrize("count", [2, 10])
def test_a_second_file_is_not_kept(live: Live, count: int) -> None:
    files = [("file", (f"{n}.png", PNG + bytes(1_000_000))) for n in range(count)]
    answer = live.http.post("/v1/jobs", files=files, data={"target_format": "jpeg"})
    assert (answer.status_code, answer.json()["code"]) == (400, "several_files")
    assert f"{count} files" in answer.json()["detail"]


def test_the_share_is_of_each_owner() -> None:
    bound = Bound("transfers", "uploads and downloads", 4)
    before = places("transfers")
    for owner in ("a", "a", "b"):
        bound.take(owner)
    with pytest.raises(Busy, match="of one client"):
        bound.take("a")
    bound.take("c")
    with pytest.raises(Busy, match=r"downloads \(4\)"):
        bound.take("d")
    bound.give_back("a")
    bound.take("b")
    for owner in ("a", "b", "b", "c"):
        bound.give_back(owner)
    assert places("transfers") == before


def test_a_request_has_one_place_of_a_kind() -> None:
    bound, holds = Bound("transfers", "uploads", 4), Holds()
    before = places("transfers")
    holds.take(bound, "a")
    holds.take(bound, "a")
    assert places("transfers") == before + 1
    holds.give_back(bound)
    holds.give_back(bound)
    holds.end()
    assert places("transfers") == before
