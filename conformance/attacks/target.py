"""The service that is attacked: an API with its databases, and ways to reach it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import Connection, text

from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres, embedded_redis
from conformance.service import PATIENCE, Process, Service, free_port
from core.blobs import store_result
from core.database import blob_transaction, make_engine
from core.migrations import upgrade
from core.partitions import today
from core.redis_client import make_redis

PNG = bytes.fromhex("89504e470d0a1a0a") + bytes(100)
LIMITED = "conformance.attacks.limited_api"

SUCCEED = text("""
    UPDATE jobs SET status = 'succeeded', rev = 3, attempts = 1, result_day = :day, finished_at = now(),
        expires_at = now() + interval '1 day',
        result = jsonb_build_object('filename', 'photo.jpg', 'media_type', 'image/jpeg', 'bytes', CAST(:size AS int),
            'sha256', repeat('0', 64), 'width', 1, 'height', 1, 'frames', 1)
    WHERE id = :id
""")


@dataclass
class Target:
    """One API under attack."""

    service: Service
    api: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api.probe_port}"

    def connect(self, *, receive_buffer: int = 0) -> socket.socket:
        """Connect. A small buffer lets a reader that reads nothing hold the answer back at once."""
        wire = socket.socket()
        if receive_buffer:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        wire.settimeout(PATIENCE)
        wire.connect(("127.0.0.1", self.api.probe_port))
        return wire

    def make_job(self) -> UUID:
        """Make a job that nobody converts."""
        return self.service.submit(PNG, tell=False)

    def make_result(self, size: int) -> UUID:
        """Make a job with a result of so many bytes."""
        job_id = self.make_job()
        with blob_transaction(self.service.engine) as connection:
            _succeed(connection, job_id, size)
        return job_id


def _succeed(connection: Connection, job_id: UUID, size: int) -> None:
    day = today(connection)
    with Path("/dev/urandom").open("rb") as data:
        store_result(connection, day, job_id, data, size)
    connection.execute(SUCCEED, {"id": job_id, "day": day, "size": size})


@contextmanager
def running_service() -> Iterator[Service]:
    """Databases of their own, without an API yet."""
    with TemporaryDirectory(prefix="imagemill-attacks-") as name:
        folder = Path(name)
        with embedded_postgres(folder / "pg", UNSAFE_BUT_FAST) as url, embedded_redis(folder / "redis") as redis_url:
            engine = make_engine(url, pool=2)
            upgrade(engine)
            with make_redis(redis_url) as client:
                service = Service(folder, url, redis_url, engine, client)
                try:
                    yield service
                finally:
                    service.stop_all()
                    engine.dispose()


@contextmanager
def attacked(service: Service, *, files: int = 0, **settings: str) -> Iterator[Target]:
    """An API of its own, at most with so many open files."""
    if files:
        os.environ["IMAGEMILL_TAG"] = str(files)
        api = service.start(LIMITED, port=str(free_port()), **settings)
    else:
        api = service.start("api", **settings)
    try:
        yield Target(service, api)
    finally:
        api.popen.kill()
        api.wait()
