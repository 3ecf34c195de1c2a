"""The plan for the queue, from the stream and the record: one pure function.

The stream has to be read before the rows. The other way round, a job submitted in between would be in the stream
without a row, and a job finished in between would get a message again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from core.queue import Message
from core.transitions import Status

SETTLE_SECONDS = 5.0
"""The process that changed a row so recently may still be adding its message."""

STALE_SECONDS = 10.0
"""A message that was read so long ago and whose job is still queued counts as lost."""


@dataclass(frozen=True, slots=True)
class StreamView:
    """The stream at one moment: its messages, the last delivered id, and the pending messages.

    `pending` gives for each delivered and unacknowledged message how long ago it was delivered, in seconds.
    """

    messages: tuple[Message, ...]
    last_delivered: str
    pending: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A queued or processing job. `unchanged` is the time since its last transition, in seconds."""

    job_id: UUID
    status: Status
    unchanged: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The jobs to add messages for and the ids of messages to delete, all in one MULTI."""

    adds: tuple[UUID, ...]
    deletes: tuple[str, ...]


def reconcile(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    """Plan additions and deletions, so that a worker will read a message of every open job."""
    open_rows = {row.job_id: row for row in rows}
    live: dict[UUID, list[str]] = defaultdict(list)
    ghosts: dict[UUID, list[str]] = defaultdict(list)
    deletes = list(stream.pending.keys() - {message.id for message in stream.messages})
    for message in stream.messages:
        if message.job_id is None or message.job_id not in open_rows:
            deletes.append(message.id)
        elif is_live(stream, message.id):
            live[message.job_id].append(message.id)
        else:
            ghosts[message.job_id].append(message.id)
            deletes.append(message.id)
    adds = []
    for job_id, row in open_rows.items():
        if _needs_message(row, live[job_id], stream) or (ghosts[job_id] and not live[job_id]):
            adds.append(job_id)
            deletes.extend(live[job_id])
    return Plan(tuple(adds), tuple(deletes))


def is_live(stream: StreamView, message_id: str) -> bool:
    """Return whether a message is pending, or not delivered yet."""
    return message_id in stream.pending or _parse_id(message_id) > _parse_id(stream.last_delivered)


def _needs_message(row: OpenRow, live: list[str], stream: StreamView) -> bool:
    """Return whether a job has no message, or only lost ones."""
    if not live:
        return row.unchanged > SETTLE_SECONDS
    return row.status is Status.QUEUED and all(stream.pending.get(name, 0.0) > STALE_SECONDS for name in live)


def _parse_id(message_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = message_id.partition("-")
    return int(milliseconds), int(sequence or 0)
