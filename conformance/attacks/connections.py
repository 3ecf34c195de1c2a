"""Attacks by connections alone, and by requests that wait."""

import socket
import time

import httpx

from conformance.attacks.target import Target
from conformance.attacks.wires import CLOSED, count_states, many_wires, wait_until_closed

HALF = b"GET /v1/formats HTTP/1.1\r\nHost: a\r\nX-Half:"
CLOSED_SECONDS = 30.0
WAIT = b"GET /v1/jobs/%b?wait=50 HTTP/1.1\r\nHost: a\r\n\r\n"


def send_half_heads(target: Target, count: int, hold: float) -> str:
    """Send half a head on every second connection, and nothing on the others."""

    def begin(wire: socket.socket, number: int) -> None:
        if number % 2:
            wire.sendall(HALF)

    with many_wires(target, count, begin) as wires:
        time.sleep(hold)
        early = count_states(wires)[CLOSED]
        seconds = hold + wait_until_closed(wires, CLOSED_SECONDS)
        return f"all closed after {seconds:.0f} s ({early:,} of them within {hold:g} s)"


def use_up_descriptors(target: Target, count: int, hold: float) -> str:
    """Open more connections than the API may have open files."""
    with many_wires(target, count, lambda wire, _: wire.sendall(HALF)) as wires:
        time.sleep(hold)
        states = count_states(wires)
        return ", ".join(f"{number:,} {state}" for state, number in sorted(states.items()))


def crowd_waiters(target: Target, count: int, hold: float) -> str:
    """Wait for one job with all connections, then end the job."""
    job_id = str(target.make_job())
    with many_wires(target, count, lambda wire, _: wire.sendall(WAIT % job_id.encode())) as wires:
        time.sleep(hold)
        before = count_states(wires)
        began = time.monotonic()
        httpx.delete(f"{target.url}/v1/jobs/{job_id}", timeout=60)
        told = wait_until_closed(wires, CLOSED_SECONDS)
        after = count_states(wires)
        taken = time.monotonic() - began
    waiting = before.get("open", 0)
    return f"{waiting:,} waited, {before.get('503', 0):,} refused; {after['200']:,} told the end within {min(told, taken):.1f} s"
