"""The memory and the processors of all conversions of one worker.

Each conversion reserves its forecast and starts when that fits beside the others. Reservations are served in the order
of their requests. A smaller one may pass a larger one that does not fit yet, but once a conversion has waited for
PATIENCE seconds nothing passes it. A conversion larger than the whole budget starts once no other runs.

A heavy conversion also needs a processor of its own. Light ones pass those that wait for one: they are over soon, and
their memory is free again before it is needed.
"""

import os
import select
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

PATIENCE = 5.0


class Share(NamedTuple):
    """What a conversion will take: bytes, and a processor of its own if it is heavy."""

    size: int
    heavy: bool = False


class Level(NamedTuple):
    """What a budget shows: reserved bytes, and the conversions that wait for memory and for a processor."""

    reserved: int
    waiting_for_memory: int
    waiting_for_processor: int


class Reservation:
    """The share of one conversion. Readable (as a file) once the requested one is granted.

    `size` is in bytes. One that `is_alone` starts once no other runs, and none starts beside it.
    """

    def __init__(self, budget: "Budget", *, is_alone: bool) -> None:
        self._budget = budget
        self._signal = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.is_alone = is_alone
        self.size = 0
        self.has_processor = False
        self.requested: Share | None = None
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

    def request(self, share: Share) -> None:
        """Request this share in place of the present one, without waiting for it."""
        self._budget.request(self, share)

    def wait(self, seconds: float) -> bool:
        """Wait at most so long for the grant; True once for each request."""
        readable = select.poll()
        readable.register(self._signal, select.POLLIN)
        return bool(readable.poll(seconds * 1000)) and bool(os.eventfd_read(self._signal))

    def grant(self) -> None:
        """Grant what is requested. Called by the budget, under its lock."""
        if self.requested is not None:
            self.size, self.has_processor = self.requested
        self.requested = None
        os.eventfd_write(self._signal, 1)

    @property
    def is_running(self) -> bool:
        """Return whether its conversion goes on: it holds something and waits for nothing."""
        return self.requested is None and bool(self.size)


class Budget:
    """Shares `total` bytes and `processors`; None means no limit. Safe from any thread.

    After each change `show` is called.
    """

    def __init__(
        self,
        total: int | None = None,
        processors: int | None = None,
        show: Callable[[Level], None] = lambda _: None,
    ) -> None:
        self._lock = threading.Lock()
        self._total, self._processors = total, processors
        self._show = show
        self._reservations: list[Reservation] = []
        self._waiting: list[Reservation] = []

    def set_total(self, total: int, processors: int | None = None) -> None:
        """Change the number of bytes and of processors from now on."""
        with self._lock:
            self._total, self._processors = total, processors
            self._grant_waiting()

    def open_reservation(self, *, is_alone: bool = False) -> Reservation:
        """Return the reservation of one more conversion, still empty."""
        reservation = Reservation(self, is_alone=is_alone)
        with self._lock:
            self._reservations.append(reservation)
        return reservation

    def release(self, reservation: Reservation) -> None:
        """Take back the share of a finished conversion."""
        with self._lock:
            self._reservations.remove(reservation)
            if reservation in self._waiting:
                self._waiting.remove(reservation)
            self._grant_waiting()

    def request(self, reservation: Reservation, share: Share) -> None:
        """Request a share. One that is no larger than the present one is granted at once."""
        with self._lock:
            reservation.requested, reservation.since = share, time.monotonic()
            if share.size <= reservation.size and self._has_processor(reservation):
                reservation.grant()
            else:
                self._waiting.append(reservation)
            self._grant_waiting()

    def _grant_waiting(self) -> None:
        now = time.monotonic()
        for reservation in tuple(self._waiting):
            if not self._has_processor(reservation):
                continue
            if self._has_room(reservation):
                self._waiting.remove(reservation)
                reservation.grant()
            elif now - reservation.since > PATIENCE:
                break
        self._show(self._measure_level())

    def _measure_level(self) -> Level:
        idle = sum(not self._has_processor(reservation) for reservation in self._waiting)
        reserved = sum(reservation.size for reservation in self._reservations)
        return Level(reserved, len(self._waiting) - idle, idle)

    def _has_processor(self, reservation: Reservation) -> bool:
        """Return True if it needs no processor of its own, or if one is free."""
        if self._processors is None or reservation.requested is None or not reservation.requested.heavy:
            return True
        taken = sum(other.has_processor for other in self._reservations if other is not reservation)
        return taken < self._processors

    def _has_room(self, reservation: Reservation) -> bool:
        """Return True if it fits beside the others, or if no other runs (waiting would never free memory)."""
        others = [other for other in self._reservations if other is not reservation]
        running = [other for other in others if other.is_running]
        if not running:
            return True
        if reservation.is_alone or any(other.is_alone for other in running):
            return False
        reserved = sum(other.size for other in others)
        requested = reservation.requested.size if reservation.requested is not None else 0
        return self._total is None or reserved + requested <= self._total
