"""The plan for the queue, from the stream and the record: one pure function.

A message is a token: whoever reads it claims the job whose turn it is. So messages are counted, not matched with jobs:

- each job that waits for its first start needs one message that somebody will read;
- each running job keeps the message of its claim, so that XLEN counts it;
- each job that was started before needs a message of its own, since it is taken by no other.

The stream has to be read before the rows. The other way round, a job submitted in between would be in the stream
without a row, and a job finished in between would get a message again. What came to the stream while the rows were read
counts as there, and what was read meanwhile is no longer surplus: that takes a second look after the rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from core.queue import AFTER_ALL, Message
from core.transitions import Status

SETTLE_SECONDS = 5.0
"""The process that changed a row so recently may still be adding its message."""

STALE_SECONDS = 10.0
"""A message that was read so long ago and is no running job's counts as lost."""


@dataclass(frozen=True, slots=True)
class StreamView:
    """The stream at one moment: its messages, the last delivered id, and the pending messages.

    `pending` gives for each delivered and unacknowledged message how long ago it was delivered, in seconds. The second
    look, after the rows, found `added`, and `delivered_since` as the last delivered id.
    """

    messages: tuple[Message, ...]
    last_delivered: str
    pending: Mapping[str, float]
    added: tuple[Message, ...] = ()
    delivered_since: str = AFTER_ALL


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A queued or processing job. `unchanged` is the time since its last transition, in seconds."""

    job_id: UUID
    status: Status
    unchanged: float
    attempts: int = 0
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs to add messages for and the ids of messages to delete, all in one MULTI.

    Those in `surplus` are deleted only if nobody has read them by then.
    """

    adds: tuple[UUID, ...]
    deletes: tuple[str, ...]
    surplus: tuple[str, ...] = ()


@dataclass(slots=True)
class _Jobs:
    """The open jobs by what they need. `bare`: running, and the message of its claim is not in the stream."""

    fresh: list[OpenRow] = field(default_factory=list)
    retried: dict[UUID, OpenRow] = field(default_factory=dict)
    bare: list[OpenRow] = field(default_factory=list)
    held: set[str] = field(default_factory=set)


WAITING, IN_HAND = "waiting", "in hand"


@dataclass(slots=True)
class _Tokens:
    """The messages that no running job holds.

    Somebody will read those in `waiting`, and has just read those in `in_hand`. Those in `new` came after the first look,
    maybe with jobs that are not among the rows. Nobody will use those in `lost`. `own` tells which kinds of messages of
    its own a job has that was started before; `own_lost` are its lost ones.
    """

    waiting: list[Message] = field(default_factory=list)
    in_hand: list[Message] = field(default_factory=list)
    new: list[Message] = field(default_factory=list)
    lost: list[Message] = field(default_factory=list)
    own: dict[UUID, set[str]] = field(default_factory=dict)
    own_lost: dict[UUID, list[str]] = field(default_factory=dict)


def reconcile(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    """Plan additions and deletions, so that every open job has its message and no message is without a job."""
    jobs = _sort_jobs(stream, rows)
    tokens = _sort_tokens(stream, jobs)
    unread = _find_unread(stream, tokens, jobs)
    adds = _find_lacking(jobs, tokens)
    retries, owed = _find_lost_retries(jobs, tokens)
    # A message in hand or lost may be about to go, with a job that has just ended. So it makes no other one superfluous.
    # Only a running job that lacks its own is counted by a lost one.
    unsure = owed + sum(1 for job_id in jobs.retried if tokens.own.get(job_id) == {IN_HAND})
    needed = len(jobs.fresh) + unsure + max(0, len(jobs.bare) - len(tokens.lost))
    spare = len(unread) + len(adds) - needed
    lost = tokens.lost[len(jobs.bare) :] if spare >= 0 else []
    replaced = [name for job_id in retries for name in tokens.own_lost.get(job_id, [])]
    return Plan(
        adds=(*adds, *retries),
        deletes=(*_find_useless(stream), *replaced, *(message.id for message in lost)),
        surplus=tuple(message.id for message in unread[: max(0, min(spare, len(unread)))]),
    )


def is_live(stream: StreamView, message_id: str) -> bool:
    """Return whether a message is pending, or not delivered yet."""
    return message_id in stream.pending or _parse_id(message_id) > _parse_id(stream.last_delivered)


def _sort_jobs(stream: StreamView, rows: Iterable[OpenRow]) -> _Jobs:
    present = {message.id for message in (*stream.messages, *stream.added)}
    jobs = _Jobs()
    for row in rows:
        if row.status is Status.QUEUED and row.attempts:
            jobs.retried[row.job_id] = row
        elif row.status is Status.QUEUED:
            jobs.fresh.append(row)
        elif row.message in present and row.message not in jobs.held:
            jobs.held.add(row.message)
        else:
            jobs.bare.append(row)
    return jobs


def _sort_tokens(stream: StreamView, jobs: _Jobs) -> _Tokens:
    tokens, new = _Tokens(), {message.id for message in stream.added}
    for message in (*stream.messages, *stream.added):
        if message.job_id is None or message.id in jobs.held:
            continue
        if not is_live(stream, message.id) or stream.pending.get(message.id, 0.0) > STALE_SECONDS:
            kind = tokens.lost
        elif message.id in stream.pending:
            kind = tokens.in_hand
        else:
            kind = tokens.new if message.id in new else tokens.waiting
        if message.job_id not in jobs.retried:
            kind.append(message)
        elif kind is tokens.lost:
            tokens.own_lost.setdefault(message.job_id, []).append(message.id)
        else:
            tokens.own.setdefault(message.job_id, set()).add(WAITING if _is_unread(stream, message) else IN_HAND)
    # Those of running jobs first: they are kept.
    bare = {row.job_id for row in jobs.bare}
    tokens.lost.sort(key=lambda message: message.job_id not in bare)
    return tokens


def _find_lacking(jobs: _Jobs, tokens: _Tokens) -> list[UUID]:
    """Return jobs to add the missing tokens for, without those that may still be on their way."""
    present = [*tokens.waiting, *tokens.in_hand, *tokens.new]
    missing = len(jobs.fresh) + max(0, len(jobs.bare) - len(tokens.lost)) - len(present)
    if missing <= 0:
        return []
    bare = {row.job_id for row in jobs.bare}
    known = {message.job_id for message in present} | (bare & {message.job_id for message in tokens.lost})
    rows = sorted((*jobs.bare, *jobs.fresh), key=lambda row: (row.job_id in known, -row.unchanged))
    settled = [row.job_id for row in rows if row.unchanged > SETTLE_SECONDS]
    on_their_way = sum(row.unchanged <= SETTLE_SECONDS and row.job_id not in known for row in rows)
    return settled[: max(0, missing - on_their_way)]


def _find_lost_retries(jobs: _Jobs, tokens: _Tokens) -> tuple[list[UUID], int]:
    """Return the started jobs to add messages for, and how many others lack one that may be on its way.

    A job whose lease ran out need not settle when there is a lost message, which may be that of its claim.
    """
    lacking = [row for job_id, row in jobs.retried.items() if job_id not in tokens.own]
    sure = [row.job_id for row in lacking if row.unchanged > SETTLE_SECONDS or row.job_id in tokens.own_lost]
    others = [row.job_id for row in lacking if row.unchanged <= SETTLE_SECONDS and row.job_id not in tokens.own_lost]
    return [*sure, *others[: len(tokens.lost)]], len(others[len(tokens.lost) :])


def _find_unread(stream: StreamView, tokens: _Tokens, jobs: _Jobs) -> list[Message]:
    """Return the tokens that nobody had read by the second look, those of waiting jobs last."""
    fresh = {row.job_id for row in jobs.fresh}
    unread = [message for message in tokens.waiting if _is_unread(stream, message)]
    return sorted(unread, key=lambda message: message.job_id in fresh)


def _is_unread(stream: StreamView, message: Message) -> bool:
    """Return whether nobody had read the message by the second look."""
    return _parse_id(message.id) > _parse_id(stream.delivered_since)


def _find_useless(stream: StreamView) -> list[str]:
    """Return the pending entries without a message, and the messages that are not ours."""
    dead = stream.pending.keys() - {message.id for message in stream.messages}
    return [*dead, *(message.id for message in stream.messages if message.job_id is None)]


def _parse_id(message_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = message_id.partition("-")
    return int(milliseconds), int(sequence or 0)
