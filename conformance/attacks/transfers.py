"""Attacks by uploads and downloads."""

import socket
import time
from contextlib import suppress

from conformance.attacks.target import Target
from conformance.attacks.wires import count_states, many_wires, wait_until_closed

MB = 1_000_000
PART = b'Content-Disposition: form-data; name="file"; filename="%d.png"\r\n\r\n'
FORM = (
    b"POST /v1/jobs HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b"Content-Length: 11000000\r\n\r\n"
)
PIECE = bytes(64 * 1024)


def leave_downloads_unread(target: Target, count: int, hold: float) -> str:
    """Ask for a result of 20 MB and read nothing of it."""
    job_id = target.make_result(20 * MB)
    ask = f"GET /v1/jobs/{job_id}/result HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    with many_wires(target, count, lambda wire, _: wire.sendall(ask), receive_buffer=4096) as wires:
        time.sleep(hold)
        return _tell(count_states(wires))


def crowd_forms(target: Target, count: int, hold: float) -> str:
    """Send forms with ten files of 1 MB, and never end them."""

    def send(wire: socket.socket, _: int) -> None:
        wire.settimeout(hold)
        wire.sendall(FORM)
        for number in range(10):
            wire.sendall(b"--b\r\n" + PART % number)
            for _ in range(MB // len(PIECE)):
                wire.sendall(PIECE)
            wire.sendall(b"\r\n")

    with many_wires(target, count, send) as wires:
        time.sleep(hold)
        return _tell(count_states(wires))


def send_slow_bodies(target: Target, count: int, hold: float) -> str:
    """Send half a megabyte of a file, then a byte a second."""

    def begin(wire: socket.socket, _: int) -> None:
        wire.settimeout(hold)
        wire.sendall(FORM + b"--b\r\n" + PART % 1)
        for _ in range(8):
            wire.sendall(PIECE)

    with many_wires(target, count, begin) as wires:
        until = time.monotonic() + max(hold, 1)
        while time.monotonic() < until:
            for wire in wires:
                with suppress(OSError):
                    wire.send(b"x")
            time.sleep(1)
        return _tell(count_states(wires)) + f"; all over after {wait_until_closed(wires, hold):.0f} s more"


def _tell(states: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in sorted(states.items()))
