"""A connection to PostgreSQL that never waits without end for an answer.

The server's own limits (statement_timeout) and those of TCP do not help against a server that is frozen, or a proxy that
takes everything and answers nothing: the kernel at the other end goes on acknowledging. A thread inside libpq cannot be
canceled either. So one thread per process looks at all connections, and shuts down the socket of one that waited too
long. libpq then returns at once, as if the server had hung up. This works with TLS, COPY and cursors alike.
"""

import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import psycopg2
from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class, named like a variable
from psycopg2.extensions import cursor as DriverCursor  # noqa: N812 - a class, named like a variable
from psycopg2.sql import Composable

WAIT_SECONDS = 8.0
"""How long one answer may take: a little longer than the statement_timeout, so that a slow server can say so itself."""
ROLLBACK_SECONDS = 1.0
LOOK_SECONDS = 0.1

Query = str | bytes | Composable
Values = Sequence[object] | Mapping[str, object] | None
P = ParamSpec("P")
T = TypeVar("T")

_wait_seconds: ContextVar[float] = ContextVar("wait_seconds", default=WAIT_SECONDS)
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


class NoAnswer(psycopg2.OperationalError):
    """PostgreSQL did not answer within the time for it. The connection is closed."""


class TooLate(NoAnswer):
    """The time was over before PostgreSQL was asked. The connection is as it was."""


@contextmanager
def answers_within(seconds: float) -> Iterator[None]:
    """Let PostgreSQL be silent for so long in this block, on any connection."""
    token = _wait_seconds.set(seconds)
    try:
        yield
    finally:
        _wait_seconds.reset(token)


@contextmanager
def everything_until(deadline: float) -> Iterator[None]:
    """End every wait of this block by `deadline` (the monotonic clock), and begin none after it."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class BoundedConnection(DriverConnection):
    """What psycopg2 connects with. Each wait ends after the time that the block around it allows."""

    def __init__(self, dsn: str, **kwargs: int) -> None:
        super().__init__(dsn, **kwargs)
        self.cursor_factory = BoundedCursor
        self._wait = _Wait(self.fileno())
        weakref.finalize(self, self._wait.forget)
        WATCH.add(self._wait)

    def commit(self) -> None:
        """Commit. Raises NoAnswer; then nobody knows whether the server did. After TooLate all is rolled back."""
        try:
            self.await_answer(super().commit)
        except TooLate:
            # SQLAlchemy takes a failed COMMIT for the end of the transaction, and would pool an open one.
            self.rollback()
            raise

    def rollback(self) -> None:
        """Roll back. Past the deadline too: an open transaction must not stay in the pool."""
        try:
            self._wait.until(time.monotonic() + ROLLBACK_SECONDS, super().rollback)
        except psycopg2.Error:
            # Without a connection the server has rolled back by itself. The error that closed it is the one to raise.
            if not self.closed:
                raise

    def close(self) -> None:
        """Close the connection, and the second handle of its socket."""
        self._wait.forget()
        super().close()

    def await_answer(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the call returns. Raises NoAnswer when that takes too long."""
        deadline = _deadline.get()
        if deadline is not None and time.monotonic() >= deadline:
            raise TooLate("no time is left for PostgreSQL")
        return self._wait.until(_end_of_wait(), call, *args, **kwargs)

    def note_progress(self) -> None:
        """Give the call that goes on the whole time for an answer again, as far as the block's deadline lets it."""
        self._wait.move_end(_end_of_wait())


class BoundedCursor(DriverCursor):
    """A cursor whose calls wait as its connection does. Its results come whole, so reading them waits for nothing."""

    connection: BoundedConnection

    def execute(self, query: Query, vars: Values = None) -> None:  # noqa: A002 - the driver's name
        """Execute a statement. Raises NoAnswer."""
        self.connection.await_answer(super().execute, query, vars)

    def executemany(self, query: Query, vars_list: Iterable[Values]) -> None:
        """Execute a statement for each parameters. Raises NoAnswer."""
        self.connection.await_answer(super().executemany, query, vars_list)

    def copy_expert(self, sql: Query, file: Any, size: int = 8192) -> None:  # noqa: ANN401 - either way
        """Copy to or from a file. Raises NoAnswer when no bytes move for too long, however many there are."""
        self.connection.await_answer(super().copy_expert, sql, _Moving(file, self.connection), size)


class _Moving:
    """The file of a COPY. Each piece that libpq takes or gives shows that the server is there."""

    def __init__(self, file: Any, connection: BoundedConnection) -> None:  # noqa: ANN401 - either way
        self._file = file
        self._connection = connection

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes for the server."""
        self._connection.note_progress()
        piece: bytes = self._file.read(size)
        return piece

    def write(self, piece: bytes, /) -> int:
        """Take the next bytes of the server."""
        self._connection.note_progress()
        taken: int = self._file.write(piece)
        return taken


def _end_of_wait() -> float:
    end, deadline = time.monotonic() + _wait_seconds.get(), _deadline.get()
    return end if deadline is None else min(end, deadline)


class _Wait:
    """The wait of one connection, and a handle of its own on the socket.

    The handle is a duplicate: libpq may close its own at any time, and the number would be another's at once.
    """

    def __init__(self, fileno: int) -> None:
        self._handle = socket.socket(fileno=os.dup(fileno))
        self._lock = threading.Lock()
        self._end: float | None = None
        self._is_cut = False

    def until(self, end: float, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make the call, and cut the connection if it is not over by `end`."""
        with self._lock:
            self._end = end
        try:
            return call(*args, **kwargs)
        except psycopg2.Error as error:
            if self._is_cut:
                raise NoAnswer("PostgreSQL did not answer in time") from error
            raise
        finally:
            with self._lock:
                self._end = None

    def move_end(self, end: float) -> None:
        """Let the call that goes on take until then."""
        with self._lock:
            self._end = end

    def cut_if_late(self, now: float) -> None:
        """Shut the socket down if the wait should be over."""
        with self._lock:
            if self._end is not None and now >= self._end:
                self._is_cut = True
                with suppress(OSError):
                    self._handle.shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        """Close the handle, and watch no more."""
        WATCH.remove(self)
        self._handle.close()


class _Watch:
    """The thread that looks at all waits of the process. It starts with the first connection."""

    def __init__(self) -> None:
        self._waits: set[_Wait] = set()
        # Reentrant: the garbage collector may end a connection while this thread holds the lock.
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None

    def add(self, wait: _Wait) -> None:
        """Watch a connection's waits."""
        with self._lock:
            self._waits.add(wait)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="database-watch", daemon=True)
                self._thread.start()

    def remove(self, wait: _Wait) -> None:
        """Watch them no more."""
        with self._lock:
            self._waits.discard(wait)

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with self._lock:
                waits = list(self._waits)
            for wait in waits:
                wait.cut_if_late(time.monotonic())


WATCH = _Watch()
