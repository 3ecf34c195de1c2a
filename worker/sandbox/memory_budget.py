"""The memory budget of all conversions of one worker.

Each conversion reserves its forecast and starts when that fits beside the others. Reservations are served in the order
of their requests. A smaller one may pass a larger one that does not fit yet, but once a conversion has waited for
PATIENCE seconds nothing passes it. A conversion larger than the whole budget starts
once no other runs.
"""

import os
import select
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

PATIENCE = 5.0


class Reservation:
    """The memory of one conversion, in bytes. Readable (as a file) once the requested size is granted."""

    def __init__(self, budget: "MemoryBudget") -> None:
        self._budget = budget
        self._signal = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.size = 0
        self.requested: int | None = None
        self.since = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._budget.release(self)
        os.close(self._signal)

    def fileno(self) -> int:
        """Return the descriptor for poll."""
        return self._signal

    def request(self, size: int) -> None:
        """Request this size in place of the present one, without waiting for it."""
        self._budget.request(self, size)

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for the grant; True once for each request."""
        readable = select.poll()
        readable.register(self._signal, select.POLLIN)
        return bool(readable.poll(seconds * 1000)) and bool(os.eventfd_read(self._signal))

    def grant(self) -> None:
        """Grant the requested size. Called by the budget, under its lock."""
        self.size, self.requested = self.requested or 0, None
        os.eventfd_write(self._signal, 1)


class MemoryBudget:
    """Shares `total` bytes; None means no limit. Safe from any thread.

    After each change `show` is called with the reserved bytes and the number of waiting conversions.
    """

    def __init__(
        self, total: int | None = None, show: Callable[[int, int], None] = lambda _reserved, _waiting: None
    ) -> None:
        self._lock = threading.Lock()
        self._total = total
        self._show = show
        self._reservations: list[Reservation] = []
        self._waiting: list[Reservation] = []

    def set_total(self, total: int) -> None:
        """Change the number of bytes from now on."""
        with self._lock:
            self._total = total
            self._grant_waiting()

    def open_reservation(self) -> Reservation:
        """Return the reservation of one more conversion, still empty."""
        reservation = Reservation(self)
        with self._lock:
            self._reservations.append(reservation)
        return reservation

    def release(self, reservation: Reservation) -> None:
        """Take back the memory of a finished conversion."""
        with self._lock:
            self._reservations.remove(reservation)
            if reservation in self._waiting:
                self._waiting.remove(reservation)
            self._grant_waiting()

    def request(self, reservation: Reservation, size: int) -> None:
        """Request a size. A size up to the present one is granted at once."""
        with self._lock:
            reservation.requested, reservation.since = size, time.monotonic()
            if size <= reservation.size:
                reservation.grant()
            else:
                self._waiting.append(reservation)
            self._grant_waiting()

    def _grant_waiting(self) -> None:
        now = time.monotonic()
        for reservation in tuple(self._waiting):
            if self._has_room(reservation):
                self._waiting.remove(reservation)
                reservation.grant()
            elif now - reservation.since > PATIENCE:
                break
        self._show(sum(reservation.size for reservation in self._reservations), len(self._waiting))

    def _has_room(self, reservation: Reservation) -> bool:
        """Return True if it fits beside the others, or if no other runs (waiting would never free memory)."""
        others = [other for other in self._reservations if other is not reservation]
        reserved = sum(other.size for other in others)
        requested = reservation.requested or 0
        none_runs = all(other.requested is not None or not other.size for other in others)
        return self._total is None or reserved + requested <= self._total or none_runs
