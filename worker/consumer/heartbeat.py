"""Keep the leases: while the supervisor lives, its jobs are its own; what it lost, it stops.

In PostgreSQL only and on a connection of its own, so that neither a dead Redis nor busy slots cost a lease.
"""

import threading
from collections.abc import Iterable
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine, text

from core.database import ERRORS
from core.liveness import Liveness
from worker.consumer.in_flight import Held, Holdings

log = structlog.get_logger(__name__)

# SKIP LOCKED: a row that someone is changing right now is looked at below, not waited for.
# A lease that ran out but was not taken is renewed like any other.
_RENEW = text("""
    WITH mine AS (
        SELECT jobs.id FROM jobs
        JOIN unnest(CAST(:ids AS uuid[]), CAST(:claims AS bigint[])) AS held(id, claim)
          ON jobs.id = held.id AND jobs.claim = held.claim
        WHERE jobs.status = 'processing' FOR UPDATE OF jobs SKIP LOCKED)
    UPDATE jobs SET lease_until = now() + make_interval(secs => :seconds)
    FROM mine WHERE jobs.id = mine.id RETURNING jobs.id
""")
_OURS = text("""
    SELECT jobs.id FROM jobs
    JOIN unnest(CAST(:ids AS uuid[]), CAST(:claims AS bigint[])) AS held(id, claim)
      ON jobs.id = held.id AND jobs.claim = held.claim
    WHERE jobs.status = 'processing'
""")


def renew(connection: Connection, claims: Iterable[tuple[UUID, int]], lease_seconds: float) -> set[UUID]:
    """Renew the leases of (job, claim) pairs; returns the jobs that are no longer owned under that claim."""
    pairs = dict(claims)
    asked = {"ids": [str(job_id) for job_id in pairs], "claims": list(pairs.values())}
    renewed = set(connection.scalars(_RENEW, {**asked, "seconds": lease_seconds}))
    if renewed == pairs.keys():
        return set()
    return pairs.keys() - renewed - set(connection.scalars(_OURS, asked))


class Heartbeat(threading.Thread):
    """The thread that renews, every `seconds`; a failure is said and tried again at the next beat."""

    def __init__(
        self, engine: Engine, holdings: Holdings, liveness: Liveness, *, seconds: float, lease_seconds: float
    ) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._engine, self._holdings, self._liveness = engine, holdings, liveness
        self._seconds, self._lease_seconds = seconds, lease_seconds
        self._ended = threading.Event()

    def run(self) -> None:
        """Beat until stopped."""
        while not self._ended.wait(self._seconds):
            self._liveness.beat("heartbeat")
            if held := self._holdings.all():
                self._beat(held)

    def stop(self) -> None:
        """End the thread at its next turn."""
        self._ended.set()

    def _beat(self, held: list[Held]) -> None:
        try:
            with self._engine.begin() as connection:
                lost = renew(connection, ((h.job.id, h.job.claim) for h in held), self._lease_seconds)
        except ERRORS as error:
            log.warning("leases could not be renewed", jobs=len(held), error=str(error))
            return
        for h in held:
            if h.job.id in lost:
                log.info("no longer ours: ending its conversion", job=str(h.job.id), claim=h.job.claim)
                h.lost = True
                h.handle.kill()
