"""The packets on a job's socket. They are not trusted: hostile bytes may have compromised the sender."""

import json
import os
import signal
import socket
from dataclasses import dataclass
from typing import Any

from engine.request import Header, Outcome

LARGEST = 1 << 16
LONGEST_STDERR = 8000

REQUIRED = "required"
"""A zygote's argument: without a system-call filter it exits."""

GO = b"go"
"""The supervisor's only message: the memory for the conversion is reserved."""


@dataclass(frozen=True, slots=True)
class Started:
    """The child exists. The receiver must close the pidfd."""

    pid: int
    pidfd: int


@dataclass(frozen=True, slots=True)
class Exit:
    """The child was reaped with this wait status."""

    status: int


@dataclass(frozen=True, slots=True)
class StderrText:
    """The child's stderr, on one line."""

    text: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """A packet outside the protocol."""


Message = Started | Exit | Header | Outcome | StderrText | Malformed


def encode_stderr(text: str) -> bytes:
    """Encode the end of a child's stderr as a message."""
    return json.dumps({"stderr": text[-LONGEST_STDERR:]}).encode()


def read_message(source: socket.socket) -> Message | None:
    """Read the next packet; None at the end of the socket."""
    try:
        text, fds, _, _ = socket.recv_fds(source, LARGEST, 4)
    except ConnectionResetError:
        # Raised once, before the packets that are still there, when the other end closed without reading ours.
        text, fds, _, _ = socket.recv_fds(source, LARGEST, 4)
    if not text and not fds:
        return None
    message = _parse_message(text, fds)
    for fd in fds:
        if not isinstance(message, Started) or fd != message.pidfd:
            os.close(fd)
    return message


def _parse_message(text: bytes, fds: list[int]) -> Message:
    try:
        values: Any = json.loads(text)
        match values:
            case {"started": int(pid), **rest} if not rest and len(fds) == 1:
                return Started(pid, fds[0])
            case {"exit": int(status), **rest} if not rest:
                return Exit(status & 0xFFFF)
            case {"header": header, **rest} if not rest:
                return Header.of(header)
            case {"stderr": str(words), **rest} if not rest:
                return StderrText(_join_lines(words[-LONGEST_STDERR:]))
        return Outcome.from_json(text)
    except (ValueError, RecursionError):
        return Malformed()


def _join_lines(words: str) -> str:
    """Join the lines, and replace control characters: a log or a terminal would interpret them."""
    lines = " / ".join(line.strip() for line in words.splitlines())
    return "".join(letter if letter.isprintable() else "?" for letter in lines)


def name_status(status: int | None) -> str:
    """Return how a process ended, in words for the log."""
    if status is None:
        return "killed"
    if os.WIFSIGNALED(status):
        return f"ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"ended with status {os.waitstatus_to_exitcode(status)}"
