"""How long one request may wait for PostgreSQL, over all its steps together.

No answer takes longer than five seconds, whatever the database does. What a request waits for otherwise, the bytes of
an upload or the end of a job, is given back: that is its client's own time.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUDGET_SECONDS = 3.0
"""The rest up to five seconds is for a busy machine: a step begins late there, and its answer is sent late."""


class Patience:
    """What is left for the steps of one request."""

    def __init__(self, seconds: float = BUDGET_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._most = seconds
        self.left = seconds

    def renew(self) -> None:
        """Begin anew: the client gets bytes from now on, or waits on purpose."""
        self.left = self._most

    @contextmanager
    def spend(self) -> Iterator[float]:
        """Take what the block takes, and yield how long that may be."""
        started = self._clock()
        try:
            yield self.left
        finally:
            self.left -= self._clock() - started

    @contextmanager
    def give_back(self) -> Iterator[None]:
        """Give back what the block takes: it waits for the client."""
        started = self._clock()
        try:
            yield
        finally:
            self.left = min(self._most, self.left + self._clock() - started)


_current: ContextVar[Patience | None] = ContextVar("patience", default=None)


def current_patience() -> Patience:
    """Return the request's, or a fresh one for work that belongs to no request."""
    return _current.get() or Patience()


def renew_patience() -> None:
    """Begin anew for a step that the client waits for on purpose: the next slice, the next look at a job."""
    if (patience := _current.get()) is not None:
        patience.renew()


class Patient:
    """Gives each request its patience."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        patience = Patience()
        token = _current.set(patience)

        async def receive_patiently() -> Message:
            with patience.give_back():
                return await receive()

        try:
            await self._app(scope, receive_patiently, send)
        finally:
            _current.reset(token)
