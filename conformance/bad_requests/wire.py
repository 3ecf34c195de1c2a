"""Send a request as it is, and read what the server says and whether it ends the connection."""

import json
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

SECONDS = 60.0
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. Status 0 is none. `code` is the problem's, `text` the start of the body."""

    status: int
    code: str
    is_closed: bool
    text: str


class Broken(Exception):
    """The server broke HTTP: a second answer, or one that ended early."""


def ask_raw(address: tuple[str, int], request: bytes, *, breaks_off: bool = False) -> Answer:
    """Send the bytes. Raises Broken when the answer is not exactly one, or the connection then serves no other request."""
    with socket.create_connection(address, timeout=SECONDS) as wire:
        # The server may have answered and ended it before it has read all.
        with suppress(ConnectionError):
            wire.sendall(request)
            if breaks_off:
                wire.shutdown(socket.SHUT_WR)
        reader = Reader(wire)
        answer = reader.read_answer(has_body=not request.startswith(b"HEAD "))
        if answer.is_closed:
            with suppress(OSError):
                # A server may wait a while for a client that still sends.
                wire.shutdown(socket.SHUT_WR)
            if reader.read_rest():
                raise Broken("more than one answer")
        elif not breaks_off:
            wire.sendall(LIVEZ)
            if reader.read_answer().status != 200:
                raise Broken("the connection serves no other request")
    return answer


class Reader:
    """Reads answers from a socket."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._data = b""

    def read_answer(self, *, has_body: bool = True) -> Answer:
        """Read one answer. The end of the connection is status 0."""
        while b"\r\n\r\n" not in self._data:
            if not self._receive():
                if self._data:
                    raise Broken(f"half a head: {self._data[:80]!r}")
                return Answer(0, "", is_closed=True, text="")
        head, _, self._data = self._data.partition(b"\r\n\r\n")
        status = int(head[9:12])
        lines = [line.lower() for line in head.split(b"\r\n")[1:]]
        body = self._read_body(lines) if has_body and status not in {204, 304} else b""
        text = body[:2000].decode("utf-8", "replace")
        return Answer(status, _read_code(lines, body), is_closed=b"connection: close" in lines, text=text)

    def read_rest(self) -> bytes:
        """Read to the end of the connection."""
        while self._receive():
            pass
        return self._data

    def _read_body(self, lines: Iterable[bytes]) -> bytes:
        for line in lines:
            if found := re.fullmatch(rb"content-length: (\d+)", line):
                return self._take(int(found[1]))
            if line == b"transfer-encoding: chunked":
                return self._read_chunks()
        return b""

    def _read_chunks(self) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in self._data:
                self._need()
            size, _, self._data = self._data.partition(b"\r\n")
            body += self._take(int(size, 16))
            self._take(2)
            if not int(size, 16):
                return body

    def _take(self, size: int) -> bytes:
        while len(self._data) < size:
            self._need()
        taken, self._data = self._data[:size], self._data[size:]
        return taken

    def _need(self) -> None:
        if not self._receive():
            raise Broken("an answer that ended early")

    def _receive(self) -> bool:
        try:
            data = self._wire.recv(65536)
        except ConnectionError:
            return False
        self._data += data
        return bool(data)


def _read_code(lines: Iterable[bytes], body: bytes) -> str:
    if b"content-type: application/problem+json" not in lines or not body:
        return ""
    return str(json.loads(body)["code"])
