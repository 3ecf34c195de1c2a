"""Lines of one kind are counted, not repeated: an attack must not fill the disk with its own description.

Warnings and errors are folded, and connections refused before they were a request. What the log says of each job and
request is said of each.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

MOST_LINES = 20
"""Lines of one kind in one window that are written."""
WINDOW_SECONDS = 10.0
MOST_KINDS = 1000
KIND_CHARACTERS = 80
ALSO = frozenset({"request refused unread"})
"""Events below a warning that a stranger makes without a request."""

Clock = Callable[[], float]


@dataclass(slots=True)
class _Kind:
    until: float
    lines: int = 0


class LineFolder(logging.Filter):
    """Lets the first lines of a kind through. The first one of a later window says how many were left out."""

    def __init__(self, *, clock: Clock = time.monotonic, most: int = MOST_LINES) -> None:
        super().__init__()
        self._clock = clock
        self._most = most
        self._kinds: dict[tuple[object, ...], _Kind] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is written."""
        said = _read_event(record)
        if record.levelno < logging.WARNING and said not in ALSO:
            return True
        cause = record.exc_info[0] if isinstance(record.exc_info, tuple) else None
        with self._lock:
            left_out, is_written = self._count((record.name, record.levelno, said, cause))
        if left_out:
            _tell(record, left_out)
        return is_written

    def _count(self, name: tuple[object, ...]) -> tuple[int, bool]:
        """Return how many lines of the window before were left out, and whether this one is written."""
        now = self._clock()
        kind = self._kinds.get(name)
        if kind is not None and now < kind.until:
            kind.lines += 1
            return 0, kind.lines <= self._most
        if kind is None and len(self._kinds) >= MOST_KINDS:
            self._kinds = {old: seen for old, seen in self._kinds.items() if now < seen.until}
        self._kinds[name] = _Kind(now + WINDOW_SECONDS, 1)
        return (max(0, kind.lines - self._most) if kind is not None else 0), True


def _read_event(record: logging.LogRecord) -> str:
    said = record.msg.get("event") if isinstance(record.msg, dict) else record.msg
    return str(said)[:KIND_CHARACTERS]


def _tell(record: logging.LogRecord, left_out: int) -> None:
    if isinstance(record.msg, dict):
        record.msg = {**record.msg, "left_out": left_out}
    else:
        record.msg = f"{record.getMessage()} ({left_out} lines like this were left out)"
        record.args = ()
