"""Keeps a process from asking a silent PostgreSQL over and over, so that requests are refused at once instead.

A database that refuses at once needs no breaker. One that takes everything and answers nothing would hold every thread.
"""

import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

MOST_SILENT = 3
"""One answer that did not come may be a slow query; so many in a row are an outage."""
SLOW_SECONDS = 1.0
"""An error that comes sooner is an answer: it holds nobody for long."""
REST_SECONDS = 1.0
"""From the end of a try to the next, while the database is silent."""


class Asking:
    """One question to the database."""

    def __init__(self, breaker: "DatabaseBreaker") -> None:
        self._breaker = breaker

    def note(self, *, answered: bool) -> None:
        """Note whether an answer came."""
        if answered:
            self._breaker.note_answer()
        else:
            self._breaker.note_silence()

    def forget(self) -> None:
        """Let another question be the next try, if this one was it. To be called at its end in any case."""
        self._breaker.end_probe(self)


class DatabaseBreaker:
    """Open after several silences in a row. Then one question at a time finds out whether there is an answer again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silences = 0
        self._probe: Asking | None = None
        self._rest_until = 0.0

    @property
    def is_open(self) -> bool:
        """Return whether questions are refused."""
        return self._silences >= MOST_SILENT

    def begin(self) -> Asking | None:
        """Return the question that may be asked, None for none: refuse at once."""
        if not self.is_open:
            return Asking(self)
        if self._probe is not None or self._clock() < self._rest_until:
            return None
        self._probe = Asking(self)
        return self._probe

    def note_answer(self) -> None:
        """Close: whoever was answered, the database is there."""
        if self.is_open:
            log.info("PostgreSQL answers again")
        self._silences = 0

    def note_silence(self) -> None:
        """Count a silence, and rest after it."""
        self._silences += 1
        self._rest_until = self._clock() + REST_SECONDS
        if self._silences == MOST_SILENT:
            log.warning("PostgreSQL is silent, requests are refused at once")

    def end_probe(self, asking: Asking) -> None:
        """Free the place of the one try at a time, if the question has it."""
        if asking is self._probe:
            self._probe = None
