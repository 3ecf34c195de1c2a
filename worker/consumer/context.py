"""What the parts of a worker share: settings, database clients, the sandbox, the in-flight jobs."""

import os
import socket
from dataclasses import dataclass
from uuid import uuid4

import redis
from sqlalchemy import Engine

from core.liveness import Liveness
from worker.consumer.in_flight import InFlight
from worker.sandbox.supervisor import Sandbox
from worker.settings import WorkerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One worker process. `name` is its consumer in the group and is never used twice."""

    name: str
    settings: WorkerSettings
    engine: Engine
    redis: redis.Redis
    sandbox: Sandbox
    in_flight: InFlight
    liveness: Liveness


def consumer_name() -> str:
    """Return host, process id and a random part, so that a restarted worker is another consumer."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
