"""The time of a child: what counts, when it is looked at again, and what is said when it is over."""

import os
import subprocess
import time

import pytest

from engine.request import Limits
from worker.sandbox import child_timer
from worker.sandbox.child_timer import GRACE_SECONDS, ChildTimer, read_cpu_seconds

LIMITS = Limits(max_pixels=1, max_frames=1, max_result_bytes=1, memory_bytes=1, seconds=60)


class Spent:
    """The processor time of a child that a test sets."""

    def __init__(self, seconds: float | None = 100.0) -> None:
        self.seconds = seconds

    def __call__(self, _pid: int) -> float | None:
        return self.seconds


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_timer, "count_processors", lambda: 2)


def test_the_time_of_the_processor_counts_from_the_start_of_the_work() -> None:
    spent = Spent()
    timer = ChildTimer(LIMITS, spent)
    timer.start_work(1)
    assert not timer.look()
    spent.seconds = 100.0 + 60 + GRACE_SECONDS
    assert timer.look()
    assert timer.make_timeout().code == "timeout"
    assert "60 seconds of processor time" in timer.make_timeout().detail


def test_time_of_the_clock_alone_is_over_much_later(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = Spent()
    timer = ChildTimer(LIMITS, spent)
    timer.start_work(1)
    began = time.monotonic()
    spent.seconds = 101.0
    monkeypatch.setattr(time, "monotonic", lambda: began + 599)
    assert not timer.look()
    spent.seconds = 102.0
    monkeypatch.setattr(time, "monotonic", lambda: began + 603)
    assert timer.look()
    assert "not over after 600 seconds" in timer.make_timeout().detail


@pytest.mark.usefixtures("two_processors")
def test_a_child_is_looked_at_when_all_processors_could_have_used_its_time() -> None:
    spent = Spent()
    timer = ChildTimer(LIMITS, spent)
    timer.start_work(1)
    assert timer.milliseconds == pytest.approx(31_000)
    spent.seconds = 161.9
    assert timer.milliseconds == pytest.approx(100)


def test_a_child_that_uses_no_processor_at_all_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little it uses, it moves."""
    spent = Spent()
    timer = ChildTimer(LIMITS, spent)
    timer.start_work(1)
    began = time.monotonic()
    spent.seconds = 100.001
    monkeypatch.setattr(time, "monotonic", lambda: began + 61)
    assert not timer.look()
    monkeypatch.setattr(time, "monotonic", lambda: began + 122)
    assert timer.milliseconds == pytest.approx(1000, abs=100)
    assert not timer.look()
    monkeypatch.setattr(time, "monotonic", lambda: began + 124)
    assert timer.look()
    assert "not over after 60 seconds" in timer.make_timeout().detail


def test_a_child_that_is_gone_is_not_late() -> None:
    spent = Spent()
    timer = ChildTimer(LIMITS, spent)
    timer.start_work(1)
    spent.seconds = None
    assert not timer.look()
    assert timer.milliseconds == pytest.approx(602_000, rel=0.05)


def test_a_wait_has_no_time_of_the_processor() -> None:
    spent = Spent()
    timer = ChildTimer(LIMITS, spent)
    timer.start_work(1)
    timer.wait(None)
    spent.seconds = 1000.0
    assert (timer.look(), timer.milliseconds) == (False, None)


def test_the_processor_time_of_another_process_is_read() -> None:
    """Of all its threads together; of none when it is gone."""
    child = subprocess.Popen(["sleep", "60"])
    try:
        idle = read_cpu_seconds(child.pid)
        assert idle is not None
        assert idle < 1
        own = read_cpu_seconds(os.getpid())
        assert own == pytest.approx(time.process_time(), abs=1)
    finally:
        child.kill()
        child.wait()
    assert read_cpu_seconds(child.pid) is None
