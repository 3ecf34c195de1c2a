"""The protocol with one rule taken out, the faults it takes to show what the rule is for, and what then breaks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.transitions import CANCEL, CLAIM, FAIL, HAND_BACK, LOSE, RECLAIM, SUCCEED, Status
from janitor.reconcile import OpenRow, Plan, StreamView, is_live, reconcile
from tests.model.properties import Breach
from tests.model.rules import Rules, Scope
from tests.model.state import Faults

NEVER: frozenset[Status] = frozenset()
ALWAYS = frozenset(Status)


@dataclass(frozen=True, kw_only=True)
class Broken:
    """`rules` lack the rule, and within `scope` that leads to `breach`."""

    rules: Rules
    breach: Breach
    scope: Scope


def with_faults(*, cancel: bool = False, calm: bool = False, **most: int) -> Scope:
    """A scope with just these faults."""
    return Scope(most=Faults(**most), faults=sum(most.values()), cancel=cancel, calm=calm)


def no_message_for_a_job_without(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    plan, jobs = reconcile(stream, rows), {message.job_id for message in (*stream.messages, *stream.added)}
    return replace(plan, adds=tuple(job_id for job_id in plan.adds if job_id in jobs))


def no_message_for_a_running_job(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    rows = list(rows)
    running = {row.job_id for row in rows if row.status is Status.PROCESSING}
    plan = reconcile(stream, rows)
    return replace(plan, adds=tuple(job_id for job_id in plan.adds if job_id not in running))


def no_message_is_stale(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    return reconcile(replace(stream, pending=dict.fromkeys(stream.pending, 0.0)), rows)


def every_pending_message_is_stale(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    return reconcile(replace(stream, pending=dict.fromkeys(stream.pending, 60.0)), rows)


def pending_messages_are_taken_for_ghosts(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    return reconcile(replace(stream, pending={}), rows)


def ghosts_are_taken_for_live(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    ghosts = {m.id: 0.0 for m in stream.messages if not is_live(stream, m.id)}
    return reconcile(replace(stream, pending={**ghosts, **stream.pending}), rows)


def messages_of_finished_jobs_stay(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    rows = list(rows)
    plan, open_jobs = reconcile(stream, rows), {row.job_id for row in rows}
    over = {m.id for m in stream.messages if m.job_id not in open_jobs}
    return replace(plan, deletes=tuple(name for name in plan.deletes if name not in over))


def rows_need_not_settle(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    return reconcile(stream, [replace(row, unchanged=60.0) for row in rows])


BROKEN = {
    "submit: the row first, then the message": Broken(
        rules=Rules(commit_before_message=False), breach=Breach.UNCOUNTED, scope=with_faults()
    ),
    "queue: the group starts at the first message": Broken(
        rules=Rules(group_from_start=False), breach=Breach.MISCOUNTED, scope=with_faults()
    ),
    "queue: XACK and XDEL together": Broken(
        rules=Rules(acknowledge_with_delete=False), breach=Breach.MISCOUNTED, scope=with_faults()
    ),
    "claim: only what is queued": Broken(
        rules=Rules(claim=replace(CLAIM, sources=CLAIM.sources | {Status.PROCESSING})),
        breach=Breach.ROBBED,
        scope=with_faults(),
    ),
    "claim: each has a number of its own": Broken(
        rules=Rules(claim=replace(CLAIM, claim=0)), breach=Breach.MIXED, scope=with_faults(lapse=1)
    ),
    "claim: the fence never goes down": Broken(
        rules=Rules(reclaim=replace(RECLAIM, claim=-1)), breach=Breach.BACKWARDS, scope=with_faults(lapse=1)
    ),
    "claim: each counts as an attempt": Broken(
        rules=Rules(claim=replace(CLAIM, attempts=0)), breach=Breach.SPENT, scope=with_faults()
    ),
    "claim: a message of a running job stays pending": Broken(
        rules=Rules(running_stays_pending=False), breach=Breach.UNCOUNTED, scope=with_faults(flush=1)
    ),
    "heartbeat: it renews the lease": Broken(
        rules=Rules(heartbeat_renews=False), breach=Breach.ROBBED, scope=with_faults()
    ),
    "heartbeat: it kills what is no longer owned": Broken(
        rules=Rules(heartbeat_kills=False), breach=Breach.RUNAWAY, scope=with_faults(cancel=True)
    ),
    "finish: success is fenced by the claim": Broken(
        rules=Rules(succeed=replace(SUCCEED, fenced=False)), breach=Breach.MIXED, scope=with_faults(lapse=1)
    ),
    "finish: failure is fenced by the claim": Broken(
        rules=Rules(fail=replace(FAIL, fenced=False)), breach=Breach.ROBBED, scope=with_faults(lapse=1)
    ),
    "finish: only what is processing": Broken(
        rules=Rules(succeed=replace(SUCCEED, sources=ALWAYS)), breach=Breach.REVIVED, scope=with_faults(cancel=True)
    ),
    "finish: only once": Broken(
        rules=Rules(succeed=replace(SUCCEED, sources=ALWAYS)), breach=Breach.TWICE, scope=with_faults()
    ),
    "finish: the message goes after the commit": Broken(
        rules=Rules(commit_before_acknowledge=False), breach=Breach.UNCOUNTED, scope=with_faults()
    ),
    "finish: who is refused looks before acknowledging": Broken(
        rules=Rules(miss_is_looked_at=False), breach=Breach.UNCOUNTED, scope=with_faults(lapse=1)
    ),
    "finish: one's own success is known again": Broken(
        rules=Rules(own_success_is_known=False), breach=Breach.UNTOLD, scope=with_faults()
    ),
    "janitor: it takes back what has lost its worker": Broken(
        rules=Rules(reclaim=replace(RECLAIM, sources=NEVER)), breach=Breach.STUCK, scope=with_faults(crash=1)
    ),
    "janitor: only once the lease has run out": Broken(
        rules=Rules(reclaim=replace(RECLAIM, lease_over=False)), breach=Breach.ROBBED, scope=with_faults()
    ),
    "janitor: a last attempt too is left its lease": Broken(
        rules=Rules(lose=replace(LOSE, lease_over=False)), breach=Breach.ROBBED, scope=with_faults(crash=1)
    ),
    "janitor: not past the attempts": Broken(
        rules=Rules(reclaim=replace(RECLAIM, attempts_left=None)), breach=Breach.OVERRUN, scope=with_faults(crash=2)
    ),
    "janitor: past the attempts the job has failed": Broken(
        rules=Rules(lose=replace(LOSE, sources=NEVER)), breach=Breach.STUCK, scope=with_faults(crash=2)
    ),
    "janitor: it mends the queue": Broken(rules=Rules(janitor_sweeps=False), breach=Breach.STUCK, scope=with_faults()),
    "janitor: the stream first, then the rows": Broken(
        rules=Rules(stream_before_rows=False), breach=Breach.UNCOUNTED, scope=with_faults()
    ),
    "reconcile: a job without a message gets one": Broken(
        rules=Rules(reconcile=no_message_for_a_job_without), breach=Breach.STUCK, scope=with_faults()
    ),
    "reconcile: a running job too": Broken(
        rules=Rules(reconcile=no_message_for_a_running_job), breach=Breach.UNCOUNTED, scope=with_faults(flush=1)
    ),
    "reconcile: not before the row has settled": Broken(
        rules=Rules(reconcile=rows_need_not_settle), breach=Breach.DOUBLED, scope=with_faults(calm=True)
    ),
    "reconcile: a pending message is in good hands": Broken(
        rules=Rules(reconcile=pending_messages_are_taken_for_ghosts),
        breach=Breach.MEDDLED,
        scope=with_faults(calm=True),
    ),
    "reconcile: not before it has been pending for long": Broken(
        rules=Rules(reconcile=every_pending_message_is_stale), breach=Breach.MEDDLED, scope=with_faults(calm=True)
    ),
    "reconcile: a message that was read in vain is replaced": Broken(
        rules=Rules(reconcile=no_message_is_stale), breach=Breach.STUCK, scope=with_faults(crash=1)
    ),
    "reconcile: a ghost is replaced": Broken(
        rules=Rules(reconcile=ghosts_are_taken_for_live), breach=Breach.STUCK, scope=with_faults(crash=1, forget=1)
    ),
    "reconcile: messages of finished jobs go": Broken(
        rules=Rules(reconcile=messages_of_finished_jobs_stay), breach=Breach.LEAKED, scope=with_faults()
    ),
    "drain: a hand-back costs no attempt": Broken(
        rules=Rules(hand_back=replace(HAND_BACK, attempts=0)), breach=Breach.SPENT, scope=with_faults(drain=1)
    ),
    "drain: only by the holder of the claim": Broken(
        rules=Rules(hand_back=replace(HAND_BACK, fenced=False)),
        breach=Breach.ROBBED,
        scope=with_faults(drain=1, lapse=1),
    ),
    "drain: only what is processing": Broken(
        rules=Rules(hand_back=replace(HAND_BACK, sources=ALWAYS)),
        breach=Breach.REVIVED,
        scope=with_faults(drain=1, cancel=True),
    ),
    "drain: XADD, XACK and XDEL in one": Broken(
        rules=Rules(hand_back_in_one=False), breach=Breach.UNCOUNTED, scope=with_faults(drain=1)
    ),
    "cancel: nothing that is over": Broken(
        rules=Rules(cancel=replace(CANCEL, sources=ALWAYS)), breach=Breach.KEPT, scope=with_faults(cancel=True)
    ),
    "cancel: what is processing too": Broken(
        rules=Rules(cancel=replace(CANCEL, sources=CANCEL.sources - {Status.PROCESSING})),
        breach=Breach.IGNORED,
        scope=with_faults(cancel=True),
    ),
}
