"""The table of a child's session: rare orders of events, which real processes do not bring about on demand."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from core.options import Options
from engine.request import Converted, Header, Limits, Outcome, Request, Source
from worker.sandbox.budget import Budget, Share
from worker.sandbox.handle import Handle
from worker.sandbox.protocol import Exit, Malformed, Started, StderrText
from worker.sandbox.session import ChildGone, ChildSession, State, TimeUp, ZygoteStuck

LIMITS = Limits(max_pixels=1, max_frames=1, max_result_bytes=1, memory_bytes=1 << 30, seconds=5)
HEADER = Header(source_area=1, target_area=1, frames=1, alpha=False)
DONE = Outcome(
    source=Source(format="jpeg", width=1, height=1, frames=1),
    converted=Converted(format="png", width=1, height=1, frames=1),
    failure=None,
    warnings=(),
)
Start = Callable[[], Started]


@pytest.fixture
def start() -> Iterator[Start]:
    """A process that may be killed, as the zygote tells of it."""
    children: list[subprocess.Popen[bytes]] = []

    def start_() -> Started:
        children.append(subprocess.Popen(["sleep", "60"]))
        return Started(children[-1].pid, os.pidfd_open(children[-1].pid))

    yield start_
    for child in children:
        child.kill()
        child.wait()


@pytest.fixture
def session() -> Iterator[ChildSession]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    handle = Handle()
    with ours, theirs, Budget().open_reservation() as reservation:
        request = Request(source="jpeg", target="png", options=Options(), limits=LIMITS, granted_bytes=1 << 20)
        yield ChildSession(ours, request, handle, reservation, lambda _: Share(1 << 20))
        handle.release_child()


def code(session: ChildSession) -> str:
    found = session.make_outcome().failure
    return found.code.value if found else ""


@pytest.mark.parametrize("state", State)
def test_an_end_is_taken_in_every_state(state: State) -> None:
    assert {(state, Exit), (state, ChildGone)} <= ChildSession._HANDLERS.keys()


@pytest.mark.parametrize("state", [state for state in State if state is not State.WAITING_FOR_MEMORY])
def test_every_deadline_means_something(state: State) -> None:
    assert (state, TimeUp) in ChildSession._HANDLERS


def test_a_child_that_starts_late_is_a_child(session: ChildSession, start: Start) -> None:
    session._handle_event(TimeUp())
    session._handle_event(start())
    session._handle_event(HEADER)
    session._handle_event(DONE)
    assert session.make_outcome() == DONE


@pytest.mark.parametrize(
    ("text", "level"),
    [("PNG warning: iCCP: too short", "info"), ("Traceback (most recent call last): TypeError", "warning")],
)
def test_a_traceback_alone_is_a_warning(session: ChildSession, start: Start, text: str, level: str) -> None:
    session._handle_event(start())
    with capture_logs() as logs:
        session._handle_event(StderrText(text))
    assert [(entry["log_level"], entry["stderr"]) for entry in logs] == [(level, text)]


def test_a_child_that_never_starts_is_the_zygotes_fault(session: ChildSession) -> None:
    session._handle_event(TimeUp())
    with pytest.raises(ZygoteStuck):
        session._handle_event(TimeUp())


def test_an_answer_that_came_as_the_time_was_up_counts(session: ChildSession, start: Start) -> None:
    session._handle_event(start())
    session._handle_event(TimeUp())
    session._handle_event(DONE)
    assert session.make_outcome() == DONE


def test_a_timeout_stays_one_whatever_comes_after_it(session: ChildSession, start: Start) -> None:
    session._handle_event(start())
    session._handle_event(TimeUp())
    session._handle_event(Malformed())
    session._handle_event(DONE)
    session._handle_event(Exit(9))
    assert code(session) == "timeout"


def test_nothing_counts_that_comes_after_a_malformed_message(session: ChildSession, start: Start) -> None:
    session._handle_event(start())
    session._handle_event(Malformed())
    session._handle_event(HEADER)
    session._handle_event(DONE)
    session._handle_event(Exit(9))
    assert code(session) == "decoder_crashed"


def test_a_second_start_is_malformed_and_its_descriptor_is_closed(session: ChildSession, start: Start) -> None:
    session._handle_event(start())
    second = start()
    session._handle_event(second)
    assert session._state is State.KILLED
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(second.pidfd)


def test_an_end_before_the_exit_status_changes_no_answer(session: ChildSession, start: Start) -> None:
    started = start()
    session._handle_event(started)
    session._handle_event(ChildGone(started.pidfd))
    session._handle_event(DONE)
    assert session.make_outcome() == DONE
