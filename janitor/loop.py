"""The janitor's loop. Each sweep runs by itself, so that a failure stops no other."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Engine

from core.database import ERRORS, is_away
from core.liveness import Liveness
from core.publisher import Publisher
from core.redis_client import AWAY, RedisClient
from janitor.expiry import expire_jobs
from janitor.gauges import (
    show_database_size,
    show_finished_jobs,
    show_open_jobs,
    show_postgresql,
    show_queue,
    show_redis,
    show_webhooks,
)
from janitor.leases import OutageGuard, reclaim_jobs
from janitor.metrics import SWEEP_FAILURES, SWEPT
from janitor.names import forget_left_names
from janitor.queue_sweep import sweep_queue
from janitor.settings import JanitorSettings
from janitor.storage import keep_partitions
from janitor.unfinished import erase_unfinished

log = structlog.get_logger(__name__)

SLOW_EVERY_SECONDS = 60.0


@dataclass(slots=True)
class Task:
    """A sweep and how often it runs. `due` is on the monotonic clock."""

    name: str
    run: Callable[[], object]
    every: float
    due: float = field(default_factory=time.monotonic)


class Janitor:
    """Runs the sweeps until `is_stopping` is set (by a signal handler)."""

    def __init__(self, engine: Engine, client: RedisClient, settings: JanitorSettings, liveness: Liveness) -> None:
        self.is_stopping = False
        self._liveness = liveness
        self._guard = OutageGuard(settings.heartbeat_seconds)
        publisher = Publisher(client, cache=settings.status_cache)
        often, seldom = settings.sweep_seconds, max(SLOW_EVERY_SECONDS, settings.sweep_seconds)
        self.tasks = [
            Task("partitions", lambda: keep_partitions(engine), seldom),
            Task("leases", lambda: self._guard.can_trust_leases() and reclaim_jobs(engine, publisher, settings), often),
            Task("queue", lambda: sweep_queue(engine, client), often),
            Task("expiry", lambda: expire_jobs(engine, publisher, settings), often),
            Task("unfinished uploads", lambda: erase_unfinished(engine), often),
            Task("names", lambda: forget_left_names(engine, settings.retention_hours), seldom),
            Task("open jobs", lambda: show_open_jobs(engine), often),
            Task("queue length", lambda: show_queue(client), often),
            Task("PostgreSQL", lambda: show_postgresql(engine), often),
            Task("Redis", lambda: show_redis(client), often),
            Task("finished jobs", lambda: show_finished_jobs(engine), seldom),
            Task("database size", lambda: show_database_size(engine), seldom),
        ]
        if settings.webhooks == "on":
            self.tasks.append(Task("webhooks", lambda: show_webhooks(engine), often))
        for task in self.tasks:
            SWEEP_FAILURES.labels(task.name)

    def run(self) -> None:
        """Sweep until stopped."""
        while not self.is_stopping:
            self._liveness.beat("loop")
            self.run_due()
            time.sleep(0.1)

    def run_due(self) -> None:
        """Run the due tasks, one after the other."""
        for task in self.tasks:
            if not self.is_stopping and time.monotonic() >= task.due:
                self._try_task(task)
                task.due = time.monotonic() + task.every

    def _try_task(self, task: Task) -> None:
        try:
            task.run()
            SWEPT.labels(task.name).set_to_current_time()
        except (*ERRORS, *AWAY) as error:
            SWEEP_FAILURES.labels(task.name).inc()
            if is_away(error):
                self._guard.note_outage()
            log.warning("sweep failed, will be tried again", sweep=task.name, error=str(error))
