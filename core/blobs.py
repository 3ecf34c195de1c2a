"""Images in PostgreSQL: the one module through which their bytes go.

psycopg2 sends bytea as hexadecimal text, which costs over twice the CPU of COPY in binary form, so
both ways are COPY (FORMAT binary) here. The layout is PostgreSQL's: signature, flags, extension, then per row a
field count and length-prefixed fields, then -1 (PostgreSQL documentation, COPY, "Binary Format").
"""

import struct
from collections.abc import Iterator
from datetime import date
from typing import IO, Protocol
from uuid import UUID

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class, named like a variable
from psycopg2.extensions import cursor
from sqlalchemy import Connection, Table, delete

from core.tables import results, uploads

SLICE_BYTES = 1 << 20
"""Downloads read this much at a time, so that no process holds a whole result."""

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)
_EPOCH = date(2000, 1, 1)


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, empty at the end."""
        ...


def store_upload(connection: Connection, day: date, job_id: UUID, data: Readable, size: int) -> None:
    """Write the `size` bytes that `data` yields as the job's upload."""
    _store(connection, uploads, day, job_id, data, size)


def store_result(connection: Connection, day: date, job_id: UUID, data: Readable, size: int) -> None:
    """Write the `size` bytes that `data` yields as the job's result."""
    _store(connection, results, day, job_id, data, size)


def read_upload(connection: Connection, day: date, job_id: UUID, sink: IO[bytes]) -> int | None:
    """Write the upload's bytes to `sink`; returns how many, None when it is gone."""
    offset = 0
    for piece in _slices(connection, uploads, day, job_id):
        sink.write(piece)
        offset += len(piece)
    return offset or None


def read_result_slice(connection: Connection, day: date, job_id: UUID, offset: int, size: int) -> bytes | None:
    """At most `size` bytes of the result from `offset` on; None when it is gone."""
    return _slice(connection, results, day, job_id, offset, size)


def erase(connection: Connection, job_id: UUID, upload_day: date, result_day: date | None) -> None:
    """Delete both blobs of a job."""
    for table, day in ((uploads, upload_day), (results, result_day)):
        if day is not None:
            connection.execute(delete(table).where(table.c.day == day, table.c.job_id == job_id))


def _store(connection: Connection, table: Table, day: date, job_id: UUID, data: Readable, size: int) -> None:
    source = _CopyRow(day, job_id, data, size)
    with _cursor(connection) as cursor:
        cursor.copy_expert(f"COPY {table.name} (day, job_id, data) FROM STDIN (FORMAT binary)", source, 1 << 18)  # type: ignore[arg-type] # only `read` is called
    if source.missing:
        raise ValueError(f"{source.missing} of {size} bytes were not there to store")


def _slices(connection: Connection, table: Table, day: date, job_id: UUID) -> Iterator[bytes]:
    offset = 0
    while piece := _slice(connection, table, day, job_id, offset, SLICE_BYTES):
        yield piece
        offset += len(piece)


def _slice(connection: Connection, table: Table, day: date, job_id: UUID, offset: int, size: int) -> bytes | None:
    """One slice; STORAGE EXTERNAL lets substring() read only the chunks it needs."""
    sink = _CopyField()
    # COPY takes no parameters; every value here is a number, a date or a UUID of ours.
    query = (
        f"SELECT substring(data FROM {int(offset) + 1} FOR {int(size)}) FROM {table.name} "  # noqa: S608
        f"WHERE day = '{day:%Y-%m-%d}' AND job_id = '{UUID(str(job_id))}'"
    )
    with _cursor(connection) as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", sink, 1 << 18)
    return sink.value()


def _cursor(connection: Connection) -> cursor:
    driver: DriverConnection | None = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    return driver.cursor()


class _CopyRow:
    """One row (day, job_id, data) in COPY's binary form, read as a file; the data is never held whole."""

    def __init__(self, day: date, job_id: UUID, data: Readable, size: int) -> None:
        self._head = (
            _SIGNATURE
            + struct.pack(">hii", 3, 4, (day - _EPOCH).days)
            + struct.pack(">i16s", 16, job_id.bytes)
            + struct.pack(">i", size)
        )
        self._data = data
        self.missing = size
        self._tail = _TRAILER

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes of the row; empty at its end."""
        if self._head:
            piece, self._head = self._head, b""
            return piece
        if self.missing and (piece := self._data.read(min(size, self.missing) if size > 0 else self.missing)):
            self.missing -= len(piece)
            return piece
        piece, self._tail = self._tail, b""
        return piece


class _CopyField:
    """Collects what COPY TO sends for a query of one bytea column and at most one row."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes, /) -> int:
        """Take a piece of the answer."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def value(self) -> bytes | None:
        """The field's bytes, None when there was no row."""
        answer = memoryview(b"".join(self._pieces))[len(_SIGNATURE) :]
        count, length = struct.unpack_from(">hi", answer) if len(answer) > len(_TRAILER) else (-1, 0)
        return None if count != 1 else bytes(answer[6 : 6 + length])
