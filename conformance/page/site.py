"""The whole service for programs that show its page: databases, API, worker and janitor, until the program ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres, embedded_redis
from conformance.service import Process, Service
from core.database import make_engine
from core.migrations import upgrade
from core.redis_client import make_redis


class Site(NamedTuple):
    """The service as a visitor knows it, and its processes."""

    url: str
    service: Service
    api: Process


@contextmanager
def serve_site(directory: Path, database_url: str, redis_url: str, **settings: str) -> Iterator[Site]:
    """API, worker and janitor on a migrated database; `settings` are the API's."""
    engine = make_engine(database_url, pool=2)
    with make_redis(redis_url) as client:
        service = Service(directory, database_url, redis_url, engine, client)
        try:
            service.start("janitor")
            service.start("worker")
            api = service.start("api", **settings)
            yield Site(f"http://127.0.0.1:{api.probe_port}", service, api)
        finally:
            service.stop_all()
            engine.dispose()


@contextmanager
def standing_site() -> Iterator[Site]:
    """A service with everything it needs."""
    with (
        # Servers run as another user, who may not enter a folder of ours.
        TemporaryDirectory(prefix="imagemill-page-") as directory,
        TemporaryDirectory(prefix="imagemill-page-") as postgres_directory,
        TemporaryDirectory(prefix="imagemill-page-") as redis_directory,
        embedded_postgres(Path(postgres_directory), UNSAFE_BUT_FAST) as database_url,
        embedded_redis(Path(redis_directory)) as redis_url,
    ):
        engine = make_engine(database_url, pool=1)
        upgrade(engine)
        engine.dispose()
        with serve_site(Path(directory), database_url, redis_url) as site:
            yield site
