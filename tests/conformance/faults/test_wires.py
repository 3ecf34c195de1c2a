"""The network of the faults does what each fault says of it."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest

from conformance.faults.wires import ANSWERING, ASKING, BOTH, FAIR, Link, Weather, Wires
from conformance.service import PATIENCE

SHORT = 0.3


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while data := self.request.recv(1 << 16):
                self.request.sendall(data)
        except OSError:
            return


@pytest.fixture
def link() -> Iterator[Link]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        wires = Wires()
        yield wires.link(lambda: ("127.0.0.1", server.server_address[1]))
        wires.close()
        server.shutdown()
        serving.join()


def connect(link: Link) -> socket.socket:
    return socket.create_connection(("127.0.0.1", link.port), PATIENCE)


def ask(connection: socket.socket, words: bytes, seconds: float = PATIENCE) -> bytes:
    """Send the words and return what comes; nothing when none comes in time."""
    connection.settimeout(seconds)
    connection.sendall(words)
    try:
        return connection.recv(100)
    except TimeoutError:
        return b""


def test_what_is_sent_comes_through_in_fair_weather(link: Link) -> None:
    with connect(link) as connection:
        assert ask(connection, b"one") == b"one"


@pytest.mark.parametrize("ways", [BOTH, {ASKING}, {ANSWERING}], ids=lambda ways: "+".join(sorted(ways)))
def test_silence_holds_back_and_gives_it_all_later(link: Link, ways: frozenset[str]) -> None:
    with connect(link) as connection:
        link.set(Weather(silent=frozenset(ways)))
        assert ask(connection, b"one", SHORT) == b""
        link.set(FAIR)
        connection.settimeout(PATIENCE)
        assert connection.recv(100) == b"one"


def test_what_the_deaf_are_told_is_gone(link: Link) -> None:
    with connect(link) as connection:
        link.set(Weather(deaf=frozenset({ANSWERING})))
        assert ask(connection, b"one", SHORT) == b""
        link.set(FAIR)
        assert ask(connection, b"two") == b"two"


def test_a_slow_link_takes_its_time(link: Link) -> None:
    with connect(link) as connection:
        link.set(Weather(delay=SHORT))
        began = time.monotonic()
        assert ask(connection, b"one") == b"one"
        assert time.monotonic() - began >= 2 * SHORT


def test_connections_are_cut_or_reset(link: Link) -> None:
    with connect(link) as one:
        assert ask(one, b"one") == b"one"
        link.cut()
        assert ask(one, b"") == b""
    with connect(link) as other:
        assert ask(other, b"one") == b"one"
        link.reset()
        other.settimeout(PATIENCE)
        with pytest.raises(ConnectionResetError):
            other.recv(100)


def test_nobody_listens_while_it_refuses(link: Link) -> None:
    link.set(Weather(is_refusing=True))
    with pytest.raises(ConnectionRefusedError):
        connect(link)
    link.set(FAIR)
    with connect(link) as connection:
        assert ask(connection, b"one") == b"one"
