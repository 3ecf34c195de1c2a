"""PostgreSQL from the event loop: each piece of work runs in a thread, in a transaction of its own."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection, Engine

from api.errors import DatabaseAway
from core.database import ERRORS, blob_transaction, is_away

log = structlog.get_logger(__name__)

T = TypeVar("T")
P = ParamSpec("P")
Work = Callable[Concatenate[Connection, P], T]


class Database:
    """At most `threads` pieces of work at a time. The engine's pool has the same size."""

    def __init__(self, engine: Engine, *, threads: int) -> None:
        self._engine = engine
        self._threads = CapacityLimiter(threads)

    async def run(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, ...)` in a transaction and return its answer. Raises DatabaseAway."""

        def transaction() -> T:
            with self._engine.begin() as connection:
                return work(connection, *args, **kwargs)

        return await self._in_thread(transaction)

    async def run_blob(self, work: Work[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the same with the longer time limit of whole images."""

        def transaction() -> T:
            with blob_transaction(self._engine) as connection:
                return work(connection, *args, **kwargs)

        return await self._in_thread(transaction)

    async def _in_thread(self, transaction: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(transaction, limiter=self._threads)
        except ERRORS as error:
            if not is_away(error):
                raise
            log.warning("the database is away", error=str(error).strip())
            raise DatabaseAway from error
