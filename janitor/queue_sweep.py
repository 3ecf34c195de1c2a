"""Reconcile the stream with the record: read it, read the rows, apply the plan."""

from dataclasses import replace

import structlog
from sqlalchemy import Connection, Engine, func, select

from core.queue import (
    add_message,
    ensure_group,
    parse_message,
    remove_idle_consumers,
    remove_message,
    remove_unread_messages,
)
from core.redis_client import RedisClient
from core.redis_names import RedisNames
from core.tables import jobs
from core.transitions import OPEN, Status
from janitor.locks import Sweep, lock_sweep
from janitor.reconcile import OpenRow, Plan, StreamView, reconcile

log = structlog.get_logger(__name__)

MOST_PENDING = 1_000_000
IDLE_CONSUMER_SECONDS = 600.0


def sweep_queue(engine: Engine, client: RedisClient) -> Plan | None:
    """Reconcile once and return the plan; None when another janitor does it."""
    ensure_group(client)
    with lock_sweep(engine, Sweep.QUEUE) as connection:
        if connection is None:
            return None
        # The stream before the rows, and again after them: see janitor.reconcile.
        stream = read_stream(client)
        rows = read_open_rows(connection)
        plan = reconcile(look_again(client, stream), rows)
        apply_plan(client, plan)
    remove_idle_consumers(client, IDLE_CONSUMER_SECONDS)
    return plan


def read_stream(client: RedisClient) -> StreamView:
    """Read the stream, the group's position and its pending list at one moment."""
    with client.pipeline(transaction=True) as pipe:
        pipe.xrange(pipe.names.stream)
        pipe.xinfo_groups(pipe.names.stream)
        pipe.xpending_range(pipe.names.stream, pipe.names.group, "-", "+", MOST_PENDING)
        entries, groups, pending = pipe.execute()
    return StreamView(
        messages=tuple(parse_message(name, values) for name, values in entries),
        last_delivered=_find_position(groups, client.names),
        pending={entry["message_id"]: entry["time_since_delivered"] / 1000 for entry in pending},
    )


def look_again(client: RedisClient, stream: StreamView) -> StreamView:
    """Add what came since, and the group's position now."""
    last = stream.messages[-1].id if stream.messages else stream.last_delivered
    with client.pipeline(transaction=True) as pipe:
        pipe.xrange(pipe.names.stream, min=f"({last}")
        pipe.xinfo_groups(pipe.names.stream)
        entries, groups = pipe.execute()
    return replace(
        stream,
        added=tuple(parse_message(name, values) for name, values in entries),
        delivered_since=_find_position(groups, client.names),
    )


def _find_position(groups: list[dict[str, str]], names: RedisNames) -> str:
    return next((group["last-delivered-id"] for group in groups if group["name"] == names.group), "0-0")


def read_open_rows(connection: Connection) -> list[OpenRow]:
    """Read the queued and processing jobs. A statement of its own sees every commit before it."""
    unchanged = func.extract("epoch", func.clock_timestamp() - jobs.c.changed_at)
    columns = jobs.c.id, jobs.c.status, unchanged, jobs.c.attempts, jobs.c.message
    rows = connection.execute(select(*columns).where(jobs.c.status.in_(sorted(OPEN))))
    return [OpenRow(job_id, Status(status), float(seconds), *rest) for job_id, status, seconds, *rest in rows]


def apply_plan(client: RedisClient, plan: Plan) -> None:
    """Add and delete in one MULTI, so that no reader sees a job without its message."""
    if not (plan.adds or plan.deletes or plan.surplus):
        return
    with client.pipeline(transaction=True) as pipe:
        for job_id in plan.adds:
            add_message(pipe, job_id)
        for message_id in plan.deletes:
            remove_message(pipe, message_id)
        remove_unread_messages(pipe, plan.surplus)
        pipe.execute()
    removed = len(plan.deletes) + len(plan.surplus)
    log.info("queue reconciled", added=[str(job_id) for job_id in plan.adds[:20]], removed=removed)
