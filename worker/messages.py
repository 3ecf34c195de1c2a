"""The packets on a job's socket, read without trust: they may come from a process that hostile bytes have taken over."""

import json
import os
import socket
from dataclasses import dataclass
from typing import Any

from worker.request import Outcome

LARGEST = 1 << 16


@dataclass(frozen=True, slots=True)
class Started:
    """The child exists; the pidfd is the receiver's to close."""

    pidfd: int


@dataclass(frozen=True, slots=True)
class Exit:
    """The child was reaped with that wait status."""

    status: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """Something that is no message."""


def read_message(source: socket.socket) -> Started | Exit | Outcome | Garbage | None:
    """The next packet, None at the end of the socket."""
    try:
        text, fds, _, _ = socket.recv_fds(source, LARGEST, 4)
    except ConnectionResetError:
        return None
    if not text and not fds:
        return None
    message = _understood(text, fds)
    for fd in fds:
        if not isinstance(message, Started) or fd != message.pidfd:
            os.close(fd)
    return message


def _understood(text: bytes, fds: list[int]) -> Started | Exit | Outcome | Garbage:
    try:
        values: Any = json.loads(text)
        if isinstance(values, dict) and values.keys() == {"started"} and len(fds) == 1:
            return Started(fds[0])
        if isinstance(values, dict) and values.keys() == {"exit"} and type(values["exit"]) is int:
            return Exit(values["exit"] & 0xFFFF)
        return Outcome.from_json(text)
    except (ValueError, RecursionError):
        return Garbage()
