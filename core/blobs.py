"""Images in PostgreSQL: their bytes go through this module only.

psycopg2 sends bytea as hexadecimal text, which costs over twice the CPU of COPY in binary form, so
both ways are COPY (FORMAT binary) here. The layout is PostgreSQL's: signature, flags, extension, then per row a
field count and length-prefixed fields, then -1 (PostgreSQL documentation, COPY, "Binary Format").
"""

import struct
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from io import BytesIO
from typing import IO, Protocol
from uuid import UUID

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class, named like a variable
from psycopg2.extensions import cursor
from sqlalchemy import Column, Connection, Table, delete, text

from core.database import moving_bytes
from core.jobs import Job
from core.tables import results, upload_pieces, uploads
from core.transitions import Status

SLICE_BYTES = 128 * 1024
"""Downloads read this much at a time. A reader that stands still holds two slices, so they are small."""

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)
_ROW = struct.Struct(">hi")
"""The head of a row of one field: how many fields, and the bytes of the first."""

_EPOCH = date(2000, 1, 1)

# substring() reads no more than it needs, as the bytes are stored EXTERNAL.
_READ_PIECES = text("""
    SELECT substring(data FROM greatest(1, :first - start + 1)::int FOR (:end - greatest(start, :first))::int)
    FROM upload_pieces
    WHERE day = :day AND upload_id = :id AND start < :end AND start + octet_length(data) > :first ORDER BY start
""")
_JOIN_PIECES = text("""
    INSERT INTO uploads (day, job_id, data)
    SELECT :upload_day, :job, string_agg(data, '' ORDER BY start) FROM upload_pieces WHERE day = :day AND upload_id = :id
    HAVING sum(octet_length(data)) = :size
""")


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


def store_piece(connection: Connection, day: date, upload_id: UUID, start: int, data: bytes) -> None:
    """Write a piece of a partial upload, which begins at byte `start`."""
    key = (_pack_day(day), upload_id.bytes, struct.pack(">q", start))
    _copy_in(connection, "upload_pieces (day, upload_id, start, data)", _CopyRow(key, BytesIO(data), len(data)))


def read_pieces(connection: Connection, day: date, upload_id: UUID, offset: int, size: int) -> bytes:
    """Return at most `size` bytes of a partial upload from `offset` on. Meant for few bytes."""
    values = {"day": day, "id": upload_id, "first": offset, "end": offset + size}
    return b"".join(bytes(part) for part in connection.scalars(_READ_PIECES, values))


def join_pieces(connection: Connection, piece_day: date, upload_id: UUID, day: date, job_id: UUID, size: int) -> None:
    """Move the pieces of a whole upload of `size` bytes together, as the job's upload. They never leave the database."""
    values = {"day": piece_day, "id": upload_id, "size": size, "upload_day": day, "job": job_id}
    with moving_bytes(size):
        joined = connection.execute(_JOIN_PIECES, values).rowcount
    if joined != 1:
        raise ValueError(f"the pieces of upload {upload_id} are not {size} bytes")
    erase_pieces(connection, [(piece_day, upload_id)])


def erase_pieces(connection: Connection, whose: Iterable[tuple[date, UUID]]) -> None:
    """Delete all pieces of these partial uploads."""
    by_day: defaultdict[date, list[UUID]] = defaultdict(list)
    for day, upload_id in whose:
        by_day[day].append(upload_id)
    for day, ids in by_day.items():
        _erase(connection, upload_pieces, upload_pieces.c.upload_id, day, ids)


def erase_blobs(connection: Connection, ended: Iterable[Job]) -> None:
    """Delete what jobs that are over need no more: the upload of each, and the result of those that are not succeeded.

    It takes one statement for each table and day.
    """
    by_day: defaultdict[tuple[Table, date], list[UUID]] = defaultdict(list)
    for job in ended:
        by_day[uploads, job.upload_day].append(job.id)
        if job.result_day is not None and job.status is not Status.SUCCEEDED:
            by_day[results, job.result_day].append(job.id)
    for (table, day), ids in by_day.items():
        _erase(connection, table, table.c.job_id, day, ids)


def _erase(connection: Connection, table: Table, key: Column[UUID], day: date, ids: list[UUID]) -> None:
    with moving_bytes():
        connection.execute(delete(table).where(table.c.day == day, key.in_(ids)))


def _store(connection: Connection, table: Table, day: date, job_id: UUID, data: Readable, size: int) -> None:
    _copy_in(connection, f"{table.name} (day, job_id, data)", _CopyRow((_pack_day(day), job_id.bytes), data, size))


def _copy_in(connection: Connection, columns: str, source: "_CopyRow") -> None:
    size = source.missing
    with _cursor(connection) as cursor:
        cursor.copy_expert(f"COPY {columns} FROM STDIN (FORMAT binary)", source, 1 << 18)  # type: ignore[arg-type] # only `read` is called
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


def _pack_day(day: date) -> bytes:
    return struct.pack(">i", (day - _EPOCH).days)


class _CopyRow:
    """One row (the fields of its key, data) in COPY's binary form, read as a file; the data is never held whole."""

    def __init__(self, key: tuple[bytes, ...], data: Readable, size: int) -> None:
        packed = b"".join(struct.pack(">i", len(field)) + field for field in key)
        self._head = _SIGNATURE + struct.pack(">h", len(key) + 1) + packed + struct.pack(">i", size)
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
