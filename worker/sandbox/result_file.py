"""The file that a result is written to: as large as allowed, and without a number for C libraries to write past us."""

import io
import os
from typing import TYPE_CHECKING, BinaryIO, cast

from core.failures import ResultTooLarge
from engine.errors import ConversionError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

BUFFER = 1 << 18


class ResultFile(io.RawIOBase):
    """An open, empty file of at most `limit` bytes; writing past them raises ConversionError (result_too_large)."""

    def __init__(self, fd: int, limit: int) -> None:
        super().__init__()
        self._fd, self._limit, self._at, self._size = fd, limit, 0, 0

    def readable(self) -> bool:
        """Yes: TIFF's writer reads back what it wrote."""
        return True

    def writable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read from the position into `buffer`; the number of bytes, 0 at the end."""
        view = memoryview(buffer).cast("B")
        count = os.preadv(self._fd, [view], self._at)
        self._at += count
        return count

    def write(self, data: "ReadableBuffer") -> int:
        """Write at the position; the number of bytes."""
        view = memoryview(data).cast("B")
        if self._at + len(view) > self._limit:
            raise ConversionError(ResultTooLarge(limit=self._limit))
        count = os.pwrite(self._fd, view, self._at)
        self._at += count
        self._size = max(self._size, self._at)
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """The position."""
        return self._at


def open_result(fd: int, limit: int) -> BinaryIO:
    """A buffered ResultFile over that file descriptor, which stays the caller's."""
    return cast(BinaryIO, io.BufferedRandom(ResultFile(fd, limit), BUFFER))
