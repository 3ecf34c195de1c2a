"""Images in PostgreSQL: their bytes go through this module only.

psycopg2 sends bytea as hexadecimal text, which costs over twice the CPU of COPY in binary form, so
both ways are COPY (FORMAT binary) here. The layout is PostgreSQL's: signature, flags, extension, then per row a
field count and length-prefixed fields, then -1 (PostgreSQL documentation, COPY, "Binary Format").
"""

import struct
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import IO, Protocol
from uuid import UUID

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class, named like a variable
from psycopg2.extensions import cursor
from sqlalchemy import Connection, Table, delete

from core.jobs import Job
from core.tables import results, uploads

SLICE_BYTES = 1 << 20
"""Downloads read this much at a time, so that no process holds a whole result."""

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)
_ROW = struct.Struct(">hi")
"""The head of a row of one field: how many fields, and the bytes of the first."""

_EPOCH = date(2000, 1, 1)


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...


def store_upload(connection: Connection, day: date, job_id: UUID, data: Readable, size: int) -> None:
    """Write the `size` bytes of `data` as the job's upload."""
    _store(connection, uploads, day, job_id, data, size)


def store_result(connection: Connection, day: date, job_id: UUID, data: Readable, size: int) -> None:
    """Write the `size` bytes of `data` as the job's result."""
    _store(connection, results, day, job_id, data, size)


def read_upload(connection: Connection, day: date, job_id: UUID, sink: IO[bytes]) -> int | None:
    """Write the upload's bytes to `sink` in slices. Return how many, None when it is gone."""
    written = 0

    def take(piece: bytes) -> None:
        nonlocal written
        sink.write(piece)
        written += len(piece)

    # One statement sends all slices as rows, in the order of the series. One row would be held whole at both ends.
    slices = f"substring(data FROM generate_series(1, octet_length(data), {SLICE_BYTES}) FOR {SLICE_BYTES})"
    _copy_out(connection, slices, uploads, day, job_id, take)
    return written or None


def read_result_slice(connection: Connection, day: date, job_id: UUID, offset: int, size: int) -> bytes | None:
    """Return at most `size` bytes of the result from `offset` on; None when it is gone."""
    found: list[bytes] = []
    slice_of_data = f"substring(data FROM {int(offset) + 1} FOR {int(size)})"
    _copy_out(connection, slice_of_data, results, day, job_id, found.append)
    return found[0] if found else None


def erase_blobs(connection: Connection, job_id: UUID, upload_day: date, result_day: date | None) -> None:
    """Delete both blobs of a job."""
    for table, day in ((uploads, upload_day), (results, result_day)):
        if day is not None:
            connection.execute(delete(table).where(table.c.day == day, table.c.job_id == job_id))


def erase_all_blobs(connection: Connection, ended: Iterable[Job]) -> None:
    """Delete both blobs of all these jobs, in one statement for each table and day."""
    by_day: defaultdict[tuple[Table, date], list[UUID]] = defaultdict(list)
    for job in ended:
        by_day[uploads, job.upload_day].append(job.id)
        if job.result_day is not None:
            by_day[results, job.result_day].append(job.id)
    for (table, day), ids in by_day.items():
        connection.execute(delete(table).where(table.c.day == day, table.c.job_id.in_(ids)))


def _store(connection: Connection, table: Table, day: date, job_id: UUID, data: Readable, size: int) -> None:
    source = _CopyRow(day, job_id, data, size)
    with _cursor(connection) as cursor:
        cursor.copy_expert(f"COPY {table.name} (day, job_id, data) FROM STDIN (FORMAT binary)", source, 1 << 18)  # type: ignore[arg-type] # only `read` is called
    if source.missing:
        raise ValueError(f"{source.missing} of {size} bytes were not there to store")


def _copy_out(
    connection: Connection, column: str, table: Table, day: date, job_id: UUID, take: Callable[[bytes], object]
) -> None:
    """Give `take` each value of a bytea column. STORAGE EXTERNAL lets substring() read only the chunks it needs."""
    # COPY takes no parameters; every value here is a number, a date or a UUID of ours.
    query = f"SELECT {column} FROM {table.name} WHERE day = '{day:%Y-%m-%d}' AND job_id = '{UUID(str(job_id))}'"  # noqa: S608
    with _cursor(connection) as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", _CopyFields(take), 1 << 18)


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
        """Return the next bytes of the row, none at its end."""
        if self._head:
            piece, self._head = self._head, b""
            return piece
        if self.missing and (piece := self._data.read(min(size, self.missing) if size > 0 else self.missing)):
            self.missing -= len(piece)
            return piece
        piece, self._tail = self._tail, b""
        return piece


class _CopyFields:
    """Takes the output of COPY TO for a query of one bytea column, and gives each row's value to `take`."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._buffer = bytearray()
        self._missing_head = len(_SIGNATURE)

    def write(self, piece: bytes, /) -> int:
        """Take a piece of the answer. It may end anywhere."""
        self._buffer += piece
        if len(self._buffer) >= self._missing_head:
            del self._buffer[: self._missing_head]
            self._missing_head = 0
            while (value := self._next_value()) is not None:
                self._take(value)
        return len(piece)

    def _next_value(self) -> bytes | None:
        """Return the next whole value. The trailer is shorter than the head of a row, so it stays in the buffer."""
        if len(self._buffer) < _ROW.size:
            return None
        _, length = _ROW.unpack_from(self._buffer)
        end = _ROW.size + length
        if len(self._buffer) < end:
            return None
        value = bytes(self._buffer[_ROW.size : end])
        del self._buffer[:end]
        return value
