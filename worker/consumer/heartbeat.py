"""Renew the leases of the in-flight jobs, and kill a conversion when its claim was lost.

It uses PostgreSQL only, on a connection of its own, so that neither a dead Redis nor busy slots cost a lease.
"""

import threading
from collections.abc import Mapping
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine, text

from core.database import ERRORS
from core.liveness import Liveness
from worker.consumer.context import InFlight, InFlightJob

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0

# SKIP LOCKED: a row that someone is changing right now is read by _OURS, not waited for.
# A lease that expired but was not reclaimed is renewed like any other.
_RENEW = text("""
    WITH mine AS (
        SELECT jobs.id FROM jobs
        JOIN unnest(CAST(:ids AS uuid[]), CAST(:claims AS bigint[])) AS claimed(id, claim)
          ON jobs.id = claimed.id AND jobs.claim = claimed.claim
        WHERE jobs.status = 'processing' FOR UPDATE OF jobs SKIP LOCKED)
    UPDATE jobs SET lease_until = now() + make_interval(secs => :seconds)
    FROM mine WHERE jobs.id = mine.id RETURNING jobs.id
""")
_OURS = text("""
    SELECT jobs.id FROM jobs
    JOIN unnest(CAST(:ids AS uuid[]), CAST(:claims AS bigint[])) AS claimed(id, claim)
      ON jobs.id = claimed.id AND jobs.claim = claimed.claim
    WHERE jobs.status = 'processing'
""")


def renew_leases(connection: Connection, claims: Mapping[UUID, int], lease_seconds: float) -> set[UUID]:
    """Renew the leases of jobs, each under its claim. Return the jobs with a lost claim."""
    asked = {"ids": [str(job_id) for job_id in claims], "claims": list(claims.values())}
    renewed = set(connection.scalars(_RENEW, {**asked, "seconds": lease_seconds}))
    if renewed == claims.keys():
        return set()
    return claims.keys() - renewed - set(connection.scalars(_OURS, asked))


class Heartbeat(threading.Thread):
    """Renews the leases every `seconds`. A failure is logged, and tried again soon: the lease goes on running out."""

    def __init__(
        self, engine: Engine, in_flight: InFlight, liveness: Liveness, *, seconds: float, lease_seconds: float
    ) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._engine, self._in_flight, self._liveness = engine, in_flight, liveness
        self._seconds, self._lease_seconds = seconds, lease_seconds
        self._ended = threading.Event()

    def run(self) -> None:
        """Beat until stopped."""
        pause = self._seconds
        while not self._ended.wait(pause):
            self._liveness.beat("heartbeat")
            jobs = self._in_flight.list_jobs()
            pause = self._seconds if not jobs or self._renew_or_kill(jobs) else min(RETRY_SECONDS, self._seconds)

    def stop(self) -> None:
        """End the thread at once, or after the beat under way."""
        self._ended.set()

    def _renew_or_kill(self, jobs: list[InFlightJob]) -> bool:
        """Return whether PostgreSQL answered."""
        claims = {claimed.job.id: claimed.job.claim for claimed in jobs}
        try:
            with self._engine.begin() as connection:
                lost = renew_leases(connection, claims, self._lease_seconds)
        except ERRORS as error:
            log.warning("leases could not be renewed", jobs=len(jobs), error=str(error))
            return False
        for claimed in jobs:
            if claimed.job.id in lost:
                log.info("claim lost, conversion killed", job=str(claimed.job.id), claim=claimed.job.claim)
                claimed.handle.kill()
        return True
