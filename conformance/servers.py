"""Real servers for tests and benchmarks, each in a directory of its own."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from standalone.children import start_program, stop_children
from standalone.errors import StartupError
from standalone.postgres import postgres_server
from standalone.redis_server import redis_server
from standalone.servers import Server, explain_refusal

UNSAFE_BUT_FAST: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # A look at each of a hundred databases every 5 s would cost more than the tests.
    "autovacuum_naptime": "1min",
}
"""Settings of PostgreSQL with which a crash of the machine may lose the data."""


@contextmanager
def embedded_postgres(data_dir: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run PostgreSQL with an `imagemill` database and yield its URL; stop it at the end and keep its data.

    `data_dir` is made when missing and may hold other things too. `settings` are those of
    postgresql.conf. Raises StartupError with a sentence when the server cannot be started.
    """
    with postgres_server(data_dir, settings) as server, running(server) as url:
        yield url


@contextmanager
def embedded_redis(data_dir: Path, binary: Path | None = None) -> Iterator[str]:
    """Run Redis and yield its URL (`unix://...`); stop it at the end and keep its data.

    `data_dir` is made when missing and may hold other things too. `binary` is one of
    `redis_binaries()`, by default the first. Raises StartupError with a sentence.
    """
    with redis_server(data_dir, binary) as server, running(server) as url:
        yield url


@contextmanager
def running(server: Server, seconds: float = 300) -> Iterator[str]:
    """Start a server and yield its URL once it answers; stop it at the end. Raises StartupError.

    One that dies is seen at once; `seconds` are for one that stands still.
    """
    child = start_program(server.program)
    try:
        until = time.monotonic() + seconds
        while not server.answers():
            if child.process.poll() is not None or time.monotonic() > until:
                raise StartupError(explain_refusal(server.program))
            time.sleep(0.05)
        yield server.url
    finally:
        stop_children([child])
