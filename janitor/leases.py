"""Reclaim jobs with an expired lease. There is no other way back for an abandoned job."""

import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy import Connection, Engine, func, select, update

from core.failures import FailureCode, WorkerLost
from core.jobs import Job
from core.metrics import count_finished
from core.publisher import Publisher
from core.record import changes, job_columns, jobs_of, may
from core.tables import jobs
from core.transitions import LOSE, RECLAIM, Transition
from janitor.locks import Sweep, lock_sweep
from janitor.metrics import RECLAIMED
from janitor.settings import JanitorSettings

log = structlog.get_logger(__name__)

BATCH = 500


class OutageGuard:
    """Says whether leases can be trusted: not before every living worker had one and a half heartbeats to renew them.

    During an outage of PostgreSQL, or before the janitor started, leases ran out because nobody could renew them.
    """

    def __init__(self, heartbeat_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._wait = 1.5 * heartbeat_seconds
        self._clock = clock
        self._since = clock()

    def note_outage(self) -> None:
        """Distrust the leases from now on, because PostgreSQL did not answer."""
        self._since = self._clock()

    def can_trust_leases(self) -> bool:
        """Return whether PostgreSQL has answered for long enough."""
        return self._clock() - self._since >= self._wait


def reclaim_jobs(engine: Engine, publisher: Publisher, settings: JanitorSettings) -> int:
    """Queue or fail the jobs with an expired lease. Return their number.

    The next reconcile replaces their old messages, pending and stale.
    """
    with lock_sweep(engine, Sweep.LEASES) as connection:
        if connection is None:
            return 0
        lost = _advance_all(connection, LOSE, settings, **_describe_loss(settings))
        back = _advance_all(connection, RECLAIM, settings, worker=None, started_at=None)
    for job in (*lost, *back):
        log.warning("lease expired", job=str(job.id), claim=job.claim, attempts=job.attempts, status=job.status)
    for job in lost:
        count_finished(job.status, job.source["format"], job.target_format, FailureCode.WORKER_LOST)
    RECLAIMED.inc(len(lost) + len(back))
    publisher.publish_all([*lost, *back])
    return len(lost) + len(back)


def _describe_loss(settings: JanitorSettings) -> dict[str, object]:
    return {
        "error": WorkerLost(attempts=settings.max_attempts).failure.as_json(),
        "finished_at": func.now(),
        "expires_at": func.now() + timedelta(hours=settings.retention_hours),
    }


def _advance_all(connection: Connection, step: Transition, settings: JanitorSettings, **values: object) -> list[Job]:
    guards = may(step, limit=settings.max_attempts)
    some = select(jobs.c.id).where(guards).limit(BATCH).with_for_update(skip_locked=True).scalar_subquery()
    statement = (
        update(jobs).where(jobs.c.id.in_(some), guards).values(changes(step, **values)).returning(*job_columns())
    )
    return jobs_of(connection.execute(statement))
