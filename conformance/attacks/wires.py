"""Many connections of an attacker, and what became of them."""

import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from conformance.attacks.target import Target

AT_THE_SAME_TIME = 64
OPEN, CLOSED = "open", "closed"


@contextmanager
def many_wires(
    target: Target, count: int, begin: Callable[[socket.socket, int], None], receive_buffer: int = 0
) -> Iterator[list[socket.socket]]:
    """So many connections, each begun by `begin`, open until the end of the block."""
    wires: list[socket.socket] = []

    def open_one(number: int) -> None:
        with suppress(OSError):
            wire = target.connect(receive_buffer=receive_buffer)
            wires.append(wire)
            begin(wire, number)

    try:
        with ThreadPoolExecutor(AT_THE_SAME_TIME) as pool:
            list(pool.map(open_one, range(count)))
        yield wires
    finally:
        for wire in wires:
            wire.close()


def read_state(wire: socket.socket) -> str:
    """The status of the answer that began, or whether the connection is still open. Nothing is taken from it."""
    # With a timeout, Python waits in spite of MSG_DONTWAIT.
    wire.setblocking(False)
    try:
        head = wire.recv(64, socket.MSG_PEEK)
    except BlockingIOError:
        return OPEN
    except OSError:
        return CLOSED
    found = re.match(rb"HTTP/1\.1 (\d{3})", head)
    return found[1].decode() if found else CLOSED


def count_states(wires: list[socket.socket]) -> Counter[str]:
    """How many connections are in each state."""
    return Counter(read_state(wire) for wire in wires)


def wait_until_closed(wires: list[socket.socket], seconds: float) -> float:
    """Wait for all to be closed or answered. Return after how long, or `seconds` when some are open still."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if OPEN not in count_states(wires):
            return time.monotonic() - began
        time.sleep(0.25)
    return seconds
