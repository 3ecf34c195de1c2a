"""The supervisor's side of the sandbox: run each conversion in a child of the zygote.

Every end of a child (an answer, a crash, silence) is an outcome of that one job.
"""

import os
import socket
import time
from dataclasses import replace

import structlog

from core.failures import DecoderCrashed, ResultTooLarge
from engine.request import Header, Limits, Outcome, Request, failed
from worker.metrics import (
    FORECASTS_MISSED,
    KILLED_OUTSIDE,
    MEMORY_BUDGET,
    MEMORY_RESERVED,
    MEMORY_WAITING,
    PROCESSORS_WAITING,
    SANDBOX_LAYER,
)
from worker.sandbox.budget import Budget, Level, Reservation, Share
from worker.sandbox.cpu_forecast import is_heavy
from worker.sandbox.handle import Handle, Killed
from worker.sandbox.memory_forecast import at_start, forecast
from worker.sandbox.processors import count_processors
from worker.sandbox.session import ChildSession, NotStarted, SandboxLost, ZygoteStuck
from worker.sandbox.usage import read_usage
from worker.sandbox.zygote_keeper import JOBS, ZygoteKeeper
from worker.sandbox.zygote_process import ZYGOTE, ZygoteProcess

__all__ = ["ZYGOTE", "FilterMissing", "Handle", "Killed", "Sandbox", "SandboxLost"]

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.2
"""How often a conversion without a child checks its handle."""

STARTS = 8
"""How often to try to start a child."""

PAUSE_SECONDS = 1.0
"""Pause between two tries: processes or memory may be short for a moment."""


class FilterMissing(Exception):
    """There is no system-call filter. The message says why."""


class Sandbox:
    """Runs conversions, several at a time, each in a process of its own.

    The constructor starts the first zygote, so call it before any secret is read. The next `run` replaces a lost zygote.
    """

    def __init__(self, program: str = ZYGOTE) -> None:
        self._zygotes = ZygoteKeeper(program)
        self._budget = Budget(show=_show_level)

    def prepare(self, *, jobs: int, budget: int, degraded: bool = False, zygote_jobs: int = JOBS) -> list[str]:
        """Wait for the zygote and prepare for `jobs` conversions at a time, with `budget` bytes of memory together.

        Log the layers that the kernel lacks, and return a sentence for each. Call it once. Raises OSError when the
        zygote did not start, FilterMissing when there is no system-call filter, unless `degraded` allows that.
        """
        self._budget.set_total(budget, count_processors())
        MEMORY_BUDGET.set(budget)
        self._zygotes.configure(children=jobs, jobs=zygote_jobs, required=not degraded)
        layers = self._zygotes.read_layers()
        for layer, reason in layers.items():
            SANDBOX_LAYER.labels(layer).set(0 if reason else 1)
            if reason:
                log.warning("sandbox layer missing", layer=layer, reason=reason)
        if layers["seccomp"] and not degraded:
            raise FilterMissing(layers["seccomp"])
        return [f"sandbox without {layer}: {reason}" for layer, reason in layers.items() if reason]

    def run(self, request: Request, upload_fd: int, result_fd: int, handle: Handle) -> Outcome:
        """Convert the file `upload_fd` into the empty file `result_fd`. Blocks; safe from any thread.

        A conversion that needs more memory than forecast starts again with the whole limit of a job. One that was
        killed from outside starts again once, with all of it and with no other beside it.
        Raises Killed when the handle was used, SandboxLost when there is no outcome.
        """
        start = at_start(request.source, os.fstat(upload_fd).st_size, request.limits)
        session = self._run_child(replace(request, granted_bytes=start), upload_fd, result_fd, handle)
        if session.is_short_of_memory:
            FORECASTS_MISSED.inc()
            session = self._run_again(request, upload_fd, result_fd, handle)
        if session.is_killed_outside:
            KILLED_OUTSIDE.inc()
            log.warning("child killed from outside, conversion starts again alone")
            session = self._run_again(request, upload_fd, result_fd, handle, is_alone=True)
        return _check_result(session.make_outcome(), result_fd, request.limits)

    def close(self) -> None:
        """End the zygote and its children."""
        self._zygotes.close()

    def _run_again(
        self, request: Request, upload_fd: int, result_fd: int, handle: Handle, *, is_alone: bool = False
    ) -> ChildSession:
        """Run another child, with all the memory that a job may use."""
        os.ftruncate(result_fd, 0)
        everything = replace(request, granted_bytes=request.limits.memory_bytes)
        return self._run_child(everything, upload_fd, result_fd, handle, is_alone=is_alone)

    def _run_child(
        self, request: Request, upload_fd: int, result_fd: int, handle: Handle, *, is_alone: bool = False
    ) -> ChildSession:
        """Run a child to its end. While none can be started, try STARTS times before the job loses its attempt."""
        for _ in range(STARTS - 1):
            try:
                return self._run_child_once(request, upload_fd, result_fd, handle, is_alone=is_alone)
            except NotStarted as error:
                log.warning("no child started, conversion retried", reason=str(error))
                time.sleep(PAUSE_SECONDS)
        return self._run_child_once(request, upload_fd, result_fd, handle, is_alone=is_alone)

    def _run_child_once(
        self, request: Request, upload_fd: int, result_fd: int, handle: Handle, *, is_alone: bool
    ) -> ChildSession:
        with self._budget.open_reservation(is_alone=is_alone) as reservation:
            _wait_for_memory(reservation, request.granted_bytes, handle)
            answers, zygote = self._submit_job(request, upload_fd, result_fd)
            with answers:
                upload = os.fstat(upload_fd).st_size
                session = ChildSession(
                    answers, request, handle, reservation, lambda header: _forecast_demand(request, header, upload)
                )
                try:
                    session.watch_child()
                except ZygoteStuck:
                    self._zygotes.kill_zygote(zygote)
                    if handle.is_killed:
                        raise Killed from None
                    raise
                finally:
                    had_child = handle.is_bound
                    handle.release_child()
                    if had_child:
                        handle.usage = handle.usage.add(read_usage(answers))
        self._zygotes.note_death(zygote, session.death_signal)
        if handle.is_killed:
            raise Killed
        return session

    def _submit_job(self, request: Request, upload_fd: int, result_fd: int) -> tuple[socket.socket, ZygoteProcess]:
        try:
            return self._zygotes.submit_job(request.as_json(), upload_fd, result_fd)
        except OSError as error:
            raise NotStarted(str(error)) from error


def _show_level(level: Level) -> None:
    MEMORY_RESERVED.set(level.reserved)
    MEMORY_WAITING.set(level.waiting_for_memory)
    PROCESSORS_WAITING.set(level.waiting_for_processor)


def _forecast_demand(request: Request, header: Header, upload: int) -> Share:
    """Return what a conversion will take. One that has all the memory of a job keeps it."""
    limit = request.limits.memory_bytes
    size = limit if request.granted_bytes >= limit else forecast(request, header, upload)
    return Share(size, heavy=is_heavy(request, header))


def _wait_for_memory(reservation: Reservation, size: int, handle: Handle) -> None:
    """Wait until that much memory is granted. Raises Killed."""
    reservation.request(Share(size))
    while not handle.is_killed:
        if reservation.wait(POLL_SECONDS):
            return
    raise Killed


def _check_result(outcome: Outcome, result_fd: int, limits: Limits) -> Outcome:
    """Reject a success without a result, or with too large a result."""
    size = os.fstat(result_fd).st_size
    if outcome.converted is not None and size > limits.max_result_bytes:
        return failed(ResultTooLarge(limit=limits.max_result_bytes).failure)
    if outcome.converted is not None and not size:
        return failed(DecoderCrashed().failure)
    return outcome
