"""Requests byte by byte, as odd clients and attackers write them, against the real server."""

import asyncio
import json
import re
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis.asyncio.connection
import redis.connection
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.form_wrapping import unwrap_form
from api.protocol import MOST_HEAD, MOST_HEADERS, MOST_TARGET, WireProtocol
from conformance.service import PATIENCE, wait_for
from tests.api.conftest import Serve
from tests.api.live import PNG, Live

JPEG = b'Content-Disposition: form-data; name="target_format"\r\n\r\njpeg'
FILE = b'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n' + PNG
FORM = b"Content-Type: multipart/form-data; boundary=b\r\n"
BODY = b"--b\r\n" + JPEG + b"\r\n--b\r\n" + FILE + b"\r\n--b--\r\n"


@dataclass
class Answer:
    status: int
    head: bytes
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert b"\r\ncontent-type: application/problem+json\r\n" in self.head
        assert b"\r\nconnection: close" in self.head
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status
        assert problem["type"] == f"/problems/{problem['code']}"
        return problem


def connect(live: Live) -> socket.socket:
    address = urlsplit(live.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE)


def read_answers(wire: socket.socket) -> list[Answer]:
    """Every answer until the server ends the connection."""
    data = b"".join(iter(lambda: wire.recv(65536), b""))
    answers = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        length = int((re.search(rb"(?i)content-length: (\d+)", head) or [b"", b"0"])[1])
        answers.append(Answer(int(head[9:12]), head, data[:length]))
        data = data[length:]
    return answers


def ask(live: Live, *pieces: bytes) -> Answer:
    """The only answer to a request whose connection the server ends."""
    with connect(live) as wire:
        try:
            for piece in pieces:
                wire.sendall(piece)
        except ConnectionError:
            pass
        (answer,) = read_answers(wire)
    return answer


def post(live: Live, body: bytes, *headers: bytes, target: bytes = b"/v1/jobs", form: bytes = FORM) -> Answer:
    length = b"Content-Length: %d\r\n" % len(body)
    host = b"Host: %b\r\n" % urlsplit(live.url).netloc.encode()
    return ask(
        live, b"POST %b HTTP/1.1\r\n" % target + host + b"Connection: close\r\n", *headers, form, length + b"\r\n", body
    )


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (FORM, BODY),
        (FORM, b"This is a form.\r\n" + BODY),
        (FORM, b"\r\n" + BODY),
        (FORM, b"--c\r\n--bb\r\n -- b\r\n" + BODY),
        (FORM, BODY + b"That was a form.\r\n--b\r\n"),
        (FORM, BODY.removesuffix(b"\r\n")),
        (FORM, BODY.replace(b"--b\r\n", b"--b  \t \r\n")),
        (FORM, BODY.replace(b"--b--", b"--b--  \t")),
        (FORM, b"one\r\n" + BODY.replace(b"--b\r\n", b"--b \r\n") + b"two"),
        (FORM.replace(b"=b", b'="b"'), BODY),
        (FORM.replace(b"=b", b'="b c:d"'), BODY.replace(b"--b", b"--b c:d")),
        (FORM.replace(b"; ", b" ;\t"), BODY),
        (FORM.replace(b"boundary=b", b"charset=utf-8; BOUNDARY=b; x=y"), BODY),
        (FORM.upper().replace(b"=B", b"=b"), BODY),
        (FORM, BODY.replace(b"Content-Disposition: form-data", b"CONTENT-DISPOSITION:FORM-DATA")),
        (FORM, BODY.replace(b"Content-Disposition: ", b"content-disposition:   ")),
        (
            FORM,
            BODY.replace(
                b"Content-Disposition", b"X-Other: 1\r\nContent-Transfer-Encoding: binary\r\nContent-Disposition"
            ),
        ),
        (FORM, BODY.replace(b'"file"', b"file").replace(b'"target_format"', b"target_format")),
    ],
)
def test_a_form_is_read_however_it_is_wrapped(shared: Live, form: bytes, body: bytes) -> None:
    answer = post(shared, body, form=form)
    assert answer.status == 202, answer.body
    job = json.loads(answer.body)
    assert (job["filename"], job["source"]["bytes"], job["target_format"]) == ("a.png", len(PNG), "jpeg")


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (b"filename*=utf-8''Gr%C3%B6%C3%9Fe.png", "Größe.png"),
        (b'filename="=?utf-8?B?R3LDtsOfZS5wbmc=?="', "Größe.png"),
        (b"filename=\"=?utf-8?B?R3LDtsOfZS5wbmc=?=\"; filename*=utf-8''Gr%C3%B6%C3%9Fe.png", "Größe.png"),
        (b'filename="Gr\xf6\xdfe.png"', "Größe.png"),
        (rb'filename="say \"cheese\".png"', 'say "cheese".png'),
        (b"filename*=utf-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        (b"filename*=utf-8''", "image"),
        (b'filename=""', "image"),
    ],
)
def test_a_file_of_any_client_arrives_with_its_name(shared: Live, parameters: bytes, name: str) -> None:
    answer = post(shared, BODY.replace(b'filename="a.png"', parameters))
    assert answer.status == 202, answer.body
    assert json.loads(answer.body)["filename"] == name


@pytest.mark.parametrize("target", ["http://{host}/v1/jobs", "http://else.where/v1/jobs", "HTTP://{host}/v1/jobs"])
def test_an_absolute_target_is_a_path(shared: Live, target: str) -> None:
    answer = post(shared, BODY, target=target.format(host=urlsplit(shared.url).netloc).encode())
    assert answer.status == 202, answer.body


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"http://h/v1/formats", 200),
        (b"https://h/v1/formats", 200),
        (b"http://h:80/v1/formats?x=1", 200),
        (b"http://[::1]:80/livez", 200),
        (b"http://h", 200),
        (b"http://h/", 200),
        (b"http://h/nothing", 404),
        (b"//h/livez", 404),
        (b"http://me@h/livez", 400),
        (b"ftp://h/livez", 400),
        (b"http:///livez", 400),
        (b"*", 400),
    ],
)
def test_targets_of_every_form(shared: Live, target: bytes, status: int) -> None:
    assert ask(shared, b"GET " + target + b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").status == status


CHUNKED = b"Transfer-Encoding: chunked\r\n"
HOST = b"Host: h\r\n"
CLOSE = b"Connection: close\r\n"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (HOST + CHUNKED + b"Content-Length: 3\r\n", "can't be present with"),
        (HOST + b"Content-Length: 3\r\n" + CHUNKED, "can't be present with"),
        (HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n", "Duplicate Content-Length"),
        (HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n", "Duplicate Content-Length"),
        (HOST + b"Content-Length: 3, 4\r\n", "Content-Length"),
        (HOST + b"Content-Length: -3\r\n", "Content-Length"),
        (HOST + b"Content-Length: +3\r\n", "Content-Length"),
        (HOST + b"Content-Length: 0x3\r\n", "Content-Length"),
        (HOST + b"Content-Length: 99999999999999999999\r\n", "Content-Length overflow"),
        (HOST + b"Content-Length : 3\r\n", "header"),
        (HOST + CHUNKED + CHUNKED, "Transfer-Encoding"),
        (HOST + b"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding is not chunked"),
        (HOST + b"Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding"),
        (HOST + b"Transfer-Encoding: xchunked\r\n", "Transfer-Encoding is not chunked"),
        (HOST + b"Transfer-Encoding: identity\r\n", "Transfer-Encoding is not chunked"),
        (HOST + b"A: b\r\n c\r\n", "whitespace"),
        (HOST + b"A: b\0c\r\n", "header value"),
        (HOST + b"A: b\nContent-Length: 3\r\n", "CR"),
        (HOST + b"no colon\r\n", "header"),
        (HOST + b": nameless\r\n", "header"),
        (b"", "it has 0 Host headers, not one"),
        (HOST + b"Host: g\r\n", "it has 2 Host headers, not one"),
    ],
)
def test_a_head_with_two_meanings_is_refused(shared: Live, head: bytes, reason: str) -> None:
    before = shared.counts()
    answer = ask(shared, b"POST /v1/jobs HTTP/1.1\r\n" + FORM + head + b"\r\n", BODY)
    assert (answer.status, answer.problem["code"]) == (400, "malformed_request")
    assert reason.lower() in answer.problem["detail"].lower()
    assert shared.counts() == before


@pytest.mark.parametrize(
    "line", [b"NONSENSE / HTTP/1.1", b"GET /", b"GET / HTTP/2.0", b"GET / HTTP/9.9", b"PRI * HTTP/2.0", b"CONNECT h:80 HTTP/1.1",
             b"GET /\xc3\xb6 HTTP/1.1", b"GET / x HTTP/1.1", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"GET HTTP/1.1"],
)  # fmt: skip
def test_a_broken_first_line_is_refused(shared: Live, line: bytes) -> None:
    answer = ask(shared, line + b"\r\nHost: h\r\n\r\n")
    assert (answer.status, answer.problem["code"]) == (400, "malformed_request")


def test_a_long_first_line_is_414(shared: Live) -> None:
    fits, over = (b"GET /livez?%b HTTP/1.1\r\n" % (b"x" * (MOST_TARGET - len("/livez?") + more)) for more in (0, 1))
    assert ask(shared, fits + HOST + CLOSE + b"\r\n").status == 200
    answer = ask(shared, over + HOST + CLOSE + b"\r\n")
    assert (answer.status, answer.problem["code"]) == (414, "target_too_long")
    assert ask(shared, b"GET /", *[b"x" * 100_000] * 20).status == 414


@pytest.mark.parametrize(
    "headers",
    [
        (b"A: b\r\n" * 1000,),
        (b"A: b\r\n" * (MOST_HEADERS - 1),),
        (b"A: " + b"b" * MOST_HEAD + b"\r\n",),
        # One header without an end, for ever.
        (b"A: ", *[b"b" * 50_000] * 40),
        (*[b"b" * 50_000] * 40,),
    ],
)
def test_a_large_head_is_431(shared: Live, headers: tuple[bytes, ...]) -> None:
    answer = ask(shared, b"GET /livez HTTP/1.1\r\n", HOST + CLOSE, *headers, b"\r\n")
    assert (answer.status, answer.problem["code"]) == (431, "head_too_large")


def test_a_head_that_fits_is_read(shared: Live) -> None:
    many = b"A: b\r\n" * (MOST_HEADERS - 2)
    large = b"A: %b\r\n" % (b"b" * (MOST_HEAD - 100))
    for headers in (many, large):
        assert ask(shared, b"GET /livez HTTP/1.1\r\n", HOST + CLOSE, headers, b"\r\n").status == 200


@pytest.mark.parametrize(
    "rest",
    [
        (b"-3\r\nabc",),
        (b"zz\r\nabc",),
        (b"3\r\nabcdef\r\n",),
        (b"3;" + b"x" * 50_000, *[b"x" * 50_000] * 40),
        (b"0\r\nX: ", *[b"x" * 50_000] * 40),
    ],
)
def test_a_broken_or_endless_chunk_is_refused(shared: Live, rest: tuple[bytes, ...]) -> None:
    before = shared.counts()
    answer = ask(shared, b"POST /v1/jobs HTTP/1.1\r\n" + HOST + FORM + CHUNKED + b"\r\n5\r\n--b\r\n\r\n", *rest)
    assert answer.problem["code"] in {"malformed_request", "head_too_large"}
    assert shared.counts() == before


def test_a_trailer_changes_no_header(shared: Live) -> None:
    chunks = b"%x;ext=1\r\n%b\r\n0\r\nConnection: keep-alive\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n" % (len(BODY), BODY)
    answer = ask(shared, b"POST /v1/jobs HTTP/1.1\r\n" + HOST + CLOSE + FORM + CHUNKED + b"\r\n" + chunks)
    assert answer.status == 202


@pytest.mark.parametrize("upgrade", [b"h2c\r\nHTTP2-Settings: AAMAAABk", b"websocket", b"TLS/1.0"])
def test_an_offer_of_another_protocol_does_not_cost_the_body(shared: Live, upgrade: bytes) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: " + upgrade + b"\r\n"
    head = b"POST /v1/jobs HTTP/1.1\r\n" + HOST + offer + FORM
    length = b"Content-Length: %d\r\n\r\n" % len(BODY)
    assert ask(shared, head + length + BODY).status == 202
    assert ask(shared, head + length, BODY[:50], BODY[50:]).status == 202
    assert ask(shared, head + CHUNKED + b"\r\n%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n").status == 202


def test_requests_in_a_row_are_answered_in_their_order(shared: Live) -> None:
    asked = [b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n", b"HEAD /livez HTTP/1.1\r\n" + HOST + b"\r\n"]
    asked += [b"GET /nothing HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n"]
    with connect(shared) as wire:
        wire.sendall(asked[0] + asked[2])
        assert [answer.status for answer in read_answers(wire)] == [200, 404]


def test_what_follows_a_request_and_is_broken_does_not_cost_its_answer(shared: Live) -> None:
    answer = ask(shared, b"GET /v1/formats HTTP/1.1\r\n" + HOST + b"\r\nNONSENSE\r\n\r\n")
    assert answer.status == 200
    assert b"jpeg" in answer.body


def test_a_head_answer_has_no_body(shared: Live) -> None:
    with connect(shared) as wire:
        wire.sendall(b"HEAD /v1/formats HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n")
        data = b"".join(iter(lambda: wire.recv(65536), b""))
    assert data.startswith(b"HTTP/1.1 200 ")
    assert data.endswith(b"\r\n\r\n")
    assert data.count(b"\r\n\r\n") == 1


def test_a_body_in_single_bytes_is_read(shared: Live) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n"
    answer = ask(shared, b"POST /v1/jobs HTTP/1.1\r\n" + HOST + CLOSE + FORM + CHUNKED + b"\r\n", chunks)
    assert answer.status == 202


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 11, 64])
def test_a_wrapped_form_is_the_same_in_pieces_of_any_size(size: int) -> None:
    file = b"\r\n--bb\r\n--\r\n--b\t\t\rx\r\n--b-x" + PNG + b"\r\n" * 9
    body = BODY.replace(PNG, file)
    sent = b"Hello.\r\n--bb\r\n" + body.replace(b"--b\r\n", b"--b \t \r\n") + b"Bye."

    async def pieces() -> AsyncGenerator[bytes, None]:
        for at in range(0, len(sent), size):
            yield sent[at : at + size]

    async def join() -> bytes:
        return b"".join([piece async for piece in unwrap_form(pieces(), "multipart/form-data; boundary=b")])

    assert asyncio.run(join()) == b"\r\n" + body + b"Bye."


@pytest.mark.parametrize("body", [b"--c\r\n\r\n--c--\r\n", b"hello", b"x" * 200_000, b"--bb\r\n\r\n--bb--"])
def test_a_body_with_another_boundary_is_told_as_that(shared: Live, body: bytes) -> None:
    answer = post(shared, body)
    assert answer.status == 400
    assert "the boundary of its Content-Type is not in its body" in json.loads(answer.body)["detail"]


def test_the_server_takes_the_fast_parsers(shared: Live) -> None:
    config = shared.server.config
    assert config.http_protocol_class is WireProtocol
    assert issubclass(WireProtocol, HttpToolsProtocol)
    if sys.platform != "win32":
        import uvloop

        loop = config.get_loop_factory()
        assert loop is not None
        with closing(loop()) as made:
            assert isinstance(made, uvloop.Loop)


def test_redis_answers_are_parsed_by_hiredis() -> None:
    assert redis.connection.DefaultParser is redis._parsers._HiredisParser
    assert redis.asyncio.connection.DefaultParser is redis._parsers._AsyncHiredisParser


def test_an_upload_that_hangs_at_the_end_leaves_no_traceback(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    live = serve(api_drain_seconds=1)
    with closing(connect(live)) as wire:
        wire.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n" + FORM + b"\r\n" + BODY[:60])
        state = live.server.server_state
        wait_for("the upload to begin", lambda: bool(state.tasks))
        live.server.should_exit = True
        wait_for("it to be given up", lambda: any("Cancel 1" in record.message for record in caplog.records))
        assert wire.recv(1) == b""
    wait_for("its task to end", lambda: not state.tasks)
    assert not [record for record in caplog.records if record.exc_info]
