"""One call beside three, and beside Pillow alone: `python -m benchmarks.bench.calls`.

Each round converts the same picture in each way, so a noisy machine disturbs all of them alike. The three calls are a
submit, a status call that waits, and the download.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

from benchmarks.bench.__main__ import make_photo
from conformance.servers import embedded_postgres, embedded_redis
from conformance.service import Service
from core.database import make_engine
from core.migrations import upgrade
from core.redis_client import make_redis

ROUNDS = 60
QUICK = {"lease_seconds": "30", "heartbeat_seconds": "10", "sweep_seconds": "5"}


def main() -> None:
    """Start everything in a directory of its own, measure, print, stop."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="calls-")))
        directory.chmod(0o711)
        database_url = stack.enter_context(embedded_postgres(directory / "p"))
        redis_url = stack.enter_context(embedded_redis(directory / "r"))
        engine = make_engine(database_url, pool=5)
        stack.callback(engine.dispose)
        upgrade(engine)
        service = Service(directory, database_url, redis_url, engine, stack.enter_context(make_redis(redis_url)))
        stack.callback(service.stop_all)
        service.start("janitor", **QUICK)
        service.start("worker", **QUICK)
        api = service.start("api", **QUICK)
        http = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{api.probe_port}", timeout=60))
        print("| picture | Pillow alone, ms | one call, ms | three calls, ms | one : three | one - Pillow, ms |")
        print("|---|---|---|---|---|---|")
        for side in (64, 1000, 3000):
            print(_row(http, side), flush=True)


def convert_once(http: httpx.Client, photo: bytes) -> None:
    """Convert by one call."""
    answer = http.put("/v1/convert", params={"target_format": "webp"}, content=photo)
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(answer.text)


def convert_in_three(http: httpx.Client, photo: bytes) -> None:
    """Convert by a submit, a status call that waits, and the download."""
    job = http.post("/v1/jobs", files={"file": ("a.jpg", photo)}, data={"target_format": "webp"}).json()
    status = http.get(job["links"]["self"], params={"wait": 30}).json()["status"]
    answer = http.get(job["links"]["result"])
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{status}: {answer.text}")


def convert_alone(photo: bytes) -> None:
    """Convert by Pillow in this process, with the quality and effort of ours."""
    Image.open(BytesIO(photo)).save(BytesIO(), "WEBP", quality=80, method=4)


def _row(http: httpx.Client, side: int) -> str:
    photo = make_photo(side)
    ways: tuple[Callable[[], None], ...] = (
        lambda: convert_alone(photo),
        lambda: convert_once(http, photo),
        lambda: convert_in_three(http, photo),
    )
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(max(8, ROUNDS // (1 + side // 500))):
        for way, taken in zip(ways, times, strict=True):
            start = time.perf_counter()
            way()
            taken.append((time.perf_counter() - start) * 1000)
    alone, one, three = (statistics.median(taken) for taken in times)
    return f"| {side} x {side} | {alone:.1f} | {one:.1f} | {three:.1f} | {one / three:.2f} | {one - alone:.1f} |"


if __name__ == "__main__":
    main()
