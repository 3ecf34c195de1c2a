"""The session of one child as a table: the effect of each event in each state.

    STARTING --Started--> OPENING --Header--> WAITING_FOR_MEMORY --Granted--> CONVERTING
        |
        +--TimeUp--> STARTING_LATE --Started--> OPENING

    OPENING, CONVERTING --TimeUp--> OVERDUE     killed; an answer on its way still counts
    any --(malformed)--> KILLED                 killed; nothing that it sends counts
    any living --ChildGone--> EXITED            the zygote is about to say how it ended

The session ends with an outcome, an exit status or an exception. An event that is not in the table is a malformed message.
"""

import os
import resource
import select
import signal
import socket
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from typing import Any, ClassVar, NamedTuple

import structlog

from core.failures import DecoderCrashed, Failure, FailureCode, MemoryLimit
from engine.capabilities import advise_cheaper
from engine.request import Header, Outcome, Request, failed
from worker.sandbox.budget import Reservation, Share
from worker.sandbox.child_timer import ChildTimer
from worker.sandbox.handle import LOST_SECONDS, Handle, Killed
from worker.sandbox.protocol import GO, Exit, Malformed, Message, Started, StderrText, name_status, read_message

log = structlog.get_logger(__name__)

UNCHECKED_MALLOC = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS})
"""Signals that mean an unchecked malloc failed."""
NO_REASON = frozenset({FailureCode.MEMORY_LIMIT, FailureCode.INTERNAL})
"""Failures that too little memory causes: some libraries only say that they failed."""


class SandboxLost(Exception):
    """There is no outcome, and the job is not to blame. What leaves `Sandbox.run` means that it is abandoned."""


class ZygoteDied(SandboxLost):
    """The zygote died, and the child with it."""


class NotStarted(SandboxLost):
    """No child was started, so the conversion can be tried again."""


class ZygoteStuck(SandboxLost):
    """The zygote does not reap its children."""


class State(Enum):
    """Where a session stands."""

    STARTING = auto()
    STARTING_LATE = auto()
    OPENING = auto()
    WAITING_FOR_MEMORY = auto()
    CONVERTING = auto()
    OVERDUE = auto()
    KILLED = auto()
    EXITED = auto()


LIVING = (State.OPENING, State.WAITING_FOR_MEMORY, State.CONVERTING)
ENDING = (State.OVERDUE, State.KILLED, State.EXITED)


class Granted(NamedTuple):
    """The reservation has what was requested."""


class ChildGone(NamedTuple):
    """The child has ended; its zygote has not said how."""

    pidfd: int


class TimeUp(NamedTuple):
    """The deadline of the state has passed."""


Event = Message | Granted | ChildGone | TimeUp
Handler = Callable[["ChildSession", Any], None]


def _make_rows(states: Iterable[State], events: Iterable[type], handler: Handler) -> dict[tuple[State, type], Handler]:
    return {(state, event): handler for state in states for event in events}


class ChildSession:
    """Reads a job's socket. The child may be compromised, so no message can extend its rights."""

    def __init__(
        self,
        answers: socket.socket,
        request: Request,
        handle: Handle,
        reservation: Reservation,
        forecast: Callable[[Header], Share],
    ) -> None:
        """`forecast` returns what a conversion will take, from its header."""
        self._answers, self._request, self._handle, self._reservation = answers, request, handle, reservation
        self._forecast = forecast
        self._poller = select.poll()
        self._state = State.STARTING
        self._ended_in = State.STARTING
        """The state in which the child was killed or ended by itself."""
        self._timer = ChildTimer(request.limits)
        self._pid: int | None = None
        self._stderr: StderrText | None = None
        self._timeout: Failure | None = None
        self._outcome: Outcome | None = None
        self._status: int | None = None

    def watch_child(self) -> None:
        """Follow the child to its outcome or its end, and kill it when its time is up.

        Raises Killed, ZygoteDied, NotStarted, ZygoteStuck.
        """
        self._poller.register(self._answers, select.POLLIN)
        self._poller.register(self._reservation, select.POLLIN)
        while self._outcome is None and self._status is None:
            ready = self._poller.poll(self._timer.milliseconds)
            if not ready and self._timer.look():
                self._handle_event(TimeUp())
            for fd, _ in ready:
                self._read_ready(fd)

    def make_outcome(self) -> Outcome:
        """Return the child's outcome. Without a valid one explain its death."""
        return self._outcome or failed(self._timeout or self._explain_death(), name_status(self._status))

    @property
    def is_short_of_memory(self) -> bool:
        """Return whether more memory might help, and the job may still get more."""
        if self._request.granted_bytes >= self._request.limits.memory_bytes:
            return False
        if self._outcome is not None:
            found = self._outcome.failure
            return found is not None and found.code in NO_REASON
        crashed = self._ended_in is State.CONVERTING and self.death_signal in UNCHECKED_MALLOC
        return crashed and self._state is not State.KILLED

    @property
    def is_killed_outside(self) -> bool:
        """Return whether the child was killed by somebody else, like a node that is short of memory."""
        ours = self._timeout is not None or self._state is State.KILLED
        return self._outcome is None and not ours and self.death_signal == signal.SIGKILL

    def _read_ready(self, fd: int) -> None:
        if fd == self._answers.fileno():
            message = read_message(self._answers)
            if message is None:
                raise self._explain_silence()
            self._handle_event(message)
        elif fd != self._reservation.fileno():
            self._handle_event(ChildGone(fd))
        elif self._reservation.wait(0):
            self._handle_event(Granted())

    def _handle_event(self, event: Event) -> None:
        handler = self._HANDLERS.get((self._state, type(event)), ChildSession._reject_event)
        handler(self, event)

    def _explain_silence(self) -> Exception:
        """Say why the socket ended without an exit status."""
        if self._handle.is_killed:
            return Killed()
        return NotStarted("no child could be started") if self._pid is None else ZygoteDied("the zygote died")

    def _enter_state(self, state: State, *, seconds: float | None) -> None:
        """Enter a state, with so many seconds of the clock until its deadline."""
        if state in ENDING and self._state not in ENDING:
            self._ended_in = self._state
        self._state = state
        self._timer.wait(seconds)

    def _allow_late_start(self, _: TimeUp) -> None:
        """Wait a little longer for the zygote: without a child there is nobody to kill."""
        self._timeout = self._timer.make_timeout()
        self._enter_state(State.STARTING_LATE, seconds=LOST_SECONDS)

    def _bind_child(self, started: Started) -> None:
        """Bind the child once. Only the zygote can have sent this, before the child has the socket."""
        self._pid = started.pid
        self._handle.bind_child(started.pidfd)
        self._poller.register(started.pidfd, select.POLLIN)
        self._state = State.OPENING
        self._timer.start_work(started.pid)

    def _request_memory(self, header: Header) -> None:
        """Request what is forecast. Until it is granted there is no deadline."""
        self._enter_state(State.WAITING_FOR_MEMORY, seconds=None)
        self._reservation.request(self._forecast(header))

    def _let_convert(self, _: Granted) -> None:
        self._raise_memory_limit()
        self._state = State.CONVERTING
        self._timer.start_work(self._pid or 0)
        try:
            self._answers.send(GO)
        except (BrokenPipeError, ConnectionResetError):
            return

    def _raise_memory_limit(self) -> None:
        """Raise RLIMIT_AS to baseline + reservation. The hard limit is baseline + the job's limit."""
        if self._pid is None:
            return
        try:
            _, hard = resource.prlimit(self._pid, resource.RLIMIT_AS)
            soft = hard - self._request.limits.memory_bytes + self._reservation.size
            resource.prlimit(self._pid, resource.RLIMIT_AS, (soft, hard))
        except PermissionError as error:
            log.warning("memory limit of a child not raised", error=str(error))
        except (ProcessLookupError, ValueError) as error:
            log.debug("memory limit of a child not raised, it has ended", error=str(error))

    def _kill_overdue(self, _: TimeUp) -> None:
        self._timeout = self._timer.make_timeout()
        self._kill_child(State.OVERDUE)

    def _kill_child(self, state: State) -> None:
        self._handle.kill_child()
        self._enter_state(state, seconds=LOST_SECONDS)

    def _note_end(self, gone: ChildGone) -> None:
        self._poller.unregister(gone.pidfd)
        self._enter_state(State.EXITED if self._state in LIVING else self._state, seconds=LOST_SECONDS)

    def _take_outcome(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def _take_status(self, message: Exit) -> None:
        self._status = message.status
        self._enter_state(State.EXITED if self._state in LIVING else self._state, seconds=None)

    def _log_stderr(self, words: StderrText) -> None:
        if self._stderr is not None:
            self._reject_event(words)
            return
        self._stderr = words
        # A traceback is a defect of ours. Libraries chat about every odd file, which is nobody's business.
        write_line = log.warning if "Traceback" in words.text else log.info
        write_line("child wrote to stderr", stderr=words.text)

    def _give_up(self, _: TimeUp) -> None:
        raise ZygoteStuck("the zygote does not answer")

    def _drop_event(self, event: Event) -> None:
        if isinstance(event, Started):
            os.close(event.pidfd)

    def _reject_event(self, event: Event) -> None:
        """Kill the child, because it broke the protocol."""
        self._drop_event(event)
        what = "malformed message" if isinstance(event, Malformed) else type(event).__name__
        log.warning("malformed message, child killed", sent=what)
        self._kill_child(State.KILLED)

    @property
    def death_signal(self) -> int:
        """Return the signal that ended the child, 0 without one."""
        return os.WTERMSIG(self._status) if self._status is not None and os.WIFSIGNALED(self._status) else 0

    def _explain_death(self) -> Failure:
        """Read the signal. A SIGKILL from outside came from the kernel's out-of-memory killer, for all we know."""
        if self.death_signal == signal.SIGXCPU:
            return self._timer.make_timeout()
        if self.is_killed_outside:
            advice = advise_cheaper(self._request.target, self._request.options)
            return MemoryLimit(limit=self._request.limits.memory_bytes >> 20, advice=advice).failure
        log.warning("child crashed", wait_status=self._status, source=self._request.source)
        return DecoderCrashed().failure

    _HANDLERS: ClassVar[Mapping[tuple[State, type], Handler]] = {
        (State.STARTING, Started): _bind_child,
        (State.STARTING, TimeUp): _allow_late_start,
        (State.STARTING_LATE, Started): _bind_child,
        (State.STARTING_LATE, TimeUp): _give_up,
        (State.OPENING, Header): _request_memory,
        (State.OPENING, TimeUp): _kill_overdue,
        (State.WAITING_FOR_MEMORY, Granted): _let_convert,
        (State.CONVERTING, TimeUp): _kill_overdue,
        **_make_rows((*LIVING, State.OVERDUE, State.EXITED), [Outcome], _take_outcome),
        **_make_rows((*LIVING, State.OVERDUE, State.EXITED), [StderrText], _log_stderr),
        **_make_rows((State.OVERDUE, State.EXITED), [Header], _drop_event),
        **_make_rows((State.KILLED,), [Started, Header, StderrText, Outcome, Malformed], _drop_event),
        **_make_rows(ENDING, [Granted], _drop_event),
        **_make_rows(ENDING, [TimeUp], _give_up),
        **_make_rows(State, [ChildGone], _note_end),
        **_make_rows(State, [Exit], _take_status),
    }
