"""Figures of the protocol on this machine: `make bench` prints them as a table.

They assert nothing, since a noisy machine changes them: the promises are in the tests.
"""

import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

from conformance.servers import embedded_postgres, embedded_redis
from conformance.service import Process, Service, wait_for
from conformance.slow import slowed
from core.database import make_engine
from core.migrations import upgrade
from core.redis_client import make_redis
from core.transitions import Status

ROUNDS = 100
Row = tuple[str, str]


def main() -> None:
    """Start everything in a directory of its own, measure, print, stop."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        directory.chmod(0o711)
        database_url = stack.enter_context(embedded_postgres(directory / "p"))
        redis_stack = stack.enter_context(ExitStack())
        redis_url = redis_stack.enter_context(embedded_redis(directory / "r"))
        engine = make_engine(database_url, pool=5)
        stack.callback(engine.dispose)
        upgrade(engine)
        client = stack.enter_context(make_redis(redis_url))
        service = Service(directory, database_url, redis_url, engine, client)
        stack.callback(service.stop_all)
        print("| what | figure |\n|---|---|")
        for what, figure in [*measure_with_redis(service), *measure_without_redis(service, redis_stack)]:
            print(f"| {what} | {figure} |", flush=True)


def measure_with_redis(service: Service) -> Iterator[Row]:
    """Measure everything but an outage of Redis."""
    quick = {"lease_seconds": "30", "heartbeat_seconds": "10", "sweep_seconds": "5"}
    service.start("janitor", **quick)
    worker = service.start("worker", **quick)
    api = Api(service.start("api", **quick))
    plain = Api(service.start("api", status_cache="false", **quick))
    yield "submit a 500 KB JPEG, answer", measure_spread(api.submit_job, ROUNDS)
    wait_for("the backlog", lambda: service.redis.xlen("imagemill:jobs") == 0)
    job = api.submit_job()
    wait_for("the job", lambda: api.fetch_status(job)["status"] == "succeeded")
    yield "status, from the cache", measure_spread(lambda: api.fetch_status(job), ROUNDS)
    yield "status, from PostgreSQL", measure_spread(lambda: plain.fetch_status(job), ROUNDS)
    yield "download of the result", measure_spread(lambda: api.fetch_result(job), ROUNDS)
    yield "submit to result (1 megapixel JPEG to WebP), waiting", measure_spread(api.convert_photo, 20)
    yield "cancel to the child's end, by the channel", measure_spread(lambda: time_cancel(api, worker), 5, timed=False)
    yield "SIGTERM to exit, 3 jobs handed back", measure_spread(lambda: time_hand_back(service, quick), 3, timed=False)
    yield "500 small jobs, 5 workers of 4 slots", measure_throughput(service, 500, quick)


def measure_without_redis(service: Service, redis_stack: ExitStack) -> Iterator[Row]:
    """Measure a submission without Redis."""
    api = Api(service.start("api"))
    api.submit_job()
    redis_stack.close()
    yield "submit with Redis away, answer", measure_spread(api.submit_job, 20)


class Api:
    """The measured HTTP calls."""

    def __init__(self, process: Process) -> None:
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{process.probe_port}", timeout=60)
        self._photo = make_photo()

    def submit_job(self, hold: float = 0.0) -> str:
        answer = self._http.post(
            "/v1/jobs", files={"file": ("photo.jpg", slowed(self._photo, hold))}, data={"target_format": "webp"}
        )
        answer.raise_for_status()
        return str(answer.json()["id"])

    def fetch_status(self, job: str) -> dict[str, object]:
        found: dict[str, object] = self._http.get(f"/v1/jobs/{job}").raise_for_status().json()
        return found

    def fetch_result(self, job: str) -> bytes:
        return self._http.get(f"/v1/jobs/{job}/result").raise_for_status().content

    def convert_photo(self) -> None:
        job = self.submit_job()
        assert self._http.get(f"/v1/jobs/{job}?wait=60").json()["status"] == "succeeded"

    def delete_job(self, job: str) -> None:
        self._http.delete(f"/v1/jobs/{job}").raise_for_status()


def time_cancel(api: Api, worker: Process) -> float:
    job = api.submit_job(hold=30)
    wait_for("the child", worker.children)
    began = time.monotonic()
    api.delete_job(job)
    wait_for("its end", lambda: not worker.children())
    return time.monotonic() - began


def time_hand_back(service: Service, quick: dict[str, str]) -> float:
    """Time a worker that hands back its jobs. It is the only one, so that no other takes them."""
    end_workers(service)
    worker = service.start("worker", **{**quick, "drain_seconds": "0"})
    ids = [service.submit(make_photo(64), hold=5) for _ in range(3)]
    for job_id in ids:
        service.wait(job_id, Status.PROCESSING)
    began = time.monotonic()
    worker.send(signal.SIGTERM)
    worker.wait()
    took = time.monotonic() - began
    service.start("worker", **quick)
    service.wait_all(ids, Status.SUCCEEDED)
    return took


def end_workers(service: Service) -> None:
    for process in service.processes:
        if process.name == "worker" and process.popen.poll() is None:
            process.send(signal.SIGTERM)
            process.wait()


def measure_throughput(service: Service, count: int, quick: dict[str, str]) -> str:
    end_workers(service)
    for _ in range(5):
        service.start("worker", **quick)
    small = make_photo(24)
    began = time.monotonic()
    ids = [service.submit(small, target="png") for _ in range(count)]
    service.wait_all(ids, Status.SUCCEEDED)
    took = time.monotonic() - began
    return f"{took:.1f} s, {count / took:.0f} jobs a second"


def measure_spread(call: Callable[[], object], rounds: int, *, timed: bool = True) -> str:
    """Return median and 95th percentile in milliseconds, of the call's own figures when `timed` is off."""
    figures = []
    for _ in range(rounds):
        began = time.monotonic()
        answer = call()
        figures.append(time.monotonic() - began if timed else float(str(answer)))
    slow = sorted(figures)[int(len(figures) * 0.95)] if rounds > 1 else figures[0]
    return f"p50 {statistics.median(figures) * 1000:.0f} ms, p95 {slow * 1000:.0f} ms"


def make_photo(side: int = 1000) -> bytes:
    out = BytesIO()
    Image.effect_noise((side, side), 40).convert("RGB").save(out, "JPEG", quality=90)
    return out.getvalue()


if __name__ == "__main__":
    main()
