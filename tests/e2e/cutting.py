"""A small TCP proxy on loopback whose lines are slow, or cut in the middle of a request's body."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE = 1 << 16
RESET = b"\1\0\0\0\0\0\0\0"
"""SO_LINGER of no time: the connection ends with a reset, as when a router dies."""


class CuttingLine:
    """Passes connections on to a port. Once `cuts` bytes have gone up in all, the line that carries them is cut.

    `on_cut` is told each time, and may move the line to another port.
    """

    def __init__(self, port: int, cuts: Sequence[int] = (), bytes_per_second: float | None = None) -> None:
        self.port = port
        self.cut_at: list[int] = []
        """How many bytes had gone up at each cut."""
        self.sent = 0
        self.on_cut: Callable[[int], None] = lambda _number: None
        self._cuts = list(cuts)
        self._rate = bytes_per_second
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in [self._listener, *self._sockets]:
            _end(each)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            _end(client)
            return
        # Only the server's own buffers hold bytes that it has not read.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIECE)
        self._sockets += [client, server]
        threading.Thread(target=self._pass_down, args=(server, client), daemon=True).start()
        self._pass_up(client, server)

    def _pass_up(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while piece := client.recv(PIECE):
                if self._rate:
                    time.sleep(len(piece) / self._rate)
                server.sendall(piece)
                if self._count(len(piece)):
                    self.on_cut(len(self.cut_at))
                    for each in (client, server):
                        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    break
        _end(client)
        _end(server)

    def _pass_down(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while piece := server.recv(PIECE):
                client.sendall(piece)
        _end(client)

    def _count(self, size: int) -> bool:
        """Count bytes that went up, and return whether the line is to be cut now."""
        with self._lock:
            self.sent += size
            if not self._cuts or self.sent < self._cuts[0]:
                return False
            self._cuts.pop(0)
            self.cut_at.append(self.sent)
            return True


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.close()
