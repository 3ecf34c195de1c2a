"""Connections that stand still, and more of them than there may be, against the real server."""

import resource
import socket
from contextlib import ExitStack, closing
from urllib.parse import urlsplit

import pytest

from api import bound_protocol, connections
from api.bound_protocol import BoundState
from api.connections import ConnectionTable, raise_file_limit
from api.settings import ApiSettings
from conformance.service import PATIENCE, wait_for
from core.transitions import Status
from tests.api.live import Live

ASK = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


def connect(live: Live) -> socket.socket:
    address = urlsplit(live.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE)


def table_of(live: Live) -> ConnectionTable:
    state = live.server.server_state
    assert isinstance(state, BoundState)
    return state.table


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a head, and a reader, a moment in place of 20 and 30 seconds."""
    for name in ("HEAD_SECONDS", "SPARE_HEAD_SECONDS", "STALL_SECONDS"):
        monkeypatch.setattr(bound_protocol, name, 0.3)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "sent", [b"", b"\r\n", b"GET /livez HTTP/1.1\r\nHost: a\r\n"], ids=["nothing", "a blank", "half"]
)
def test_a_head_that_does_not_end_is_closed(shared: Live, sent: bytes) -> None:
    with closing(connect(shared)) as wire:
        wire.sendall(sent)
        assert wire.recv(1) == b""


@pytest.mark.usefixtures("impatient")
def test_a_head_that_trickles_is_closed(shared: Live) -> None:
    with closing(connect(shared)) as wire:
        wire.sendall(b"GET /livez HTTP/1.1\r\nX: ")
        wire.settimeout(0.02)
        for _ in range(10_000):
            try:
                wire.sendall(b"x")
                if wire.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            pytest.fail("a head may trickle for ever")


@pytest.mark.usefixtures("impatient")
def test_half_a_second_head_is_closed_too(shared: Live) -> None:
    with closing(connect(shared)) as wire:
        wire.sendall(ASK % b"/livez" + b"GET /livez HTTP/1.1\r\n")
        data = b"".join(iter(lambda: wire.recv(65536), b""))
    assert data.count(b"HTTP/1.1 200 OK") == 1


@pytest.mark.usefixtures("impatient")
def test_a_request_that_waits_is_no_head(shared: Live) -> None:
    job = shared.in_status(Status.QUEUED)
    assert shared.get(job, wait=1)["status"] == "queued"


@pytest.mark.usefixtures("impatient")
def test_a_reader_that_takes_nothing_is_cut_off(live: Live) -> None:
    job = live.submit()
    live.claim(job)
    live.succeed(job, data=bytes(20_000_000))
    with closing(connect(live)) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.sendall(ASK % f"/v1/jobs/{job}/result".encode())
        wait_for("the answer to begin", lambda: wire.recv(1))
        wait_for("it to be cut", lambda: not any(c.transport.get_write_buffer_size() for c in connections_of(live)))
        assert sum(map(len, iter(lambda: wire.recv(1 << 20), b""))) < 20_000_000


def connections_of(live: Live) -> list[bound_protocol.BoundProtocol]:
    return [c for c in live.server.server_state.connections if isinstance(c, bound_protocol.BoundProtocol)]


def test_a_crowd_of_silent_connections_makes_room(live: Live) -> None:
    table_of(live).most = 10
    with ExitStack() as stack:
        wires = [stack.enter_context(closing(connect(live))) for _ in range(200)]
        assert live.http.get("/v1/formats").status_code == 200
        assert wires[0].recv(1) == b""
    wait_for("all to be forgotten", lambda: len(table_of(live)) <= 1)


def test_where_all_connections_have_requests_a_probe_is_answered(live: Live) -> None:
    job = live.in_status(Status.QUEUED)
    table_of(live).most = 5
    live.http.close()
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(closing(connect(live))).sendall(ASK % f"/v1/jobs/{job}?wait=50".encode())
        wait_for("all to wait", lambda: len(live.server.server_state.tasks) == 5)
        answers = {path: ask(live, path) for path in (b"/livez", b"/readyz", b"/v1/formats")}
    assert answers[b"/livez"].startswith(b"HTTP/1.1 200 ")
    assert answers[b"/readyz"].startswith(b"HTTP/1.1 ")
    assert answers[b"/v1/formats"].startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 5\r\n" in answers[b"/v1/formats"]
    assert b'"code":"busy"' in answers[b"/v1/formats"]


def ask(live: Live, path: bytes) -> bytes:
    with closing(connect(live)) as wire:
        wire.sendall(ASK % path)
        return b"".join(iter(lambda: wire.recv(65536), b""))


def test_the_limit_of_open_files_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 20_000))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert raise_file_limit() == 20_000
    assert asked == [(20_000, 20_000)]


@pytest.mark.parametrize(("soft", "most"), [(100, 16), (1024, 624), (1 << 20, 10_000)])
def test_connections_leave_room_for_other_files(monkeypatch: pytest.MonkeyPatch, soft: int, most: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, soft))
    assert connections.count_possible(256, ApiSettings(database_url="postgresql://a/b").threads) == most
