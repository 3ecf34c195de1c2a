"""What can be uploaded: a path, bytes or an open file, each readable again for a second attempt."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO, TextIOBase
from pathlib import Path
from typing import IO, BinaryIO, Self

from imagemill_client.errors import WrongInput

UNNAMED = "image"
"""The name of bytes that came without one."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to send. `progress` is told how many bytes of it went out, from 0 again with each attempt."""

    filename: str
    content: Path | bytes
    progress: Callable[[int], None] | None = None

    @classmethod
    def of(cls, source: "Source", filename: str | None = None) -> "Upload":
        """Make an upload. A text is a path. An open file is read here, from where it stands to its end.

        Raises WrongInput for anything else.
        """
        if isinstance(source, Upload):
            return source
        filename = filename and _clean_name(filename)
        if isinstance(source, bytes | bytearray | memoryview):
            return cls(filename or UNNAMED, bytes(source))
        if isinstance(source, str | os.PathLike):
            path = Path(source)
            return cls(filename or _show_name(path), path)
        named = getattr(source, "name", None)
        name = _show_name(Path(named)) if isinstance(named, str) else UNNAMED
        return cls(filename or name, _read_file(source))

    @property
    def size(self) -> int:
        """How many bytes it has. Raises OSError."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.stat().st_size

    def watched(self, progress: Callable[[int], None]) -> Self:
        """Return the same upload with somebody told of its progress."""
        return replace(self, progress=progress)

    def open(self) -> "Reader":
        """Open it for one attempt. Raises OSError."""
        inner = BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")
        return Reader(inner, self.progress)


Source = str | os.PathLike[str] | bytes | BinaryIO | Upload


class Reader:
    """An open upload that tells how far it was read. It has what httpx asks of a file in a form."""

    def __init__(self, inner: IO[bytes], progress: Callable[[int], None] | None) -> None:
        self._inner = inner
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        """Read, and tell how many bytes were read by now."""
        piece = self._inner.read(size)
        if self._progress:
            self._progress(self._inner.tell())
        return piece

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; httpx measures the length by it."""
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._inner.tell()

    def close(self) -> None:
        """Close the file."""
        self._inner.close()


def _read_file(source: object) -> bytes:
    read = getattr(source, "read", None)
    if isinstance(source, TextIOBase):
        raise WrongInput('The file is open for text. Open it with open(path, "rb"), or give its path.')
    content = read() if callable(read) else None
    if not isinstance(content, bytes):
        raise WrongInput(
            f"A path, bytes or a file open for reading bytes can be uploaded, not {type(source).__name__}."
        )
    return content


def _show_name(path: Path) -> str:
    # A name on disk may be no UTF-8, and HTTP cannot carry it then.
    return os.fsencode(path.name).decode("utf-8", "replace") or UNNAMED


def _clean_name(name: str) -> str:
    return name.encode("utf-8", "replace").decode()
