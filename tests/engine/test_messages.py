"""What comes out of a sandbox is believed only when it has exactly the right shape."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.failures import Timeout
from core.losses import DepthReduced
from core.options import Options
from engine.request import Converted, Header, Limits, Outcome, Request, Source, failed
from worker.sandbox.protocol import Exit, Malformed, Started, StderrText, encode_stderr, read_message

LIMITS = Limits(max_pixels=1, max_frames=2, max_result_bytes=3, memory_bytes=4, seconds=5.5)
GOOD = Outcome(
    source=Source(format="jpeg", width=3, height=4, frames=1),
    converted=Converted(format="png", width=3, height=4, frames=1),
    failure=None,
    warnings=(DepthReduced(depth=16, kept=8).warned,),
)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def test_a_request_goes_there_as_it_was() -> None:
    request = Request(
        source="gif", target="webp", options=Options(width=7, background="#010203"), limits=LIMITS, granted_bytes=5
    )
    assert Request.from_json(request.as_json()) == request


def test_an_outcome_comes_back_as_it_was() -> None:
    assert Outcome.from_json(GOOD.as_json()) == GOOD
    bad = failed(Timeout(limit=60).failure)
    assert Outcome.from_json(bad.as_json()) == bad


def changed(**values: Any) -> bytes:
    return json.dumps(json.loads(GOOD.as_json()) | values).encode()


def described(**values: Any) -> dict[str, Any]:
    return {"format": "png", "width": 1, "height": 1, "frames": 1} | values


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"[]", b"7", b"null", b"[" * 100_000, b"\xff\xfe",
        changed(converted=None), changed(failure={"code": "timeout", "detail": "x"}),
        changed(converted=described(format="exe")), changed(converted=described(width=0)),
        changed(converted=described(width=True)), changed(converted=described(height="1")),
        changed(converted=described(frames=1 << 40)), changed(converted=described(format=7)),
        changed(warnings=[{"code": "nonsense", "detail": "x"}]), changed(warnings=[{"code": "depth_reduced", "detail": "a\x1b[0m"}]),
        changed(warnings=[{"code": "depth_reduced", "detail": "x" * 5000}]), changed(warnings=3),
        changed(converted=None, failure={"code": "nonsense", "detail": "x"}),
    ],
)  # fmt: skip
def test_anything_else_is_no_outcome(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the one class is the promise
        Outcome.from_json(text)


def test_messages(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    fd = os.open("/dev/null", os.O_RDONLY)
    socket.send_fds(theirs, [b'{"started": 1}'], [fd])
    os.close(fd)
    theirs.send(GOOD.as_json())
    theirs.send(b'{"exit": 9}')
    theirs.send(b"nonsense")
    theirs.close()
    begun = read_message(ours)
    assert isinstance(begun, Started)
    assert begun.pid == 1
    os.close(begun.pidfd)
    assert [read_message(ours) for _ in range(4)] == [GOOD, Exit(9), Malformed(), None]


def test_the_last_words_are_heard_of_one_who_did_not_listen(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    ours.send(b"go")
    theirs.send(b'{"exit": 9}')
    theirs.close()
    assert [read_message(ours) for _ in range(2)] == [Exit(9), None]


def test_a_header_comes_as_it_was(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    header = Header(source_area=12, target_area=34, frames=5, alpha=True, deep=True)
    theirs.send(header.as_json())
    assert read_message(ours) == header


SOUND: dict[str, Any] = {"source_area": 1, "target_area": 1, "frames": 1, "alpha": False, "deep": False}


@pytest.mark.parametrize(
    "values",
    [
        {}, SOUND | {"source_area": 0}, [1, 1, 1, False], None, SOUND | {"more": 1}, SOUND | {"source_area": "1"},
        {name: value for name, value in SOUND.items() if name != "alpha"}, SOUND | {"alpha": 1}, SOUND | {"alpha": "yes"},
        {name: value for name, value in SOUND.items() if name != "deep"}, SOUND | {"deep": 1}, SOUND | {"deep": None},
    ],
)  # fmt: skip
def test_anything_else_is_no_header(ends: tuple[socket.socket, socket.socket], values: Any) -> None:
    ours, theirs = ends
    theirs.send(json.dumps({"header": values}).encode())
    assert read_message(ours) == Malformed()


def test_what_a_child_says_is_cut_and_made_harmless(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.send(encode_stderr("one\n  two\x1b[31m"))
    theirs.send(encode_stderr("x" * 50_000))
    assert read_message(ours) == StderrText("one / two?[31m")
    assert read_message(ours) == StderrText("x" * 8000)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_file_descriptors_that_nobody_asked_for_are_closed(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    before = open_files()
    socket.send_fds(theirs, [b'{"exit": 0}'], [0, 0, 0])
    socket.send_fds(theirs, [b'{"started": 1}'], [0, 0])
    assert read_message(ours) == Exit(0)
    assert read_message(ours) == Malformed()
    assert open_files() == before
