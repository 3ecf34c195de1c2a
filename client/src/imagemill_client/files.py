"""Results on disk and in memory: written beside the target, checked, and only then given their name."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from uuid import uuid4

from imagemill_client.errors import DamagedDownload, FileExists
from imagemill_client.models import ResultInfo

TEMPORARY = ".imagemill-{}.part"


class ResultSink:
    """Takes the bytes of a result and counts and hashes them. `progress` is told how many came."""

    def __init__(self, stream: IO[bytes], progress: Callable[[int], None] | None = None) -> None:
        self._stream = stream
        self._progress = progress
        self._hash = hashlib.sha256()
        self._count = 0

    def restart(self) -> None:
        """Begin anew."""
        self._stream.seek(0)
        self._stream.truncate()
        self._hash = hashlib.sha256()
        self._count = 0

    def write(self, piece: bytes) -> None:
        """Store the next bytes. Raises OSError."""
        self._stream.write(piece)
        self._hash.update(piece)
        self._count += len(piece)
        if self._progress:
            self._progress(self._count)

    def check(self, result: ResultInfo) -> None:
        """Raise DamagedDownload unless the bytes are those that the service stored."""
        if self._count != result.bytes or self._hash.hexdigest() != result.sha256:
            raise DamagedDownload(
                f"{result.filename}: {self._count:,} bytes came that are not the {result.bytes:,} that the service"
                " stored. Download it again."
            )


class MemorySink(ResultSink):
    """Keeps a result in memory."""

    def __init__(self) -> None:
        self._memory = BytesIO()
        super().__init__(self._memory)

    @property
    def content(self) -> bytes:
        """What came."""
        return self._memory.getvalue()


class FileSink(ResultSink):
    """Writes a temporary file in the folder of `path`; `keep` gives it that name. Without that it is removed.

    Raises FileExists at once when the file exists and may not be overwritten, and OSError.
    """

    def __init__(self, path: Path, *, overwrite: bool, progress: Callable[[int], None] | None = None) -> None:
        if not overwrite and os.path.lexists(path):
            raise exists_already(path)
        self._path = path
        self._overwrite = overwrite
        self._temporary = path.with_name(TEMPORARY.format(uuid4().hex))
        self._file = self._temporary.open("xb")
        super().__init__(self._file, progress)

    def keep(self) -> None:
        """Give the file its name, whole. Raises FileExists when somebody else took the name meanwhile."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._overwrite:
            self._temporary.replace(self._path)
        else:
            _rename_to_new(self._temporary, self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        with suppress(OSError):
            self._temporary.unlink()


def _rename_to_new(temporary: Path, path: Path) -> None:
    # A rename overwrites; a hard link does not. A file system without links has only the look before.
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        raise exists_already(path) from None
    except OSError:
        if os.path.lexists(path):
            raise exists_already(path) from None
        temporary.replace(path)


def exists_already(path: Path) -> FileExists:
    """Return the error of a file that is there already."""
    return FileExists(f"{path} exists already. Overwrite it on purpose, or choose another place.")


def place_result(where: str | os.PathLike[str], filename: str) -> Path:
    """Return the file to write: `where` itself, or in a folder the name of what comes.

    A folder is what is one already, ends with a slash, or has no ending like `.webp`. A folder that is missing is made:
    taken for a file, it would be written over by each of many results. Raises FileExists and OSError.
    """
    path = Path(where)
    if path.is_dir() or not _is_file_name(os.fspath(where)):
        _make_folder(path)
        name = Path(filename.replace("\\", "/")).name
        return path / (name if name not in {"", "..", "."} else "image")
    return path


def _is_file_name(text: str) -> bool:
    # `trip.2026` is a folder more likely than a file.
    return not text.endswith(("/", os.sep)) and Path(text).suffix[1:2].isalpha()


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FileExists(
            f"{path} is a file, and was taken for a folder, since its name has no ending. Choose another name."
        ) from None
