import socket
import time

import httpx

from api.__main__ import listen
from tests.api.live import Live


def test_answers_do_not_wait_for_the_clients_acknowledgement() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_connection_is_kept_while_a_proxy_might_use_it_again(shared: Live) -> None:
    """uvicorn's own 5 s are shorter than what clients keep: their next request would meet a closing connection."""
    host, port = httpx.URL(shared.url).host, httpx.URL(shared.url).port
    with socket.create_connection((host, port or 80)) as connection:
        for pause in (0, 6):
            time.sleep(pause)
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
