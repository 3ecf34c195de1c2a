"""Memory of a worker's conversions together: each is let go on when its forecast fits beside the others.

Who came first is asked first. A smaller one may pass a larger one that does not fit yet, but not for long: once a
conversion has waited for PATIENCE seconds, nothing behind it is let in before it. A conversion larger than everything
there is runs when no other does.
"""

import os
import select
import threading
import time
from types import TracebackType
from typing import Self

from worker.metrics import MEMORY_RESERVED, MEMORY_WAITING

PATIENCE = 5.0


class Grant:
    """What one conversion holds of the memory, in bytes. Readable (as a file) when what was asked for is granted."""

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self._signal = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.held = 0
        self.wanted: int | None = None
        self.since = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.leave(self)
        os.close(self._signal)

    def fileno(self) -> int:
        """For poll."""
        return self._signal

    def ask(self, size: int) -> None:
        """Ask to hold so many bytes instead of what is held now; comes back at once."""
        self._admission.ask(self, size)

    def wait(self, seconds: float) -> bool:
        """Whether it was granted, waiting so long for that; True once for each that was asked."""
        readable = select.poll()
        readable.register(self._signal, select.POLLIN)
        return bool(readable.poll(seconds * 1000)) and bool(os.eventfd_read(self._signal))

    def give(self) -> None:
        """Called by the admission, under its lock."""
        self.held, self.wanted = self.wanted or 0, None
        os.eventfd_write(self._signal, 1)


class Admission:
    """Shares out `budget` bytes (None: there is no end to it). Safe from any thread."""

    def __init__(self, budget: int | None = None) -> None:
        self._lock = threading.Lock()
        self._budget = budget
        self._grants: list[Grant] = []
        self._waiting: list[Grant] = []

    def set_budget(self, budget: int) -> None:
        """From now on there are so many bytes."""
        with self._lock:
            self._budget = budget
            self._admit()

    def enter(self) -> Grant:
        """A place for one conversion, which holds nothing yet."""
        grant = Grant(self)
        with self._lock:
            self._grants.append(grant)
        return grant

    def leave(self, grant: Grant) -> None:
        """It is over: others can have what it held."""
        with self._lock:
            self._grants.remove(grant)
            if grant in self._waiting:
                self._waiting.remove(grant)
            self._admit()

    def ask(self, grant: Grant, size: int) -> None:
        """Ask for that size; with less than is held it is granted at once."""
        with self._lock:
            grant.wanted, grant.since = size, time.monotonic()
            if size <= grant.held:
                grant.give()
            else:
                self._waiting.append(grant)
            self._admit()

    def _admit(self) -> None:
        now = time.monotonic()
        for grant in tuple(self._waiting):
            if self._fits(grant):
                self._waiting.remove(grant)
                grant.give()
            elif now - grant.since > PATIENCE:
                break
        MEMORY_RESERVED.set(sum(grant.held for grant in self._grants))
        MEMORY_WAITING.set(len(self._waiting))

    def _fits(self, grant: Grant) -> bool:
        """Beside what others hold; or none of them runs, and so none would ever make room."""
        others = [other for other in self._grants if other is not grant]
        held = sum(other.held for other in others)
        wanted = grant.wanted or 0
        none_runs = all(other.wanted is not None or not other.held for other in others)
        return self._budget is None or held + wanted <= self._budget or none_runs
