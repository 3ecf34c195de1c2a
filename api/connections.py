"""How many connections there may be, and how long one may stand still: for a head, for a body's answer, for nothing.

uvicorn bounds neither. A connection that sends nothing, or half a head, would stay for ever, and one that reads nothing
would keep its answer in memory for ever.
"""

import resource
import socket
from collections import OrderedDict
from typing import Protocol

import structlog

from api.metrics import PLACES, PLACES_MAX

log = structlog.get_logger(__name__)

NAME = "connections"
"""In the metrics."""

HEAD_SECONDS = 20.0
"""How long a connection may take for a request's head, from its beginning or from the head's first byte."""
SPARE_HEAD_SECONDS = 2.0
"""The same for a connection above the bound: it is there for a probe."""
STALL_SECONDS = 30.0
"""How long a reader may leave a full buffer as it is: about 4 KB/s are enough."""
UNSENT_BYTES = 128 * 1024
"""What the kernel takes of an answer beyond what is on its way. It needs no more, and it would keep megabytes."""
SILENT_SECONDS = 60.0
"""How long the other side may acknowledge nothing before the kernel gives the connection up."""

BUSY_SECONDS = 5
"""When a client without a place may come again."""

MOST_CONNECTIONS = 10_000
MOST_FILES = 65_536
SPARE_CONNECTIONS = 64
"""Connections above the bound: they are answered when they ask a probe, else refused."""
OTHER_FILES = 64
"""Descriptors for everything but connections, uploads and PostgreSQL."""
FEWEST_CONNECTIONS = 16
PROBES = frozenset({b"/livez", b"/readyz"})


class Connection(Protocol):
    """What the table does to a connection."""

    def end_waiting(self) -> None:
        """Close the connection, which has no request."""
        ...


class ConnectionTable:
    """All connections of a server. When there are too many, the one that has waited longest for a request makes room."""

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        self.most = most
        self._waiting: OrderedDict[Connection, None] = OrderedDict()
        self._open: set[Connection] = set()
        PLACES_MAX.labels(NAME).set(most)

    def __len__(self) -> int:
        """Count the open connections."""
        return len(self._open)

    def add(self, connection: Connection) -> bool:
        """Add a new connection. Return whether there is room, so that it may ask for more than a probe."""
        self._open.add(connection)
        PLACES.labels(NAME).inc()
        has_room = len(self._open) <= self.most or self._make_room()
        self._waiting[connection] = None
        return has_room

    @property
    def is_full(self) -> bool:
        """Return whether there is no room even for a probe."""
        return len(self._open) > self.most + SPARE_CONNECTIONS

    def note_request(self, connection: Connection) -> None:
        """Note that a connection has a request, so that it stays."""
        self._waiting.pop(connection, None)

    def note_waiting(self, connection: Connection) -> None:
        """Note that a connection waits for a request."""
        if connection in self._open:
            self._waiting[connection] = None

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._waiting.pop(connection, None)
        self._forget(connection)

    def _make_room(self) -> bool:
        """Close the connection that has waited longest."""
        if not self._waiting:
            return False
        connection, _ = self._waiting.popitem(last=False)
        log.warning("too many connections: the one that waited longest for a request is closed", most=self.most)
        self._forget(connection)
        connection.end_waiting()
        return True

    def _forget(self, connection: Connection) -> None:
        if connection in self._open:
            self._open.remove(connection)
            PLACES.labels(NAME).dec()


def count_possible(uploads: int, threads: int) -> int:
    """Return how many connections the limit of open files leaves beside as many uploads and threads."""
    left = raise_file_limit() - uploads - threads - OTHER_FILES - SPARE_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, left))


def raise_file_limit() -> int:
    """Raise the limit of open files as far as this process may, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft


def bound_kernel_buffers(listener: socket.socket) -> None:
    """Bound what the kernel keeps of an answer, and for how long. Accepted connections inherit both."""
    for name, value in (("TCP_NOTSENT_LOWAT", UNSENT_BYTES), ("TCP_USER_TIMEOUT", round(SILENT_SECONDS * 1000))):
        # Linux has them.
        if hasattr(socket, name):
            listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
