"""Stream a batch as a ZIP from a real API and print what it takes: `python -m benchmarks.archive [RESULTS] [MEGABYTES]`.

The results are written into the record by SQL, as no worker is needed to read them. 100 of 20 MB is the default; 220 of
20 MB make an archive of over 4 GiB, which needs ZIP64.
"""

import os
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from datetime import date
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx
import psutil
from sqlalchemy import Connection, create_engine, make_url, text

from conformance.servers import UNSAFE_BUT_FAST, embedded_postgres, embedded_redis
from conformance.service import PATIENCE, Process, Service
from core.blobs import store_result
from core.database import blob_transaction, make_engine
from core.migrations import upgrade
from core.partitions import today
from core.redis_client import make_redis

MB = 1_000_000
PNG = bytes.fromhex("89504e470d0a1a0a") + bytes(100)
MOST_FILES = 100

SUCCEED = text("""
    UPDATE jobs SET status = 'succeeded', rev = 3, attempts = 1, result_day = :day, finished_at = now(),
        expires_at = now() + interval '1 day',
        result = jsonb_build_object('filename', 'photo.jpg', 'media_type', 'image/jpeg', 'bytes', :size,
            'sha256', repeat('0', 64), 'width', 1, 'height', 1, 'frames', 1)
    WHERE id = :id
""")
HELD = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()
""")


def main() -> None:
    """Fill a batch, stream it fast and slowly, and print a table."""
    count, size = [*(int(given) for given in sys.argv[1:3]), *(100, 20)[len(sys.argv) - 1 :]]
    with TemporaryDirectory(prefix="imagemill-archive-") as name:
        folder = Path(name)
        with embedded_postgres(folder / "pg", UNSAFE_BUT_FAST) as url, embedded_redis(folder / "redis") as redis_url:
            measure(folder, url, redis_url, count, size * MB)


def measure(folder: Path, url: str, redis_url: str, count: int, size: int) -> None:
    engine = make_engine(url, pool=2)
    upgrade(engine)
    with make_redis(redis_url) as client:
        service = Service(folder, url, redis_url, engine, client)
        try:
            api = service.start("api", log_level="warning", rate_limit="none")
            batch_id = fill(service, api, count, size)
            rest = resident(api)
            report(service, api, batch_id, folder / "batch.zip", rest)
        finally:
            service.stop_all()
            engine.dispose()


def fill(service: Service, api: Process, count: int, size: int) -> str:
    """Make a batch by HTTP, and give its jobs results by SQL."""
    address = f"http://127.0.0.1:{api.probe_port}"
    files = [("file", (f"{number}.png", PNG)) for number in range(min(count, MOST_FILES))]
    made = httpx.post(f"{address}/v1/batches", files=files, data={"target_format": "jpeg"}, timeout=PATIENCE).json()
    ids = [job["id"] for job in made["jobs"]]
    while len(ids) < count:
        form = {"target_format": "jpeg", "batch": made["id"]}
        ids.append(httpx.post(f"{address}/v1/jobs", files=files[:1], data=form, timeout=PATIENCE).json()["id"])
    data = os.urandom(MB) * (size // MB)
    for job_id in ids:
        with blob_transaction(service.engine) as connection:
            succeed(connection, today(connection), UUID(job_id), data)
    return str(made["id"])


def succeed(connection: Connection, day: date, job_id: UUID, data: bytes) -> None:
    store_result(connection, day, job_id, BytesIO(data), len(data))
    connection.execute(SUCCEED, {"day": day, "size": len(data), "id": job_id})


def stream(api: Process, batch_id: str, into: Path) -> None:
    with into.open("wb") as sink, opened(api, batch_id) as answer:
        for piece in answer.iter_raw():
            sink.write(piece)


def opened(api: Process, batch_id: str) -> AbstractContextManager[httpx.Response]:
    url = f"http://127.0.0.1:{api.probe_port}/v1/batches/{batch_id}/result"
    return httpx.stream("GET", url, timeout=PATIENCE)


def resident(api: Process) -> int:
    return int(psutil.Process(api.pid).memory_info().rss)


def peak(api: Process) -> int:
    """The highest resident memory since the last call of clear_peak."""
    status = Path(f"/proc/{api.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def clear_peak(api: Process) -> None:
    Path(f"/proc/{api.pid}/clear_refs").write_text("5")


def report(service: Service, api: Process, batch_id: str, archive: Path, rest: int) -> None:
    clear_peak(api)
    started = time.monotonic()
    stream(api, batch_id, archive)
    seconds = time.monotonic() - started
    fast = peak(api)
    clear_peak(api)
    most_held = read_slowly(service, api, batch_id)
    print("| archive, bytes | s | MB/s | API at rest, MiB | more, fast reader | more, slow reader | held by it |")
    print("|---|---|---|---|---|---|---|")
    length = archive.stat().st_size
    cells = (
        f"{length:,}", f"{seconds:.1f}", f"{length / MB / seconds:.0f}", f"{rest / 2**20:.1f}",
        f"{(fast - rest) / 2**20:.1f} MiB", f"{(peak(api) - rest) / 2**20:.1f} MiB", f"{most_held} connections",
    )  # fmt: skip
    print(f"| {' | '.join(cells)} |")
    for command in (["unzip", "-tq", str(archive)], ["7z", "t", str(archive)]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        print(command[0], "exit status", done.returncode, done.stdout.strip().splitlines()[-1:])


def read_slowly(service: Service, api: Process, batch_id: str, looks: int = 20) -> int:
    """Read a little, then wait: return the most connections of the API that were not idle between two reads."""
    watching = create_engine(make_url(service.database_url).set(drivername="postgresql+psycopg2"))
    held = 0
    with opened(api, batch_id) as answer, watching.connect() as connection:
        pieces = answer.iter_raw(1 << 16)
        for _ in range(looks):
            next(pieces)
            time.sleep(0.5)
            held = max(held, connection.execute(HELD).scalar_one())
            connection.rollback()
    watching.dispose()
    return held


if __name__ == "__main__":
    main()
