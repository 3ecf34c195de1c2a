"""The supervisor's side of the sandbox: runs one conversion in a child of the zygote, and ends it when it must.

Whatever becomes of the child (an answer, a crash, silence) is an outcome of that one job.
"""

import os
import select
import signal
import socket
import threading
import time
from dataclasses import dataclass

from core.failures import Failure, FailureCode, failure
from worker.messages import Exit, Started, read_message
from worker.request import Limits, Outcome, Request, failed
from worker.zygote_process import ZygoteProcess

GRACE_SECONDS = 2.0
"""The child checks its deadline itself, between steps; so much later it is killed."""

LOST_SECONDS = 15.0
"""A killed child is reaped at once. When the zygote has not done that in this time, it is taken as lost."""


class Killed(Exception):
    """`Handle.kill` was called: there is no outcome."""


class SandboxLost(Exception):
    """The zygote died, and the child with it; the job must be left to its lease."""


class Handle:
    """The way to end one conversion, from any thread, at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._killed = False
        self._pidfd: int | None = None

    @property
    def killed(self) -> bool:
        """Whether `kill` was called."""
        return self._killed

    def kill(self) -> None:
        """End the conversion; if it has not begun it never does. Calling it again, or too late, does nothing."""
        with self._lock:
            self._killed = True
            self._signal()

    def bind(self, pidfd: int) -> None:
        """The child is there; the pidfd is ours from now on."""
        with self._lock:
            self._pidfd = pidfd
            if self._killed:
                self._signal()

    def stop(self) -> None:
        """Kill the child for a reason of the sandbox's own."""
        with self._lock:
            self._signal()

    @property
    def bound(self) -> bool:
        """Whether there is a child."""
        return self._pidfd is not None

    def release(self) -> None:
        """Make sure that the child is gone, so that nothing writes to the result any more, and let go of it."""
        with self._lock:
            if self._pidfd is None:
                return
            self._signal()
            ended = select.poll()
            ended.register(self._pidfd, select.POLLIN)
            ended.poll(LOST_SECONDS * 1000)
            os.close(self._pidfd)
            self._pidfd = None

    def _signal(self) -> None:
        if self._pidfd is not None:
            try:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            except ProcessLookupError:
                return


@dataclass(slots=True)
class _Seen:
    """What came from a job's socket."""

    outcome: Outcome | None = None
    status: int | None = None
    timed_out: bool = False


class Sandbox:
    """Runs conversions, several at a time, each in a process of its own.

    The first zygote is started here, so make it before any secret is read; a lost one is replaced by the next `run`.
    """

    def __init__(self) -> None:
        self._zygote = ZygoteProcess()

    def run(self, request: Request, upload_fd: int, result_fd: int, handle: Handle) -> Outcome:
        """Convert what is in the file `upload_fd` into the empty file `result_fd`; blocks, from any thread.

        Raises Killed when the handle was used, SandboxLost when the zygote died.
        """
        if handle.killed:
            raise Killed
        try:
            answers = self._zygote.submit(request.as_json(), upload_fd, result_fd)
        except OSError as error:
            raise SandboxLost(str(error)) from error
        with answers:
            try:
                seen = self._watch(answers, request.limits, handle)
            finally:
                handle.release()
        if handle.killed:
            raise Killed
        return _verdict(seen, request.limits)

    def close(self) -> None:
        """End the zygote and with it every child."""
        self._zygote.close()

    def _watch(self, answers: socket.socket, limits: Limits, handle: Handle) -> _Seen:
        """Everything that a job's socket says until its child is reaped; kills the child when its time is up."""
        seen = _Seen()
        deadline = time.monotonic() + limits.seconds + GRACE_SECONDS
        readable = select.poll()
        readable.register(answers, select.POLLIN)
        while seen.status is None:
            if readable.poll(max(0.0, deadline - time.monotonic()) * 1000):
                _hear(answers, seen, handle)
            elif not seen.timed_out:
                seen.timed_out = True
                handle.stop()
                deadline = time.monotonic() + LOST_SECONDS
            else:
                self._zygote.discard()
                raise SandboxLost("the zygote does not answer")
        return seen


def _hear(answers: socket.socket, seen: _Seen, handle: Handle) -> None:
    """Take one message. Only the zygote knows of start and exit, but its child could say so too: see `release`."""
    message = read_message(answers)
    if message is None:
        if not handle.killed:
            raise SandboxLost("the zygote died")
        raise Killed
    if isinstance(message, Started):
        if handle.bound:
            os.close(message.pidfd)
        else:
            handle.bind(message.pidfd)
    elif isinstance(message, Exit):
        seen.status = message.status
    elif isinstance(message, Outcome):
        seen.outcome = seen.outcome or message


def _verdict(seen: _Seen, limits: Limits) -> Outcome:
    """The child's answer; without a valid one, what its death says."""
    if seen.outcome is not None:
        return seen.outcome
    if seen.timed_out:
        return failed(_timeout(limits))
    return failed(_cause(seen.status or 0, limits))


def _cause(status: int, limits: Limits) -> Failure:
    """Nobody but the kernel's memory killer sends SIGKILL to a child that is in its time."""
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    if number == signal.SIGXCPU:
        return _timeout(limits)
    if number == signal.SIGKILL:
        return failure(FailureCode.MEMORY_LIMIT, limit=limits.memory_bytes >> 20)
    return failure(FailureCode.DECODER_CRASHED)


def _timeout(limits: Limits) -> Failure:
    return failure(FailureCode.TIMEOUT, limit=limits.seconds)
