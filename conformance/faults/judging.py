"""What a fault left behind: every order against the record, every answer against the contract, and leftovers."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis

from conformance.faults.answers import Answer, percentile
from conformance.faults.pictures import is_own_result
from conformance.faults.rows import Row
from conformance.faults.stand import WORKER_NAMES, Stand, is_converting
from conformance.faults.traffic import Order, Traffic
from conformance.names import GROUP, STREAM
from core.status_cache import OPEN_TTL_MS

MEMORY_FILES = ("memfd:upload", "memfd:result")
OPEN = ("queued", "processing")
FEW = 8
"""Requests at a time, when all are looked at afterwards."""
CACHED_SECONDS = OPEN_TTL_MS / 1000 + 0.5
LATE_SECONDS = 3.0
"""Who waits hears of an end by then, when nothing is wrong: an event, not the look at the row every 5 s."""

ORPHANS = {
    "uploads": "SELECT count(*) FROM uploads LEFT JOIN jobs ON jobs.id = job_id WHERE jobs.id IS NULL OR jobs.status IN ('canceled', 'expired')",
    "results": "SELECT count(*) FROM results LEFT JOIN jobs ON jobs.id = job_id WHERE jobs.status IS DISTINCT FROM 'succeeded'",
    "keys": "SELECT count(*) FROM idempotency LEFT JOIN jobs ON jobs.id = job_id WHERE jobs.id IS NULL",
    "notices": "SELECT count(*) FROM webhooks WHERE state = 'pending'",
}
"""Rows that belong to nothing."""


@dataclass(slots=True)
class Outcome:
    """One line of the table, and why it is bad if it is."""

    row: str
    kind: str
    says: str
    accepted: int = 0
    sent_again: int = 0
    succeeded: int = 0
    canceled: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    doubled: int = 0
    untold: int = 0
    wrong: int = 0
    hung: int = 0
    outside: dict[str, int] = field(default_factory=dict)
    longest: float = 0.0
    p95: float = 0.0
    over_after: float = 0.0
    leftovers: dict[str, int] = field(default_factory=dict)
    late: int = 0
    started_again: int = 0
    spent: int = 0
    surplus: float = 0.0
    lack: float = 0.0
    asleep: float = 0.0
    notes: list[str] = field(default_factory=list)
    is_broken: bool = False

    @property
    def faults(self) -> list[str]:
        """Return what is wrong, in words; empty for a good row."""
        counts = {
            "lost": self.lost,
            "doubled": self.doubled,
            "not told by webhook": self.untold,
            "with the result or state of another": self.wrong,
            "hung": self.hung,
            "answers outside of the contract": sum(self.outside.values()),
            "left over": sum(self.leftovers.values()),
            "heard of late": self.late,
            "started twice though no worker was lost": self.spent,
        }
        return [f"{count} {what}" for what, count in counts.items() if count] + self.notes


@dataclass(frozen=True, slots=True)
class Record:
    """The rows of the jobs of these orders, by id, and the ids by order's key."""

    jobs: dict[str, tuple[str, str]]
    attempts: dict[str, int]
    by_key: dict[str, set[str]]
    results: Counter[str]


def is_all_over(stand: Stand) -> bool:
    """Whether no job is open, no message is left, and all ends were told."""
    ((open_jobs,),) = stand.sql("SELECT count(*) FROM jobs WHERE status IN ('queued', 'processing')")
    ((pending,),) = stand.sql("SELECT count(*) FROM webhooks WHERE state = 'pending'")
    with stand.redis_client() as client:
        return not open_jobs and not pending and client.xlen(STREAM) == 0


def judge(stand: Stand, traffic: Traffic, row: Row, window: tuple[float, float], over_after: float) -> Outcome:
    """Compare everything. The traffic has ended, and the service had its time."""
    record = read_record(stand, traffic.orders)
    answers = list(traffic.answers)
    submits = [a.seconds for a in answers if a.call == "submit" and window[0] <= a.asked <= window[1]]
    outcome = Outcome(
        row.name,
        row.kind,
        row.says,
        accepted=sum(bool(order.ids) for order in traffic.orders),
        sent_again=sum(a.call == "submit" and a.status != 202 for a in answers),
        longest=max((a.seconds for a in answers if a.call != "wait"), default=0.0),
        p95=percentile(submits, 0.95),
        over_after=over_after,
        leftovers=find_leftovers(stand),
    )
    judge_answers(outcome, row, answers)
    for order in traffic.orders:
        judge_order(outcome, row, record, order, traffic)
    for what in look_until_right(traffic, record):
        outcome.wrong += 1
        outcome.notes.append(what)
    outcome.spent = outcome.started_again if row.keeps_attempts else 0
    outcome.notes = outcome.notes[:6]
    return outcome


def judge_answers(outcome: Outcome, row: Row, answers: Sequence[Answer]) -> None:
    if row.loses_answers:
        answers = [answer for answer in answers if answer.status]
    outcome.hung = 0 if row.stops_api else sum(answer.is_hung for answer in answers)
    outcome.outside = dict(Counter(str(answer) for answer in answers if not answer.is_known))


def judge_order(outcome: Outcome, row: Row, record: Record, order: Order, traffic: Traffic) -> None:
    made = record.by_key.get(order.key, set()) | order.ids
    outcome.doubled += len(made) > 1
    outcome.doubled += sum(record.results[job_id] > 1 for job_id in made)
    if not order.ids:
        return
    job_id = min(order.ids)
    status, code = record.jobs.get(job_id, ("gone", ""))
    match status:
        case "succeeded" if order.is_canceled:
            outcome.wrong += 1
            outcome.notes.append("a job was canceled and succeeded")
        case "succeeded" if record.results[job_id]:
            outcome.succeeded += 1
        case "canceled" | "expired" if order.is_canceled:
            outcome.canceled += 1
        case "failed":
            outcome.failed[code] = outcome.failed.get(code, 0) + 1
            if code not in row.may_fail:
                outcome.notes.append(f"a job failed: {code}")
        case _:
            outcome.lost += 1
            outcome.notes.append(f"a job is {status}, results: {record.results[job_id]}")
    outcome.started_again += record.attempts.get(job_id, 1) > 1
    told = {"succeeded": "job.succeeded", "failed": "job.failed", "canceled": "job.canceled"}.get(status)
    outcome.untold += told is not None and told not in traffic.receiver.told[job_id].values()
    outcome.doubled += len(traffic.receiver.told[job_id]) > 1


def read_record(stand: Stand, orders: Sequence[Order]) -> Record:
    keys = {order.key for order in orders}
    rows = stand.sql(
        "SELECT id::text, status, coalesce(error->>'code', ''), webhook_url, attempts FROM jobs "
        "WHERE created_at > now() - interval '10 minutes'"
    )
    by_key: dict[str, set[str]] = {}
    jobs: dict[str, tuple[str, str]] = {}
    attempts: dict[str, int] = {}
    for job_id, status, code, url, tried in rows:
        jobs[str(job_id)] = (str(status), str(code))
        attempts[str(job_id)] = int(str(tried))
        if (key := str(url).rpartition("/")[2]) in keys:
            by_key.setdefault(key, set()).add(str(job_id))
    found = stand.sql("SELECT job_id::text, count(*) FROM results GROUP BY job_id")
    return Record(jobs, attempts, by_key, Counter({str(job_id): int(str(count)) for job_id, count in found}))


def look_until_right(traffic: Traffic, record: Record) -> list[str]:
    """Return what the API shows wrongly. A state that could not be told to the cache may be shown until its time is over."""
    orders = [order for order in traffic.orders if order.ids]
    wrong = traffic.run(look_at(traffic, record, orders), 120)
    if wrong:
        time.sleep(CACHED_SECONDS)
        wrong = traffic.run(look_at(traffic, record, list(wrong)), 120)
    return list(wrong.values())


async def look_at(traffic: Traffic, record: Record, orders: Sequence[Order]) -> dict[Order, str]:
    """Ask for every job, and for a fifth of the results: the state of the record, and its own picture."""
    gate = asyncio.Semaphore(FEW)

    async def look(order: Order) -> str:
        job_id = min(order.ids)
        async with gate:
            answer, body = await traffic.ask("status", "GET", order.number, f"/v1/jobs/{job_id}")
            wanted = record.jobs.get(job_id, ("gone", ""))[0]
            if answer.status != 200 or body["status"] != wanted:
                return f"shown as {body['status'] if answer.status == 200 else answer}, in the record {wanted}"
            if wanted == "succeeded" and order.number % 5 == 0:
                answer, body = await traffic.ask("result", "GET", order.number, f"/v1/jobs/{job_id}/result")
                if answer.status != 200 or not is_own_result(order.number, body):
                    return f"the result of a job is not its own ({answer})"
        return ""

    found = await asyncio.gather(*map(look, orders))
    return {order: what for order, what in zip(orders, found, strict=True) if what}


def find_leftovers(stand: Stand) -> dict[str, int]:
    """Return what is there and should not be, by kind."""
    with stand.redis_client() as client:
        messages = int(client.xlen(STREAM)) + count_pending(client)
    counts: dict[str, Any] = {
        "conversions": sum(is_converting(child) for child in stand.conversions()),
        "orphaned processes": count_orphans(stand),
        "memory files": count_memory_files(stand),
        "temporary files": sum(file.is_file() for file in stand.directory.glob("disk/spool-*/*")),
        "messages": messages,
        **{name: stand.sql(query)[0][0] for name, query in ORPHANS.items()},
    }
    return {name: int(count) for name, count in counts.items() if count}


def count_pending(client: redis.Redis) -> int:
    """Count what is held. Without a group nothing is."""
    try:
        return int(client.xpending(STREAM, GROUP)["pending"])
    except redis.ResponseError:
        return 0


def count_orphans(stand: Stand) -> int:
    """Count processes that a worker has made and that are no longer below one."""
    present = {child for name in WORKER_NAMES for child in stand.children(name)}
    orphans = {child for child in stand.seen - present if is_alive(child)}
    stand.seen = present | orphans
    return len(orphans)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def count_memory_files(stand: Stand) -> int:
    pids = [stand.processes[name].pid for name in WORKER_NAMES if stand.is_running(name)]
    pids += [child.pid for name in WORKER_NAMES for child in stand.children(name)]
    return sum(
        name_of(entry).startswith(f"/{kind}") for pid in pids for entry in list_fds(pid) for kind in MEMORY_FILES
    )


def list_fds(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return []


def name_of(entry: Path) -> str:
    try:
        return os.readlink(entry)  # noqa: PTH115 - the text, which is no path
    except OSError:
        return ""


def count_late(orders: Sequence[Order], finished: dict[str, float]) -> int:
    """Count those who waited for a job and heard of its end late."""
    return sum(
        order.news_after is not None
        and order.news_after - finished.get(min(order.ids), order.news_after) > LATE_SECONDS
        for order in orders
    )


def read_finished(stand: Stand) -> dict[str, float]:
    rows = stand.sql("SELECT id::text, extract(epoch FROM finished_at) FROM jobs WHERE finished_at IS NOT NULL")
    return {str(job_id): float(str(at)) for job_id, at in rows}


def wait_until_over(stand: Stand, seconds: float) -> float:
    """Wait until all is over, and return after how long; at most so long."""
    began = time.monotonic()
    while time.monotonic() - began < seconds and not is_all_over(stand):
        time.sleep(0.1)
    return time.monotonic() - began
