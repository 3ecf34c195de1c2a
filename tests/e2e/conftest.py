from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from conformance.servers import embedded_redis
from conformance.service import Service
from core.database import make_engine
from core.redis_client import make_redis
from tests.conftest import TEMPLATE, new_database, server_directory


class RedisServer:
    """A Redis that a test may stop and start again, on the same address and with the same data."""

    def __init__(self, directory: Path, binary: Path) -> None:
        self._directory, self._binary = directory, binary
        self._running = self._start()
        self.url = self._running.__enter__()

    def stop(self) -> None:
        self._running.__exit__(None, None, None)

    def start(self) -> None:
        self._running = self._start()
        assert self._running.__enter__() == self.url

    @contextmanager
    def _start(self) -> Iterator[str]:
        with embedded_redis(self._directory, self._binary) as url:
            yield url


@pytest.fixture
def redis_server(redis_binary: Path) -> Iterator[RedisServer]:
    """Each kind of server in turn: for what the protocol promises."""
    with server_directory() as directory:
        server = RedisServer(directory, redis_binary)
        yield server
        server.stop()


@pytest.fixture
def protocol_service(tmp_path: Path, database_url: str, engine: Engine, redis_server: RedisServer) -> Iterator[Service]:
    """The service's processes on each kind of Redis."""
    with running_service(tmp_path, database_url, engine, redis_server.url) as service:
        yield service


@pytest.fixture
def service(tmp_path: Path, database_url: str, engine: Engine, redis_url: str) -> Iterator[Service]:
    """The service's processes on one Redis."""
    with running_service(tmp_path, database_url, engine, redis_url) as service:
        yield service


@contextmanager
def running_service(directory: Path, database_url: str, engine: Engine, redis_url: str) -> Iterator[Service]:
    """A service whose processes all end with the test."""
    with make_redis(redis_url) as client:
        service = Service(directory, database_url, redis_url, engine, client)
        try:
            yield service
        finally:
            service.stop_all()


@contextmanager
def own_service(postgres_url: str, directory: Path) -> Iterator[Service]:
    """A service with a database and a Redis of its own, for a folder whose tests share it. The template must be migrated."""
    with (
        server_directory() as redis_directory,
        embedded_redis(redis_directory) as redis_url,
        new_database(postgres_url, TEMPLATE) as database_url,
    ):
        engine = make_engine(database_url, pool=5)
        with running_service(directory, database_url, engine, redis_url) as service:
            yield service
        engine.dispose()
