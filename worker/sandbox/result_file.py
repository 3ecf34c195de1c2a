"""The file of a result. Size-limited, and without fileno(), so C libraries cannot bypass the limit."""

import io
import os
from typing import TYPE_CHECKING, BinaryIO, cast

from core.failures import ResultTooLarge
from engine.errors import ConversionError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

BUFFER = 1 << 18


class ResultFile(io.RawIOBase):
    """An open, empty file of at most `limit` bytes. Writing past them raises ConversionError (result_too_large)."""

    def __init__(self, fd: int, limit: int) -> None:
        super().__init__()
        self._fd, self._limit, self._at, self._size = fd, limit, 0, 0

    def readable(self) -> bool:
        """Return True: the TIFF writer reads its own output back."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read into `buffer` at the position. Return the number of bytes, 0 at the end."""
        view = memoryview(buffer).cast("B")
        count = os.preadv(self._fd, [view], self._at)
        self._at += count
        return count

    def write(self, data: "ReadableBuffer") -> int:
        """Write at the position. Return the number of bytes."""
        view = memoryview(data).cast("B")
        if self._at + len(view) > self._limit:
            raise ConversionError(ResultTooLarge(limit=self._limit))
        count = os.pwrite(self._fd, view, self._at)
        self._at += count
        self._size = max(self._size, self._at)
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position and return it."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return the position."""
        return self._at


def open_result(fd: int, limit: int) -> BinaryIO:
    """Return a buffered ResultFile on a file descriptor. The caller still owns the descriptor."""
    return cast(BinaryIO, io.BufferedRandom(ResultFile(fd, limit), BUFFER))
