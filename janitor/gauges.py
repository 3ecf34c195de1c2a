"""Measure the jobs by status, the length of the queue, and both servers."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge
from redis.exceptions import NoPermissionError
from sqlalchemy import Engine, func, select, text

from core.redis_client import RedisClient
from core.tables import jobs, webhooks
from core.transitions import OPEN, TERMINAL, Status
from janitor.metrics import (
    JOBS,
    POSTGRESQL_BYTES,
    POSTGRESQL_CONNECTIONS,
    POSTGRESQL_CONNECTIONS_MAX,
    POSTGRESQL_UP,
    QUEUE_MESSAGES,
    QUEUE_OLDEST_SECONDS,
    REDIS_BYTES,
    REDIS_BYTES_MAX,
    REDIS_EVICTED,
    REDIS_UP,
    WEBHOOKS_LATE_SECONDS,
    WEBHOOKS_OLDEST_SECONDS,
    WEBHOOKS_PENDING,
)

# Readable by every role, unlike the columns of pg_stat_activity.
CONNECTIONS = text("SELECT (SELECT sum(numbackends) FROM pg_stat_database), current_setting('max_connections')::int")
SIZE = text("SELECT pg_database_size(current_database())")


def show_open_jobs(engine: Engine) -> None:
    """Count the queued and processing jobs, from the index of open jobs."""
    with _mark_unknown(QUEUE_OLDEST_SECONDS):
        _show_statuses(engine, OPEN)
        oldest = func.extract("epoch", func.now() - func.min(jobs.c.created_at))
        with engine.begin() as connection:
            waited = connection.execute(select(oldest).where(jobs.c.status == Status.QUEUED)).scalar_one()
        QUEUE_OLDEST_SECONDS.set(max(0.0, float(waited or 0)))


def show_finished_jobs(engine: Engine) -> None:
    """Count the other jobs. This reads a whole index, so it runs less often."""
    _show_statuses(engine, TERMINAL)


def show_webhooks(engine: Engine) -> None:
    """Count the webhooks that are not delivered yet, and how old and how late they are."""
    created, due = (func.extract("epoch", func.now() - func.min(webhooks.c[name])) for name in ("created_at", "due_at"))
    query = select(func.count(), created, due).where(webhooks.c.state == "pending")
    with _mark_unknown(WEBHOOKS_PENDING, WEBHOOKS_OLDEST_SECONDS, WEBHOOKS_LATE_SECONDS):
        with engine.begin() as connection:
            count, oldest, late = connection.execute(query).one()
        WEBHOOKS_PENDING.set(count)
        WEBHOOKS_OLDEST_SECONDS.set(max(0.0, float(oldest or 0)))
        WEBHOOKS_LATE_SECONDS.set(max(0.0, float(late or 0)))


def show_queue(client: RedisClient) -> None:
    """Measure the length of the stream."""
    with _mark_unknown(QUEUE_MESSAGES):
        QUEUE_MESSAGES.set(int(client.xlen(client.names.stream)))


def show_postgresql(engine: Engine) -> None:
    """Measure whether PostgreSQL answers, and count its connections."""
    with _mark_unknown(POSTGRESQL_CONNECTIONS, up=POSTGRESQL_UP), engine.begin() as connection:
        taken, most = connection.execute(CONNECTIONS).one()
        POSTGRESQL_CONNECTIONS.set(int(taken))
        POSTGRESQL_CONNECTIONS_MAX.set(most)


def show_database_size(engine: Engine) -> None:
    """Measure the size of the database. PostgreSQL asks its disk about every file, so this runs less often."""
    with _mark_unknown(POSTGRESQL_BYTES), engine.begin() as connection:
        POSTGRESQL_BYTES.set(connection.execute(SIZE).scalar_one())


def show_redis(client: RedisClient) -> None:
    """Measure whether Redis answers, and how much memory it uses, if it may be asked: an ACL without `@dangerous` forbids it."""
    with _mark_unknown(REDIS_BYTES, REDIS_EVICTED, up=REDIS_UP):
        try:
            told = client.info("memory", "stats")
        except NoPermissionError:
            for gauge in (REDIS_BYTES, REDIS_BYTES_MAX, REDIS_EVICTED):
                gauge.set(math.nan)
            return
        REDIS_BYTES.set(told["used_memory"])
        REDIS_BYTES_MAX.set(told["maxmemory"] or math.inf)
        REDIS_EVICTED.set(told["evicted_keys"])


def _show_statuses(engine: Engine, statuses: frozenset[Status]) -> None:
    query = select(jobs.c.status, func.count()).where(jobs.c.status.in_(sorted(statuses))).group_by(jobs.c.status)
    with _mark_unknown(*(JOBS.labels(status) for status in statuses)):
        with engine.begin() as connection:
            counts: dict[str, int] = {status: count for status, count in connection.execute(query)}  # noqa: C416 - typed rows
        for status in statuses:
            JOBS.labels(status).set(counts.get(status, 0))


@contextmanager
def _mark_unknown(*gauges: Gauge, up: Gauge | None = None) -> Iterator[None]:
    """Show NaN while a measurement fails, because an old figure would look new. `up` shows whether it failed."""
    try:
        yield
    except Exception:
        for gauge in gauges:
            gauge.set(math.nan)
        if up is not None:
            up.set(0)
        raise
    if up is not None:
        up.set(1)
