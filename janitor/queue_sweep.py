"""Reconcile the stream with the record: read it, read the rows, apply the plan."""

import redis
import structlog
from sqlalchemy import Connection, Engine, func, select

from core.queue import (
    GROUP,
    STREAM,
    add_message,
    ensure_group,
    parse_message,
    remove_idle_consumers,
    remove_message,
)
from core.tables import jobs
from core.transitions import OPEN, Status
from janitor.locks import Sweep, lock_sweep
from janitor.reconcile import OpenRow, Plan, StreamView, reconcile

log = structlog.get_logger(__name__)

MOST_PENDING = 1_000_000
IDLE_CONSUMER_SECONDS = 600.0


def sweep_queue(engine: Engine, client: redis.Redis) -> Plan | None:
    """Reconcile once and return the plan; None when another janitor does it."""
    ensure_group(client)
    with lock_sweep(engine, Sweep.QUEUE) as connection:
        if connection is None:
            return None
        # The stream before the rows: see janitor.reconcile.
        stream = read_stream(client)
        plan = reconcile(stream, read_open_rows(connection))
        apply_plan(client, plan)
    remove_idle_consumers(client, IDLE_CONSUMER_SECONDS)
    return plan


def read_stream(client: redis.Redis) -> StreamView:
    """Read the stream, the group's position and its pending list at one moment."""
    with client.pipeline(transaction=True) as pipe:
        pipe.xrange(STREAM)
        pipe.xinfo_groups(STREAM)
        pipe.xpending_range(STREAM, GROUP, "-", "+", MOST_PENDING)
        entries, groups, pending = pipe.execute()
    ours: dict[str, str] = next(group for group in groups if group["name"] == GROUP)
    return StreamView(
        messages=tuple(parse_message(name, values) for name, values in entries),
        last_delivered=ours["last-delivered-id"],
        pending={entry["message_id"]: entry["time_since_delivered"] / 1000 for entry in pending},
    )


def read_open_rows(connection: Connection) -> list[OpenRow]:
    """Read the queued and processing jobs. A statement of its own sees every commit before it."""
    unchanged = func.extract("epoch", func.clock_timestamp() - jobs.c.changed_at)
    rows = connection.execute(select(jobs.c.id, jobs.c.status, unchanged).where(jobs.c.status.in_(sorted(OPEN))))
    return [OpenRow(job_id, Status(status), float(seconds)) for job_id, status, seconds in rows]


def apply_plan(client: redis.Redis, plan: Plan) -> None:
    """Add and delete in one MULTI, so that no reader sees a job without its message."""
    if not (plan.adds or plan.deletes):
        return
    with client.pipeline(transaction=True) as pipe:
        for job_id in plan.adds:
            add_message(pipe, job_id)
        for message_id in plan.deletes:
            remove_message(pipe, message_id)
        pipe.execute()
    log.info("queue reconciled", added=[str(job_id) for job_id in plan.adds[:20]], removed=len(plan.deletes))
