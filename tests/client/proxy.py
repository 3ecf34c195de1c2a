"""A small TCP proxy on loopback that loses answers on purpose."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

Rule = Callable[[bytes], int | None]
"""From the head of a request to how many bytes of its answer come through; None for all. Then the line is cut."""


class Proxy:
    """Passes each connection on to the port. Every request is put to `rule` before its answer is passed back."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self.requests: list[bytes] = []
        """The heads of all requests, in the order in which they came."""
        self.rule: Rule = lambda _head: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def lose_first(self, start: bytes, *, after: int = 0) -> None:
        """Lose the answer to the first request that begins so, past its first bytes."""
        seen: list[bytes] = []

        def rule(head: bytes) -> int | None:
            if head.startswith(start) and not seen:
                seen.append(head)
                return after
            return None

        self.rule = rule

    def count(self, start: bytes) -> int:
        return sum(head.startswith(start) for head in self.requests)

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in list(self._sockets):
            _cut(each)
        for thread in self._threads:
            thread.join(60)

    def _spawn(self, run: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                self._sockets += [client, server]
                allowed: list[int | None] = []
                self._spawn(lambda c, s, a=allowed: self._pass_requests(c, s, a), client, server)
                self._spawn(lambda c, s, a=allowed: self._pass_answers(c, s, a), client, server)

    def _pass_requests(self, client: socket.socket, server: socket.socket, allowed: list[int | None]) -> None:
        with suppress(OSError):
            while piece := client.recv(1 << 16):
                if piece.split(b" ", 1)[0] in {b"GET", b"POST", b"DELETE"}:
                    self.requests.append(piece)
                    allowed[:] = [self.rule(piece)]
                server.sendall(piece)
        _cut(server)

    def _pass_answers(self, client: socket.socket, server: socket.socket, allowed: list[int | None]) -> None:
        with suppress(OSError):
            while piece := server.recv(1 << 16):
                if allowed and (limit := allowed[0]) is not None:
                    client.sendall(piece[:limit])
                    if len(piece) >= limit:
                        break
                    allowed[0] = limit - len(piece)
                else:
                    client.sendall(piece)
        _cut(client)


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
