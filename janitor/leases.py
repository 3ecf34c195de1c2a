"""Reclaim jobs with an expired lease. There is no other way back for an abandoned job."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Engine, func

from core.bounded_connection import answers_within
from core.failures import FailureCode, WorkerLost
from core.logs import name_job
from core.metrics import count_finished
from core.publisher import Publisher
from core.record import advance_all
from core.transitions import LOSE, RECLAIM
from janitor.locks import Sweep, lock_sweep
from janitor.metrics import RECLAIMED
from janitor.settings import JanitorSettings

log = structlog.get_logger(__name__)

BATCH = 500
LOST_BATCH = 50
"""Lost jobs at a time: the bytes of their uploads are erased in the same transaction."""


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
    # Whoever froze the server for longer also kept the workers from renewing their leases, so no answer is trusted then.
    with answers_within(settings.lease_seconds / 3), lock_sweep(engine, Sweep.LEASES) as connection:
        if connection is None:
            return 0
        limit = settings.max_attempts
        lost = advance_all(connection, LOSE, most=LOST_BATCH, limit=limit, **_describe_loss(settings))
        back = advance_all(connection, RECLAIM, most=BATCH, limit=limit, worker=None, started_at=None)
    for job in (*lost, *back):
        code = job.error["code"] if job.error else ""
        log.warning(
            "lease expired", claim=job.claim, attempts=job.attempts, status=job.status, code=code, **name_job(job)
        )
    for job in lost:
        count_finished(job.status, job.source["format"], job.target_format, FailureCode.WORKER_LOST)
    RECLAIMED.inc(len(lost) + len(back))
    publisher.publish_all([*lost, *back])
    return len(lost) + len(back)


def _describe_loss(settings: JanitorSettings) -> dict[str, Any]:
    return {
        "error": WorkerLost(attempts=settings.max_attempts).failure.as_json(),
        "finished_at": func.now(),
        "expires_at": func.now() + timedelta(hours=settings.retention_hours),
    }
