"""One child from its start to its end: what it says, what it is granted, and when it is killed."""

import os
import resource
import select
import signal
import socket
import time

import structlog

from core.failures import Failure, FailureCode, failure
from engine.request import Header, Outcome, Request, failed
from worker.sandbox.handle import LOST_SECONDS, Handle, Killed
from worker.sandbox.memory_budget import Reservation
from worker.sandbox.memory_forecast import forecast
from worker.sandbox.protocol import GO, Exit, Garbage, Message, Said, Started, read_message

log = structlog.get_logger(__name__)

GRACE_SECONDS = 2.0
"""The child checks its deadline itself, between steps; so much later it is killed."""

NO_MEMORY = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS})
"""How a library ends its process that does not check whether it got memory."""
NO_REASON = frozenset({FailureCode.MEMORY_LIMIT, FailureCode.INTERNAL})
"""What comes of too little memory: some libraries say no more than that they failed."""


class SandboxLost(Exception):
    """The zygote died, and the child with it; the job must be left to its lease."""


class NotStarted(SandboxLost):
    """There was no child yet, so nothing has happened: the job can be tried again."""


class ZygoteStuck(SandboxLost):
    """The zygote does not reap its children."""


class Attempt:
    """Follows a job's socket. What comes on it is believed only as far as a stranger could not make use of it."""

    def __init__(
        self, answers: socket.socket, request: Request, upload: int, handle: Handle, reservation: Reservation
    ) -> None:
        self._answers, self._request, self._handle, self._reservation = answers, request, handle, reservation
        self._upload = upload
        """Its size in bytes."""
        self._pid: int | None = None
        self._outcome: Outcome | None = None
        self._status: int | None = None
        self._header: Header | None = None
        self._has_said = self._went = self._timed_out = self._misbehaved = self._ended = False
        self._end: float | None = time.monotonic() + request.limits.seconds + GRACE_SECONDS
        self._poller = select.poll()

    def watch(self) -> None:
        """Until there is an outcome or the child has ended; kills it when its time is up.

        Raises Killed, SandboxLost, NotStarted, ZygoteStuck.
        """
        self._poller.register(self._answers, select.POLLIN)
        self._poller.register(self._reservation, select.POLLIN)
        while self._outcome is None and self._status is None:
            ready = self._poller.poll(self._left())
            if not ready:
                self._late()
            for fd, _ in ready:
                self._look(fd)

    def _look(self, fd: int) -> None:
        if fd == self._answers.fileno():
            self._hear(read_message(self._answers))
        elif fd != self._reservation.fileno():
            self._gone(fd)
        elif self._reservation.wait(0):
            self._go()

    def verdict(self) -> Outcome:
        """The child's answer; without a valid one, what its death says."""
        if self._outcome is not None:
            return self._outcome
        if self._timed_out:
            return failed(self._timeout())
        return failed(self._cause())

    @property
    def short_of_memory(self) -> bool:
        """Whether more memory might help, and could be had."""
        if self._request.grant >= self._request.limits.memory_bytes:
            return False
        if self._outcome is not None:
            found = self._outcome.failure
            return found is not None and found.code in NO_REASON
        return self._went and self._signal in NO_MEMORY and not self._misbehaved

    def _left(self) -> float | None:
        """Milliseconds for poll."""
        return None if self._end is None else max(0.0, self._end - time.monotonic()) * 1000

    def _late(self) -> None:
        if self._timed_out or self._misbehaved or self._ended:
            raise ZygoteStuck("the zygote does not answer")
        self._timed_out = True
        self._kill()

    def _kill(self) -> None:
        self._handle.stop()
        self._end = time.monotonic() + LOST_SECONDS

    def _gone(self, pidfd: int) -> None:
        """The child has ended, perhaps while its time stood still: its zygote is to say how, and soon."""
        self._poller.unregister(pidfd)
        self._ended, self._end = True, time.monotonic() + LOST_SECONDS

    def _hear(self, message: Message | None) -> None:
        """The first message is the zygote's; a later one about start or exit could be the child's own."""
        if message is None:
            raise self._lost()
        if self._misbehaved and not isinstance(message, Exit):
            self._drop(message)
        elif isinstance(message, Started) and self._pid is None:
            self._pid = message.pid
            self._handle.bind(message.pidfd)
            self._poller.register(message.pidfd, select.POLLIN)
        elif isinstance(message, Exit):
            self._status = message.status
        elif isinstance(message, Header) and self._header is None:
            self._ask(message)
        elif isinstance(message, Outcome):
            self._outcome = message
        elif isinstance(message, Said) and not self._has_said:
            self._has_said = True
            log.warning("a conversion had trouble", said=message.text)
        else:
            self._drop(message)
            self._misbehave(message)

    def _lost(self) -> Exception:
        """Why the socket has ended without a word on how the child did."""
        if self._handle.killed:
            return Killed()
        return NotStarted("no child could be started") if self._pid is None else SandboxLost("the zygote died")

    def _drop(self, message: Message) -> None:
        if isinstance(message, Started):
            os.close(message.pidfd)

    def _misbehave(self, message: Message) -> None:
        """Nothing of ours answers like that."""
        what = "garbage" if isinstance(message, Garbage) else type(message).__name__
        log.warning("the child of a conversion does not keep to the protocol", sent=what)
        self._misbehaved = True
        self._kill()

    def _ask(self, header: Header) -> None:
        """While the conversion waits its time stands still."""
        self._header, self._end = header, None
        limit = self._request.limits.memory_bytes
        whole = self._request.grant >= limit
        self._reservation.request(limit if whole else forecast(self._request, header, self._upload))

    def _go(self) -> None:
        self._widen()
        self._went = True
        self._end = time.monotonic() + self._request.limits.seconds + GRACE_SECONDS
        try:
            self._answers.send(GO)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _widen(self) -> None:
        """Let the child have what it was granted: beyond what it began with, and that is its hard limit less the job's."""
        if self._pid is None:
            return
        try:
            _, hard = resource.prlimit(self._pid, resource.RLIMIT_AS)
            soft = hard - self._request.limits.memory_bytes + self._reservation.size
            resource.prlimit(self._pid, resource.RLIMIT_AS, (soft, hard))
        except PermissionError as error:
            log.warning("a conversion cannot be given the memory that it was granted", error=str(error))
        except (ProcessLookupError, ValueError) as error:
            log.debug("the limit of a child could not be set", error=str(error))

    @property
    def _signal(self) -> int:
        return os.WTERMSIG(self._status) if self._status is not None and os.WIFSIGNALED(self._status) else 0

    def _cause(self) -> Failure:
        """Nobody but the kernel's memory killer sends SIGKILL to a child that is in its time."""
        if self._signal == signal.SIGXCPU:
            return self._timeout()
        if self._signal == signal.SIGKILL and not self._misbehaved:
            return failure(FailureCode.MEMORY_LIMIT, limit=self._request.limits.memory_bytes >> 20)
        log.warning("the child of a conversion crashed", wait_status=self._status, source=self._request.source)
        return failure(FailureCode.DECODER_CRASHED)

    def _timeout(self) -> Failure:
        return failure(FailureCode.TIMEOUT, limit=self._request.limits.seconds)
