"""A service of its own: PostgreSQL, Redis, a worker, and one API or more."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres, embedded_redis
from conformance.service import Service
from core.database import make_engine
from core.migrations import upgrade
from core.redis_client import make_redis


@contextmanager
def databases_and_service() -> Iterator[Service]:
    """Yield a service without processes, on servers of its own. All its processes end with the block."""
    with (
        tempfile.TemporaryDirectory() as first,
        tempfile.TemporaryDirectory() as second,
        tempfile.TemporaryDirectory() as logs,
        embedded_postgres(Path(first), UNSAFE_BUT_FAST) as database_url,
        embedded_redis(Path(second)) as redis_url,
        make_redis(redis_url) as client,
    ):
        engine = make_engine(database_url, pool=1)
        upgrade(engine)
        service = Service(Path(logs), database_url, redis_url, engine, client)
        try:
            yield service
        finally:
            service.stop_all()
            engine.dispose()
