"""Reading a form with many files as it streams in: each has its cap, and all together have one.

All files share one temporary file: a hundred of their own would take a hundred of the process's descriptors, and a
hundred times the memory that is used before anything goes to disk.
"""

from collections.abc import AsyncGenerator
from contextlib import suppress
from tempfile import SpooledTemporaryFile

from starlette.datastructures import Headers, UploadFile
from starlette.requests import Request

from api.body_headers import announced_bytes
from api.bounds import Bound
from api.errors import BatchTooLarge, SeveralFiles, TooManyInBatch, UploadTooLarge
from api.forms import SPOOL_BYTES, FormParser, FormReader

MOST_FILES = 100
"""Files of one form."""


class Slice:
    """One file's part of the temporary file that all share. Parts come one after the other, so each is contiguous."""

    def __init__(self, spool: "SpooledTemporaryFile[bytes]") -> None:
        self._spool = spool
        self._start: int | None = None
        self._size = 0
        self._position = 0

    def write(self, data: bytes) -> int:
        """Append to the file. Nothing is written to an earlier one any more."""
        end = self._spool.seek(0, 2)
        if self._start is None:
            self._start = end
        self._size += self._spool.write(data)
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes of this file."""
        left = self._size - self._position
        wanted = left if size < 0 else min(size, left)
        self._spool.seek((self._start or 0) + self._position)
        piece = self._spool.read(wanted)
        self._position += len(piece)
        return piece

    def seek(self, offset: int) -> int:
        """Go on at this byte of the file."""
        self._position = max(0, min(offset, self._size))
        return self._position


class BatchFile(UploadFile):
    """One file of a batch. Of one that is too large, no more than its beginning is kept."""

    is_too_large = False


class BatchParser(FormParser):
    """Spools all files into one temporary file. Bytes of a file beyond `file_cap`, or of all beyond `cap`, are dropped."""

    takes_one_file = False

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], *, cap: int, file_cap: int) -> None:
        super().__init__(headers, stream, cap=cap, most_files=MOST_FILES)
        self._file_cap = file_cap
        self._in_this_file = 0
        self._spool: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - close()

    def on_headers_finished(self) -> None:
        """Begin a part. Its file becomes a slice of the one that all share."""
        super().on_headers_finished()
        given = self._current_part.file
        if given is None:
            return
        self._files_to_close_on_error.pop().close()
        self._in_this_file = 0
        self._current_part.file = BatchFile(
            Slice(self._spool),  # type: ignore[arg-type] # only read, write and seek are called
            size=0,
            filename=given.filename,
            headers=given.headers,
        )

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Take a piece of a part."""
        file = self._current_part.file
        if isinstance(file, BatchFile):
            self._in_this_file += end - start
            file.is_too_large = self._in_this_file > self._file_cap
            if file.is_too_large:
                self.count_file_bytes(end - start)
                return
        super().on_part_data(data, start, end)

    def close(self) -> None:
        """Close the temporary file."""
        super().close()
        with suppress(OSError):
            self._spool.close()


class BatchForm(FormReader):
    """The form of a batch. `cap` is in bytes of all files, `file_cap` of each. It may be no form at all, without a body."""

    def __init__(self, request: Request, *, cap: int, file_cap: int, transfers: Bound) -> None:
        super().__init__(request, cap=cap, transfers=transfers)
        self._file_cap = file_cap

    async def _read(self) -> None:
        if self._has_body():
            await super()._read()
        else:
            self._check_address()

    def _has_body(self) -> bool:
        headers = self._request.headers
        return "content-type" in headers or "transfer-encoding" in headers or announced_bytes(headers) > 0

    def _make_parser(self, cap: int) -> FormParser:
        return BatchParser(self._request.headers, self._chunks(), cap=cap, file_cap=min(cap, self._file_cap))

    def _too_large(self) -> UploadTooLarge:
        self._refused = True
        return BatchTooLarge(limit=self._cap)

    def _too_many(self) -> SeveralFiles:
        return TooManyInBatch(count=MOST_FILES)
