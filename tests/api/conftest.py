from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from api.settings import ApiSettings
from conformance.servers import embedded_redis
from core.database import make_engine
from core.redis_client import RedisClient, make_redis
from tests.api.live import Live, running
from tests.conftest import server_directory

Serve = Callable[..., Live]


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """One Redis for all tests of the API; each finds it empty."""
    with server_directory() as directory, embedded_redis(directory) as url:
        yield url


@pytest.fixture
def serve(database_url: str, redis_url: str, engine: Engine, client: RedisClient, tmp_path: Path) -> Iterator[Serve]:
    """Start the API with those settings; its upload's temporary files go to `tmp_path`."""
    client.flushall()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path))

        def start(**settings: Any) -> Live:
            given = {"database_url": database_url, "redis_url": redis_url, "api_drain_seconds": 10, **settings}
            return stack.enter_context(running(ApiSettings(**given), engine, client))

        yield start


@pytest.fixture
def live(serve: Serve) -> Live:
    """The API as it is by default, on empty databases."""
    return serve()


@pytest.fixture(scope="session")
def shared_database(postgres_url: str, migrated_url: str) -> str:
    name = f"shared_{uuid4().hex[:12]}"
    template = make_url(migrated_url).database
    server = create_engine(make_url(postgres_url).set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    server.dispose()
    return make_url(postgres_url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def shared(shared_database: str, redis_url: str) -> Iterator[Live]:
    """One API for all tests that look at their own job only; the others may flush its Redis at any time."""
    engine = make_engine(shared_database, pool=5)
    settings = ApiSettings(database_url=shared_database, redis_url=redis_url, api_drain_seconds=10, rate_limit="none")
    with make_redis(redis_url) as client, running(settings, engine, client) as live:
        yield live
    engine.dispose()
