"""Faults of the zygote and of children that wait: no job is worse off, and nothing stays behind."""

import os
import random
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import pytest
from PIL import Image

from conformance import images
from conformance.running import LIMITS, Boxed, Result
from conformance.slow import ZYGOTE
from tests.engine.processes import PATIENCE, alive, all_children, children, started, the_zygote, until
from worker.sandbox.budget import Share
from worker.sandbox.supervisor import Handle, Killed, Sandbox, SandboxLost

MB = 1 << 20
BUDGET = 300 * MB


def waiting_child(zygote: int) -> int:
    """The child that a zygote without jobs has ahead."""
    until(lambda: len(all_children(zygote)) == 1)
    return all_children(zygote)[0]


def test_a_job_for_which_there_is_no_process_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("worker.sandbox.supervisor.PAUSE_SECONDS", 0.05)
    box = Sandbox("tests.engine.starved")
    try:
        box.prepare(jobs=1, budget=BUDGET)
        boxed = Boxed(box, LIMITS)
        assert [boxed(images.oriented(1)).converted.width for _ in range(3)] == [48] * 3
        assert capfd.readouterr().out.count("no child started, conversion retried") == 2
    finally:
        box.close()


def test_a_job_that_never_gets_a_process_is_given_up(boxed: Boxed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.sandbox.supervisor.PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("worker.sandbox.zygote_keeper.ZygoteKeeper.submit_job", refuse)
    with pytest.raises(SandboxLost):
        boxed(images.oriented(1))


def refuse(*_: object) -> None:
    raise OSError("no zygote takes it")


def test_a_worker_that_may_not_watch_processes_does_not_start(capfd: pytest.CaptureFixture[str]) -> None:
    box = Sandbox("tests.engine.unwatched")
    try:
        with pytest.raises(OSError, match="did not start"):
            box.prepare(jobs=1, budget=BUDGET)
        assert "no process can be started for conversions: [Errno 1]" in capfd.readouterr().err
    finally:
        box.close()


def test_a_child_that_died_waiting_gets_no_job(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    zygote = the_zygote()
    child = waiting_child(zygote)
    os.kill(zygote, signal.SIGSTOP)
    os.kill(child, signal.SIGKILL)
    until(lambda: not alive(child))
    future = threads.submit(boxed, images.oriented(1))
    # Until the zygote has the job and the end of the child to look at, at the same time.
    time.sleep(0.5)
    os.kill(zygote, signal.SIGCONT)
    assert future.result(PATIENCE).converted.width == 48
    until(lambda: len(all_children(zygote)) == 1)


def test_one_that_waits_for_memory_can_be_ended_though_its_zygote_is_stuck(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody then tells of the child's end, and its time stands still."""
    monkeypatch.setattr("worker.sandbox.session.LOST_SECONDS", 0.5)
    box, handle = Sandbox(ZYGOTE), Handle()
    try:
        box.prepare(jobs=1, budget=BUDGET)
        boxed, first = Boxed(box, LIMITS), the_zygote()
        with box._budget.open_reservation() as reservation:
            reservation.request(Share(BUDGET - 70 * MB))
            future = threads.submit(
                boxed, images.encoded(Image.new("RGB", (3000, 2000)), "PNG"), source="png", handle=handle
            )
            until(lambda: box._budget._waiting != [])
            os.kill(first, signal.SIGSTOP)
            handle.kill()
            with pytest.raises(Killed):
                future.result(PATIENCE)
        assert boxed(images.oriented(1)).converted.width == 48
        assert the_zygote() != first
    finally:
        box.close()


def test_a_zygote_may_die_at_any_moment(threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each job ends well or is lost, in time; later ones are unharmed."""
    monkeypatch.setattr("worker.sandbox.supervisor.PAUSE_SECONDS", 0.05)
    numbers, box = random.Random(7), Sandbox(ZYGOTE)  # noqa: S311
    try:
        box.prepare(jobs=3, budget=4 << 30)
        boxed = Boxed(box, LIMITS)
        for _ in range(6):
            futures = [threads.submit(boxed, images.noisy_jpeg()) for _ in range(6)]
            time.sleep(numbers.uniform(0, 0.1))
            os.kill(the_zygote(), signal.SIGKILL)
            assert {ended(future) for future in futures} <= {"well", "lost"}
        assert boxed(images.oriented(1)).converted.width == 48
        until(lambda: children(the_zygote()) == [])
    finally:
        box.close()


def ended(future: "Future[Result]") -> str:
    with suppress(SandboxLost):
        return "well" if future.result(PATIENCE).outcome.failure is None else "badly"
    return "lost"


def test_killed_while_a_zygote_is_replaced(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    handle = Handle()
    _, child = started(boxed, threads)
    os.kill(the_zygote(), signal.SIGKILL)
    future = threads.submit(boxed, images.oriented(1), hold=60, handle=handle)
    handle.kill()
    with pytest.raises(Killed):
        future.result(PATIENCE)
    until(lambda: not alive(child))
