"""The service's real processes, started and watched by a test."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

import httpx
import psutil
from sqlalchemy import Engine, func, select

from conformance.slow import slowed
from core.blobs import read_result_slice, store_upload
from core.database import blob_transaction
from core.formats import sniff
from core.jobs import Job
from core.partitions import today
from core.publisher import pipe_change
from core.record import NewJob, find_job, insert_job
from core.redis_client import RedisClient
from core.tables import results
from core.transitions import Status
from core.turns import take_turns

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds after which a test gives up: far beyond anything that a noisy machine needs."""

QUICK = {
    "IMAGEMILL_LEASE_SECONDS": "3",
    "IMAGEMILL_HEARTBEAT_SECONDS": "1",
    "IMAGEMILL_SWEEP_SECONDS": "0.5",
    "IMAGEMILL_DRAIN_SECONDS": "30",
    "IMAGEMILL_LOG_FORMAT": "json",
    # Everything comes from one address.
    "IMAGEMILL_RATE_LIMIT": "none",
    "IMAGEMILL_MAX_WAITING_PER_CLIENT": "0",
    "IMAGEMILL_MAX_STORED_PER_CLIENT_BYTES": "0",
}


def wait_for(what: str, look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
    """The first truthy answer of `look`; AssertionError naming `what` when there is none in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:g} s in vain for: {what}")


@dataclass
class Process:
    """One process of the service."""

    name: str
    popen: "subprocess.Popen[bytes]"
    log: Path
    probe_port: int
    metrics_port: int = 0
    """The API's own for its metrics, as its main port is the public's. 0: the probes' port has them."""

    @property
    def pid(self) -> int:
        return self.popen.pid

    def send(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def wait(self, seconds: float = PATIENCE) -> int:
        return self.popen.wait(seconds)

    def end(self) -> None:
        try:
            self.wait(1.5)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGTERM)
        try:
            self.wait(8)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.wait()

    def children(self) -> list[psutil.Process]:
        """Return the running conversions: children of the zygote, the only child of a worker. Other children wait for a job."""
        try:
            found = [p for zygote in psutil.Process(self.pid).children() for p in zygote.children()]
            return [p for p in found if p.name() == "converting"]
        except psutil.NoSuchProcess:
            return []

    def page(self) -> str:
        """Its metrics."""
        return httpx.get(f"http://127.0.0.1:{self.metrics_port or self.probe_port}/metrics", timeout=PATIENCE).text

    def metric(self, name: str) -> float:
        """The sum of a metric's samples."""
        return sum(
            float(line.split()[-1]) for line in self.page().splitlines() if line.partition("{")[0].split(" ")[0] == name
        )

    def answers(self, path: str = "/livez") -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.probe_port}{path}", timeout=5).status_code == 200
        except httpx.TransportError:
            return False


@dataclass
class Service:
    """Starts processes on a database and a Redis, submits jobs, and looks at the record."""

    directory: Path
    database_url: str
    redis_url: str
    engine: Engine
    redis: RedisClient
    processes: list[Process] = field(default_factory=list)

    def start(self, name: str, *, skew_hours: str = "", **settings: str) -> Process:
        """Start `api`, `worker` or `janitor` with quick times; `settings` are IMAGEMILL_* without the prefix, in lower case.

        Its clock is `skew_hours` ahead of all others.
        """
        # An API that is started again has a port that browsers know.
        port = int(settings.get("port", free_port()))
        metrics_port = free_port() if name == "api" else 0
        env = {
            **os.environ,
            **QUICK,
            "IMAGEMILL_DATABASE_URL": self.database_url,
            "IMAGEMILL_REDIS_URL": self.redis_url,
            "IMAGEMILL_PORT" if name == "api" else "IMAGEMILL_PROBE_PORT": str(port),
            "IMAGEMILL_METRICS_PORT": str(metrics_port),
            **{f"IMAGEMILL_{key.upper()}": value for key, value in settings.items()},
        }
        module = {"worker": "conformance.slow.slow_worker"}.get(name, name)
        words = ["conformance.skewed", skew_hours, module] if skew_hours else [module]
        log = self.directory / f"{len(self.processes)}-{name}.log"
        with log.open("wb") as sink:
            popen = subprocess.Popen([sys.executable, "-m", *words], env=env, stderr=sink, stdout=sink)
        process = Process(name, popen, log, port, metrics_port)
        self.processes.append(process)
        wait_for(f"{name} to answer", lambda: process.answers() or self._has_died(process))
        return process

    def stop_all(self) -> None:
        """End every running process: ask twice, so that nothing waits for jobs, then kill."""
        running = [process for process in self.processes if process.popen.poll() is None]
        for number in (signal.SIGCONT, signal.SIGTERM):
            for process in running:
                process.send(number)
        for process in running:
            process.end()

    def submit(
        self,
        data: bytes,
        filename: str = "image.png",
        target: str = "jpeg",
        *,
        hold: float = 0.0,
        tell: bool = True,
        owner: str = "address:127.0.0.1",
    ) -> UUID:
        """Insert a job as the API does. Its conversion waits for `hold` seconds; `tell` puts its message into the stream."""
        data = slowed(data, hold)
        source = sniff(data)
        with self.engine.begin() as connection:
            turn = take_turns(connection, owner)
        new = NewJob(
            id=uuid4(),
            filename=filename,
            target_format=target,
            options={},
            source={"format": source.name if source else "png", "bytes": len(data)},
            owner=owner,
            turn=turn,
        )
        with blob_transaction(self.engine) as connection:
            day = today(connection)
            job = insert_job(connection, new, day)
            store_upload(connection, day, new.id, BytesIO(data), len(data))
        if tell:
            with self.redis.pipeline() as pipe:
                pipe_change(pipe, job, cache=True, add=job.id)
                pipe.execute()
        return new.id

    def job(self, job_id: UUID) -> Job:
        with self.engine.begin() as connection:
            job = find_job(connection, job_id)
        assert job is not None
        return job

    def wait(self, job_id: UUID, *statuses: Status, seconds: float = PATIENCE) -> Job:
        """The job once it has one of the statuses."""

        def look() -> Job | None:
            job = self.job(job_id)
            return job if job.status in statuses else None

        return wait_for(f"job {job_id} to be {' or '.join(statuses)}", look, seconds)

    def wait_all(self, job_ids: Iterable[UUID], status: Status) -> list[Job]:
        return [self.wait(job_id, status) for job_id in job_ids]

    def result(self, job: Job) -> bytes:
        assert job.result_day is not None
        with self.engine.begin() as connection:
            data = read_result_slice(connection, job.result_day, job.id, 0, 1 << 30)
        assert data is not None
        return data

    def results(self, job_id: UUID | None = None) -> int:
        """How many result rows there are, in all or of one job."""
        query = select(func.count()).select_from(results)
        if job_id is not None:
            query = query.where(results.c.job_id == job_id)
        with self.engine.begin() as connection:
            return int(connection.execute(query).scalar_one())

    def _has_died(self, process: Process) -> bool:
        if process.popen.poll() is not None:
            raise AssertionError(f"{process.name} ended at once:\n{process.log.read_text()[-4000:]}")
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
