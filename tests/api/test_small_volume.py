"""A small volume filled with uploads: PostgreSQL outlives it, and everything but uploads goes on."""

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from api.settings import ApiSettings
from conformance.servers import embedded_postgres
from core.database import make_engine
from core.migrations import upgrade
from core.redis_client import RedisClient
from standalone.storage import plan_storage
from tests.api.live import PNG, Live, running
from tests.conftest import server_directory

VOLUME = 340 << 20
UPLOAD = PNG + os.urandom(9_000_000)
SENDERS, ROUNDS = 6, 8


@contextmanager
def small_volume(directory: Path, size: int) -> Iterator[Path]:
    """A file system in memory of so many bytes. Only root may make one."""
    if os.geteuid():
        pytest.skip("only root makes a small volume")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", directory], check=False)
    if made.returncode:
        pytest.skip("only root of the machine makes a small volume, and this one may not mount")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


@pytest.fixture
def live(redis_url: str, client: RedisClient) -> Iterator[Live]:
    """Two numbers come from the volume's size, as in the chart and in `make run`; PostgreSQL is as it is there."""
    client.flushall()
    plan = plan_storage(VOLUME)
    with (
        server_directory() as directory,
        small_volume(directory, VOLUME) as volume,
        embedded_postgres(volume, plan.server_settings) as url,
    ):
        engine = make_engine(url, pool=5)
        upgrade(engine)
        settings = ApiSettings(database_url=url, redis_url=redis_url, max_stored_bytes=plan.limit, rate_limit="none")
        with running(settings, engine, client) as live:
            yield live
        engine.dispose()


def free_bytes(live: Live) -> int:
    with live.engine.begin() as connection:
        place = connection.execute(text("SHOW data_directory")).scalar_one()
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize


def test_postgresql_outlives_more_uploads_than_its_volume_holds(live: Live) -> None:
    with ThreadPoolExecutor(SENDERS) as pool:
        codes = list(pool.map(lambda _: live.post(UPLOAD).status_code, range(SENDERS * ROUNDS)))
    assert set(codes) == {202, 507}
    taken = codes.count(202)
    assert taken >= 3
    assert free_bytes(live) > 16 << 20, "the write-ahead log can make another file"
    # What was taken is converted while the volume is full, and its room comes back.
    with live.engine.begin() as connection:
        ids = connection.scalars(text("SELECT id FROM jobs")).all()
    assert len(ids) == taken
    for job_id in ids:
        live.claim(UUID(str(job_id)))
        live.succeed(UUID(str(job_id)), data=UPLOAD)
    assert live.http.get(f"/v1/jobs/{ids[0]}/result").content == UPLOAD
    for job_id in ids:
        assert live.http.delete(f"/v1/jobs/{job_id}").status_code == 204
    until = time.monotonic() + 60
    while (code := live.post(PNG).status_code) == 507 and time.monotonic() < until:
        time.sleep(1)
    assert code == 202, "room comes back with autovacuum"
