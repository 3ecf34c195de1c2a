"""What the queue must be told, from what it holds and what the record says: one pure function.

The stream has to be read before the rows. The other way round, a job that was submitted in between would
be in the stream with no row, and one that finished in between would get a message again.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from core.queue import Message
from core.transitions import Status

SETTLE_SECONDS = 5.0
"""A row that changed less than this ago may be about to get its message from whoever changed it."""

STALE_SECONDS = 10.0
"""A message that was read this long ago for a job that is still queued was read in vain."""


@dataclass(frozen=True, slots=True)
class StreamView:
    """The stream at one moment: its messages, the last id that was delivered, and the pending ones.

    `pending` gives for each delivered and unacknowledged message how long ago it was delivered, in seconds.
    """

    messages: tuple[Message, ...]
    last_delivered: str
    pending: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A job that is queued or processing; `unchanged` is the time since its last transition, in seconds."""

    job_id: UUID
    status: Status
    unchanged: float


@dataclass(frozen=True, slots=True)
class Plan:
    """New messages for `adds` and no more messages of the ids in `deletes`, both in one MULTI."""

    adds: tuple[UUID, ...]
    deletes: tuple[str, ...]


def reconcile(stream: StreamView, rows: Iterable[OpenRow]) -> Plan:
    """What to add to and delete from the stream, so that every open job has a message that someone will read."""
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
    """Whether a message will still be read, or is in the hands of someone who has read it."""
    return message_id in stream.pending or _order(message_id) > _order(stream.last_delivered)


def _needs_message(row: OpenRow, live: list[str], stream: StreamView) -> bool:
    """Whether a job has no message, or only messages that were read in vain."""
    if not live:
        return row.unchanged > SETTLE_SECONDS
    return row.status is Status.QUEUED and all(stream.pending.get(name, 0.0) > STALE_SECONDS for name in live)


def _order(message_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = message_id.partition("-")
    return int(milliseconds), int(sequence or 0)
