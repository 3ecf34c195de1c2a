"""PostgreSQL from the event loop: each piece of work runs in a thread, in a transaction of its own.

A thread that waits for PostgreSQL cannot be canceled. So each step has a deadline: the driver ends its waits then, and
the request does not wait longer for the thread.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Concatenate, Generic, ParamSpec, TypeVar

import structlog
from anyio import CancelScope
from sqlalchemy import Connection, Engine

from api.breaker import SLOW_SECONDS, Asking, DatabaseBreaker
from api.errors import DatabaseAway, DiskFull
from api.patience import current_patience
from core.bounded_connection import NoAnswer, TooLate, answers_within, everything_until
from core.database import BLOB_BYTES_PER_SECOND, ERRORS, blob_transaction, is_away, is_disk_full
from core.outages import leaves_commit_open

log = structlog.get_logger(__name__)

OUTCOME_UNKNOWN = (
    " It did not confirm the change, which may have been made all the same: with the Idempotency-Key of the first "
    "request, the same request finds it and makes nothing twice."
)
MARGIN_SECONDS = 0.2
"""The driver ends its waits first, so that its own error is told."""

T = TypeVar("T")
P = ParamSpec("P")
Work = Callable[Concatenate[Connection, P], T]


class ThreadsBusy(TooLate):
    """The work did not begin, because all threads are taken. Nothing is known about the database."""


@dataclass(slots=True)
class Step(Generic[T]):
    """One transaction of one request, in a thread."""

    open: Callable[[], AbstractContextManager[Connection]]
    work: Callable[[Connection], T]
    silence: float
    until: float
    is_committing: bool = False

    def run(self) -> T:
        """Return what the work returns, once it is committed."""
        with everything_until(self.until), answers_within(self.silence), self.open() as connection:
            answer = self.work(connection)
            self.is_committing = True
        return answer


class Database:
    """At most `threads` pieces of work at a time. The engine's pool has the same size."""

    def __init__(self, engine: Engine, *, threads: int) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._breaker = DatabaseBreaker()

    async def run(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, ...)` in a transaction and return its answer. Raises DatabaseAway."""
        return await self._take_step(self._engine.begin, lambda connection: work(connection, *args, **kwargs), 0)

    async def run_blob(self, size: int, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the same with the longer time limits of `size` bytes. Silence is no longer than otherwise."""
        opened = partial(blob_transaction, self._engine, size)
        return await self._take_step(opened, lambda connection: work(connection, *args, **kwargs), size)

    async def wait_for_thread(self) -> None:
        """Return when a piece of work would begin that is asked for now."""
        await asyncio.wrap_future(self._threads.submit(int))

    def close(self) -> None:
        """Begin no more work. What runs ends by its own limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _take_step(
        self, opened: Callable[[], AbstractContextManager[Connection]], work: Callable[[Connection], T], size: int
    ) -> T:
        with current_patience().spend() as left:
            asking = self._breaker.begin() if left > 0 else None
            if asking is None:
                raise DatabaseAway
            seconds = left + size / BLOB_BYTES_PER_SECOND
            step = Step(opened, work, silence=left, until=time.monotonic() + seconds)
            return await self._await_step(step, asking)

    async def _await_step(self, step: Step[T], asking: Asking) -> T:
        began = time.monotonic()
        try:
            answer = await self._run_in_thread(step)
        except ThreadsBusy as busy:
            raise DatabaseAway from busy
        except ERRORS as error:
            _note_error(asking, error, time.monotonic() - began)
            if is_disk_full(error):
                log.error("the database's disk is full", error=str(error).strip())
                raise DiskFull from error
            if not is_away(error):
                raise
            log.warning("the database is away", error=str(error).strip())
            is_open = step.is_committing and leaves_commit_open(error)
            raise DatabaseAway(outcome=OUTCOME_UNKNOWN if is_open else "") from error
        except Exception:
            # A refusal of ours: the database said what it is based on.
            asking.note(answered=True)
            raise
        finally:
            asking.forget()
        asking.note(answered=True)
        return answer

    async def _run_in_thread(self, step: Step[T]) -> T:
        """Return the step's answer. Raises NoAnswer at its end, ThreadsBusy when it has not begun until then."""
        future = self._threads.submit(copy_context().run, step.run)
        waited = asyncio.wrap_future(future)
        # What comes after its end is nobody's any more.
        waited.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        with CancelScope(shield=True):
            await asyncio.wait([waited], timeout=step.until + MARGIN_SECONDS - time.monotonic())
        if waited.done():
            return waited.result()
        if future.cancel():
            raise ThreadsBusy("all threads work for others")
        raise NoAnswer("PostgreSQL did not answer in time")


def _note_error(asking: Asking, error: Exception, seconds: float) -> None:
    """Tell the breaker what an error says of the database: nothing, if the request had hardly any time left."""
    if is_away(error) and seconds >= SLOW_SECONDS:
        asking.note(answered=False)
    elif not isinstance(getattr(error, "orig", error), NoAnswer):
        asking.note(answered=True)
