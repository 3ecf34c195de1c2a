"""What the parts of a worker share: settings, database clients, the sandbox, the in-flight jobs."""

import os
import socket
import threading
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sqlalchemy import Engine

from core.jobs import Job
from core.liveness import Liveness
from core.publisher import Publisher
from core.redis_client import RedisClient
from worker.sandbox.supervisor import Handle, Sandbox
from worker.settings import WorkerSettings


@dataclass(slots=True, eq=False)
class InFlightJob:
    """One claimed job. `must_hand_back`: its child is killed so that another worker can run it."""

    job: Job
    message_id: str
    handle: Handle = field(default_factory=Handle)
    must_hand_back: bool = False


class InFlight:
    """The in-flight jobs, shared by the consumer, the slots, the heartbeat and the cancel listener."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._jobs: dict[UUID, InFlightJob] = {}
        self._changed = threading.Condition()

    def add_job(self, claimed: InFlightJob) -> None:
        """Count a claimed job as in flight."""
        with self._changed:
            self._jobs[claimed.job.id] = claimed

    def remove_job(self, claimed: InFlightJob) -> None:
        """Remove a job no longer run by this worker."""
        with self._changed:
            del self._jobs[claimed.job.id]
            self._changed.notify_all()

    def list_jobs(self) -> list[InFlightJob]:
        """Return the present in-flight jobs."""
        with self._changed:
            return list(self._jobs.values())

    def wait_for_slot(self, seconds: float) -> int:
        """Wait at most so long for a free slot and return how many are free."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._jobs) < self._slots, seconds)
            return self._slots - len(self._jobs)

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait at most so long until no job is in flight; False when one still is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._jobs, seconds)

    def kill_job(self, job_id: UUID) -> None:
        """Kill the child of a job. A job of another worker is ignored."""
        with self._changed:
            claimed = self._jobs.get(job_id)
        if claimed is not None:
            claimed.handle.kill()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One worker process. `name` is its consumer in the group and is never used twice."""

    name: str
    settings: WorkerSettings
    engine: Engine
    redis: RedisClient
    publisher: Publisher
    sandbox: Sandbox
    in_flight: InFlight
    liveness: Liveness


def consumer_name() -> str:
    """Return host, process id and a random part, so that a restarted worker is another consumer."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
