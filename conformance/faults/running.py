"""Run one row: calm, the fault under load, calm again; then wait until all is over, and judge."""

import time
from collections.abc import Callable

import psycopg2
import redis

from conformance.faults.databases import try_again
from conformance.faults.judging import Outcome, count_late, judge, read_finished, wait_until_over
from conformance.faults.rows import Row
from conformance.faults.stand import Stand
from conformance.faults.traffic import Traffic
from conformance.faults.watching import Watch
from conformance.service import wait_for

CALM_SECONDS = 1.5
OVER_SECONDS = 60.0
ASLEEP_SECONDS = 4.0
"""The janitor has put the messages back by then."""
UNTRUE_SECONDS = 0.15
"""Of each job: a message comes and goes some milliseconds after its row."""
Say = Callable[[str], object]


def run_row(stand: Stand, traffic: Traffic, row: Row, seconds: float | None = None) -> Outcome:
    """Run a row on a service that is whole, and leave it whole."""
    stand.remember_children()
    watch = Watch(stand)
    traffic.begin(row.manner)
    watch.begin()
    time.sleep(CALM_SECONDS)
    began = time.monotonic()
    try:
        with row.fault(stand):
            stand.remember_children()
            time.sleep(row.seconds if seconds is None else seconds)
    finally:
        window = began, time.monotonic()
        try_again(stand.repair)
    time.sleep(CALM_SECONDS)
    traffic.end()
    wait_for("the APIs to be ready again", stand.is_answering, OVER_SECONDS)
    over_after = settle(stand, window[1])
    watch.end()
    outcome = judge(stand, traffic, row, window, over_after)
    judge_queue(outcome, row, watch)
    if row.hears_in_time:
        outcome.late = count_late(traffic.orders, read_finished(stand))
    return outcome


def judge_queue(outcome: Outcome, row: Row, watch: Watch) -> None:
    """Take over what the watch saw, and say what of it is wrong."""
    count = max(1, outcome.accepted)
    outcome.surplus, outcome.lack, outcome.asleep = watch.surplus / count, watch.lack / count, watch.asleep
    if watch.asleep > ASLEEP_SECONDS:
        outcome.notes.append(f"no message for {watch.asleep:.1f} s while jobs ran")
    if row.queue_is_true and max(outcome.surplus, outcome.lack) > UNTRUE_SECONDS:
        outcome.notes.append(f"XLEN off by {outcome.surplus:+.2f}, {-outcome.lack:+.2f} messages times seconds a job")


def settle(stand: Stand, since: float) -> float:
    """Wait until all is over, and return how long that was after the fault."""
    try:
        wait_until_over(stand, OVER_SECONDS)
    except (psycopg2.Error, redis.RedisError):
        time.sleep(1.0)
        wait_until_over(stand, OVER_SECONDS)
    return time.monotonic() - since
