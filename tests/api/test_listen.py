import http.client
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
    url = httpx.URL(shared.url)
    connection = http.client.HTTPConnection(url.host, url.port)
    for pause in (0, 6):
        time.sleep(pause)
        connection.request("GET", "/livez")
        with connection.getresponse() as answer:
            assert (answer.status, answer.read() != b"") == (200, True)
    connection.close()
