"""What was begun and what is done, on disk, so that a command that is run again goes on where it stopped.

One SQLite file for a user. An entry is one file, as it was, into one result with these options from this service. Its
Idempotency-Key is written before the upload begins: if the answer is lost, the next run finds the same job by it.
"""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from imagemill_client.command.plans import Task

KEPT_DAYS = 30
SCHEMA = """
CREATE TABLE IF NOT EXISTS conversions (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    key TEXT NOT NULL,
    job TEXT,
    made TEXT,
    changed REAL NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a conversion: its key, its job once it was submitted, and what was made once it is done."""

    id: str
    key: str
    job: str | None
    made: str | None
    is_new: bool
    """Whether no earlier run knew of it."""

    def is_done(self, target: Path) -> bool:
        """Whether the result is there as it was written."""
        return self.made is not None and self.made == _describe(target)


def find_ledger() -> Path:
    """Return the file: by IMAGEMILL_STATE, else in the user's folder for state."""
    if named := os.environ.get("IMAGEMILL_STATE"):
        return Path(named)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "imagemill" / "conversions.sqlite3"


class Ledger:
    """The entries. Several processes may use one file at the same time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as database:
            database.execute(SCHEMA)
            database.execute("DELETE FROM conversions WHERE changed < ?", (time.time() - KEPT_DAYS * 86_400,))

    def begin(self, task: Task, url: str, to: str, options: Mapping[str, object]) -> Entry:
        """Return the entry of a conversion, made anew when there is none. Raises OSError."""
        name = _identify(task, url, to, options)
        row = (name, _plain(task.source), _plain(task.target), str(uuid4()), time.time())
        with self._open() as database:
            cursor = database.execute(
                "INSERT INTO conversions (id, source, target, key, changed) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                row,
            )
            query = "SELECT key, job, made FROM conversions WHERE id = ?"
            key, job, made = database.execute(query, (name,)).fetchone()
        return Entry(name, key, job, made, is_new=cursor.rowcount == 1)

    def mark_submitted(self, entry: Entry, job: str) -> None:
        """Note the job, so that the next run waits for it."""
        self._set(entry, "job", job)

    def mark_done(self, entry: Entry, target: Path) -> None:
        """Note that the result was written."""
        self._set(entry, "made", _describe(target))

    def forget(self, entry: Entry) -> None:
        """Drop an entry: the next attempt is a new one, with a new key."""
        with self._open() as database:
            database.execute("DELETE FROM conversions WHERE id = ?", (entry.id,))

    def _set(self, entry: Entry, column: str, value: str | None) -> None:
        with self._open() as database:
            statement = f"UPDATE conversions SET {column} = ?, changed = ? WHERE id = ?"  # noqa: S608 - our own names
            database.execute(statement, (value, time.time(), entry.id))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._path, timeout=30)) as database, database:
                yield database
        except sqlite3.Error as wrong:
            raise OSError(
                f"The file {self._path}, which remembers what was converted, cannot be used ({wrong})."
                " Remove it, or name another one with IMAGEMILL_STATE."
            ) from wrong


def _identify(task: Task, url: str, to: str, options: Mapping[str, object]) -> str:
    stat = task.source.stat()
    seen = [stat.st_size, stat.st_mtime_ns]
    facts = [url, str(task.source.absolute()), *seen, str(task.target.absolute()), to, sorted(options.items())]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()


def _describe(path: Path) -> str | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return f"{stat.st_size} {stat.st_mtime_ns}"


def _plain(path: Path) -> str:
    # SQLite takes no text with the half characters that stand for bytes of a name that is no UTF-8.
    return os.fsencode(path.absolute()).decode("utf-8", "replace")
