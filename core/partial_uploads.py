"""Uploads that go on where they stopped: begun, extended piece by piece, and made into a job's upload.

The offset is the fence. A piece is only ever written where the ones before it end, in one transaction with the new offset:
of two requests with the same piece one is too late, whichever API processes they reach, and no lock outlives a process.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, CursorResult, delete, func, insert, select, update

from core.blobs import erase_pieces, join_pieces, store_piece
from core.partitions import today
from core.tables import partial_uploads

REMEMBERED = timedelta(days=1)
"""How long an upload that expired is still known as one."""

_table = partial_uploads.c
_is_alive = _table.expires_at > func.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialUpload:
    """What is known of an upload. `stored` of its `length` bytes are there; `metadata` is as the client wrote it."""

    id: UUID
    owner: str
    day: date
    length: int
    stored: int
    metadata: str
    created_at: datetime
    expires_at: datetime
    is_expired: bool

    @property
    def is_whole(self) -> bool:
        """Return whether all bytes are there."""
        return self.stored == self.length


_COLUMNS = [
    *(_table[field.name] for field in fields(PartialUpload) if field.name in _table),
    (~_is_alive).label("is_expired"),
]


def begin_upload(
    connection: Connection, upload_id: UUID, *, owner: str, length: int, metadata: str, kept: timedelta
) -> PartialUpload:
    """Make an upload without bytes, which expires after `kept` without one."""
    values = {
        "id": upload_id,
        "owner": owner,
        "day": today(connection),
        "length": length,
        "stored": 0,
        "metadata": metadata,
        "created_at": func.now(),
        "expires_at": func.now() + kept,
    }
    return _one(connection.execute(insert(partial_uploads).values(values).returning(*_COLUMNS)))


def find_upload(connection: Connection, upload_id: UUID) -> PartialUpload | None:
    """Return the upload of that id; None when there is none, or it became a job."""
    return _first(connection.execute(select(*_COLUMNS).where(_table.id == upload_id)))


def extend_upload(
    connection: Connection, upload_id: UUID, offset: int, data: bytes, kept: timedelta
) -> PartialUpload | None:
    """Add a piece at `offset`. Return None, with nothing changed, when that is not where the upload goes on."""
    end = offset + len(data)
    where = (_table.id == upload_id, _table.stored == offset, _table.length >= end, _is_alive)
    values = {"stored": end, "expires_at": func.now() + kept}
    extended = _first(
        connection.execute(update(partial_uploads).where(*where).values(values).returning(*_COLUMNS)),
    )
    if extended is not None:
        store_piece(connection, extended.day, upload_id, offset, data)
    return extended


def use_upload(connection: Connection, upload_id: UUID, day: date, job_id: UUID) -> bool:
    """Turn a whole upload into the upload of a job. Return False, with nothing changed, when it is not there or not whole."""
    where = (_table.id == upload_id, _table.stored == _table.length, _is_alive)
    used = _first(connection.execute(delete(partial_uploads).where(*where).returning(*_COLUMNS)))
    if used is None:
        return False
    join_pieces(connection, used.day, upload_id, day, job_id, used.length)
    return True


def erase_upload(connection: Connection, upload_id: UUID) -> bool:
    """Delete the upload and its bytes. Return False when it is not there."""
    erased = _first(connection.execute(delete(partial_uploads).where(_table.id == upload_id).returning(*_COLUMNS)))
    if erased is None:
        return False
    erase_pieces(connection, [(erased.day, upload_id)])
    return True


def erase_expired_uploads(connection: Connection, most: int) -> int:
    """Erase the bytes of at most so many uploads that expired, and return how many. Erase names too; forget what is long gone."""
    expired = select(_table.id).where(~_is_alive, _table.stored > 0).limit(most).with_for_update(skip_locked=True)
    emptied = connection.execute(
        update(partial_uploads)
        .where(_table.id.in_(expired.scalar_subquery()))
        .values(stored=0)
        .returning(_table.day, _table.id)
    ).all()
    erase_pieces(connection, [(day, upload_id) for day, upload_id in emptied])
    named = select(_table.id).where(~_is_alive, _table.metadata != "").limit(most).with_for_update(skip_locked=True)
    connection.execute(update(partial_uploads).where(_table.id.in_(named.scalar_subquery())).values(metadata=""))
    gone = select(_table.id).where(_table.expires_at < func.now() - REMEMBERED, _table.stored == 0).limit(most)
    connection.execute(delete(partial_uploads).where(_table.id.in_(gone.scalar_subquery())))
    return len(emptied)


def sum_lengths(connection: Connection, owner: str) -> int:
    """Sum what the unfinished uploads of a client will take."""
    summed = select(func.coalesce(func.sum(_table.length), 0)).where(_table.owner == owner, _is_alive)
    return int(connection.execute(summed).scalar_one())


def _one(rows: CursorResult[Any]) -> PartialUpload:
    return PartialUpload(**rows.mappings().one())


def _first(rows: CursorResult[Any]) -> PartialUpload | None:
    row = rows.mappings().one_or_none()
    return None if row is None else PartialUpload(**row)
