"""What a child used, as the kernel counted it. For the log: a lost figure costs no job."""

import json
import os
import resource
import select
import socket
import time
from dataclasses import dataclass

WAIT_SECONDS = 0.5
"""How long to wait for the zygote, which reaps a child as soon as it has ended."""
LARGEST = 1 << 16
MOST = 1 << 50


@dataclass(frozen=True, slots=True)
class Usage:
    """Time of the processor, and the most memory at a time, of all children of a job."""

    cpu_seconds: float = 0.0
    peak_bytes: int = 0

    def add(self, other: "Usage") -> "Usage":
        """Return the usage of both, one after the other."""
        return Usage(self.cpu_seconds + other.cpu_seconds, max(self.peak_bytes, other.peak_bytes))


def reap_process(pid: int) -> tuple[int, bytes]:
    """Wait for the end of a child process. Return its wait status, and its usage as a message."""
    _, status, used = os.wait4(pid, 0)
    return status, _encode(used)


def _encode(used: resource.struct_rusage) -> bytes:
    milliseconds = round(1000 * (used.ru_utime + used.ru_stime))
    # Linux counts in KiB.
    return json.dumps({"used": [milliseconds, used.ru_maxrss << 10]}).encode()


def read_usage(source: socket.socket) -> Usage:
    """Return the usage of a child that has ended. What else is left on the socket is dropped."""
    until = time.monotonic() + WAIT_SECONDS
    poller = select.poll()
    poller.register(source, select.POLLIN)
    while poller.poll(max(0.0, until - time.monotonic()) * 1000):
        try:
            text, fds, _, _ = socket.recv_fds(source, LARGEST, 4)
        except ConnectionResetError:
            continue
        for fd in fds:
            os.close(fd)
        if not text and not fds:
            break
        if (usage := _decode(text)) is not None:
            return usage
    return Usage()


def _decode(text: bytes) -> Usage | None:
    """Read the message. The child has the same socket, so it may be a lie; it is a pair of numbers in any case."""
    try:
        match json.loads(text):
            case {"used": [int(milliseconds), int(peak)], **rest} if not rest:
                return Usage(min(max(milliseconds, 0), MOST) / 1000, min(max(peak, 0), MOST))
    except (ValueError, RecursionError):
        pass
    return None
