"""Show how many jobs are where, and how long the queue is."""

import math

import redis
from sqlalchemy import Engine, func, select

from core.queue import STREAM
from core.redis_client import AWAY
from core.tables import jobs
from core.transitions import OPEN, TERMINAL, Status
from worker.janitor.metrics import JOBS, QUEUE_MESSAGES, QUEUE_OLDEST_SECONDS


def show_open_jobs(engine: Engine) -> None:
    """Count what is queued and processing, from the index of open jobs."""
    _show(engine, OPEN)
    oldest = func.extract("epoch", func.now() - func.min(jobs.c.created_at))
    with engine.begin() as connection:
        waited = connection.execute(select(oldest).where(jobs.c.status == Status.QUEUED)).scalar_one()
    QUEUE_OLDEST_SECONDS.set(max(0.0, float(waited or 0)))


def show_finished_jobs(engine: Engine) -> None:
    """Count the others; this reads a whole index, so it is done less often."""
    _show(engine, TERMINAL)


def show_queue(client: redis.Redis) -> None:
    """The stream's length; not a number while Redis is away."""
    try:
        QUEUE_MESSAGES.set(int(client.xlen(STREAM)))
    except AWAY:
        QUEUE_MESSAGES.set(math.nan)
        raise


def _show(engine: Engine, statuses: frozenset[Status]) -> None:
    query = select(jobs.c.status, func.count()).where(jobs.c.status.in_(sorted(statuses))).group_by(jobs.c.status)
    with engine.begin() as connection:
        counts: dict[str, int] = {status: count for status, count in connection.execute(query)}  # noqa: C416 - typed rows
    for status in statuses:
        JOBS.labels(status).set(counts.get(status, 0))
