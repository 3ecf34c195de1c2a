"""The packets on a job's socket, read without trust: they may come from a process that hostile bytes have taken over."""

import json
import os
import socket
from dataclasses import dataclass
from typing import Any

from engine.request import Header, Outcome

LARGEST = 1 << 16
LONGEST_SAYING = 8000

GO = b"go"
"""The supervisor's one word: there is memory for what the header promised."""


@dataclass(frozen=True, slots=True)
class Started:
    """The child exists; the pidfd is the receiver's to close."""

    pid: int
    pidfd: int


@dataclass(frozen=True, slots=True)
class Exit:
    """The child was reaped with that wait status."""

    status: int


@dataclass(frozen=True, slots=True)
class Said:
    """What the child would have written to stderr, on one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """Something that is no message."""


Message = Started | Exit | Header | Outcome | Said | Malformed


def said(text: str) -> bytes:
    """What a child has to say, the end of it."""
    return json.dumps({"said": text[-LONGEST_SAYING:]}).encode()


def read_message(source: socket.socket) -> Message | None:
    """The next packet, None at the end of the socket."""
    try:
        text, fds, _, _ = socket.recv_fds(source, LARGEST, 4)
    except ConnectionResetError:
        # Said once, before what is still there to read, when the other end is gone without having read ours.
        text, fds, _, _ = socket.recv_fds(source, LARGEST, 4)
    if not text and not fds:
        return None
    message = _understood(text, fds)
    for fd in fds:
        if not isinstance(message, Started) or fd != message.pidfd:
            os.close(fd)
    return message


def _understood(text: bytes, fds: list[int]) -> Message:
    try:
        values: Any = json.loads(text)
        match values:
            case {"started": int(pid), **rest} if not rest and len(fds) == 1:
                return Started(pid, fds[0])
            case {"exit": int(status), **rest} if not rest:
                return Exit(status & 0xFFFF)
            case {"header": header, **rest} if not rest:
                return Header.of(header)
            case {"said": str(words), **rest} if not rest:
                return Said(_on_one_line(words[-LONGEST_SAYING:]))
        return Outcome.from_json(text)
    except (ValueError, RecursionError):
        return Malformed()


def _on_one_line(words: str) -> str:
    """No character that a log or a terminal would take for its own."""
    lines = " / ".join(line.strip() for line in words.splitlines())
    return "".join(letter if letter.isprintable() else "?" for letter in lines)
