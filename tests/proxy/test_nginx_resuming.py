"""Uploads that go on where they stopped, behind a real nginx."""

import socket
from urllib.parse import urlsplit

import httpx
import pytest

from conformance.service import wait_for
from tests.api.conftest import Serve
from tests.api.live import PNG
from tests.proxy.nginx import needs_nginx, running_nginx
from tests.proxy.test_nginx import BARE, BELOW, KEPT, PREFIXES, ROOT, STRIPPED, TLS, served

pytestmark = needs_nginx

MEGABYTE = 1_000_000
LARGE = PNG + bytes(4 * MEGABYTE)
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


def begin(http: httpx.Client, prefix: str) -> str:
    answer = http.post(f"{prefix}/v1/uploads", headers={**TUS, "Upload-Length": str(len(LARGE))})
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


def offset(http: httpx.Client, address: str) -> int:
    return int(http.head(address, headers=TUS).headers["upload-offset"])


def finish(http: httpx.Client, prefix: str, address: str, size: int) -> None:
    """Send the rest in requests of that size, and make a job of it."""
    while (start := offset(http, address)) < len(LARGE):
        headers = {**PIECE, "Upload-Offset": str(start)}
        answer = http.patch(address, headers=headers, content=LARGE[start : start + size])
        # 409: bytes that nginx had in hand were stored in between.
        assert answer.status_code in {204, 409}, answer.text
    form = {"upload": (None, address.rpartition("/")[2]), "target_format": (None, "jpeg")}
    taken = http.post(f"{prefix}/v1/jobs", files=form)
    assert (taken.status_code, taken.json()["source"]["bytes"]) == (202, len(LARGE))


@pytest.mark.parametrize("heading", [ROOT, STRIPPED, KEPT])
def test_what_came_before_a_cut_is_kept(serve: Serve, heading: str) -> None:
    """As the page says: with `proxy_request_buffering off`."""
    live, half = served(serve, heading), 3 * MEGABYTE
    with running_nginx(heading, live.url) as proxy, proxy.client() as http:
        address = begin(http, PREFIXES[heading])
        host = urlsplit(proxy.url)
        head = "\r\n".join(
            [
                f"PATCH {address} HTTP/1.1",
                f"Host: {host.netloc}",
                *(f"{name}: {value}" for name, value in PIECE.items()),
                "Upload-Offset: 0",
                f"Content-Length: {len(LARGE)}",
                "\r\n",
            ]
        )
        with socket.create_connection((host.hostname or "", host.port or 0)) as line:
            line.sendall(head.encode() + LARGE[:half])
        wait_for("the bytes before the cut", lambda: offset(http, address) > half // 2)
        finish(http, PREFIXES[heading], address, len(LARGE))


@pytest.mark.parametrize("heading", [TLS, BARE])
def test_chunks_pass_whatever_nginx_does(serve: Serve, heading: str) -> None:
    live = served(serve, heading)
    with running_nginx(heading, live.url) as proxy, proxy.client() as http:
        address = begin(http, PREFIXES[heading])
        assert address.startswith("/v1/uploads/"), "an address without a host is right before and behind a proxy"
        finish(http, PREFIXES[heading], address, MEGABYTE - 1)


def test_the_prefix_is_in_the_address(serve: Serve) -> None:
    live = served(serve, STRIPPED)
    with running_nginx(STRIPPED, live.url) as proxy, proxy.client() as http:
        assert begin(http, BELOW).startswith(f"{BELOW}/v1/uploads/")
