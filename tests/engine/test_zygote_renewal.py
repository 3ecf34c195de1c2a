"""A zygote is made anew after a crash and after a number of jobs. No job notices."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import REGISTRY

from conformance import images
from conformance.running import LIMITS, Boxed
from conformance.slow import ZYGOTE
from tests.engine.processes import PATIENCE, alive, all_children, children, started, the_zygote, until, zygotes
from worker.sandbox.supervisor import Handle, Killed, Sandbox

JOBS = 5


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A sandbox that makes its zygote anew after five jobs."""
    made = Sandbox(ZYGOTE)
    made.prepare(jobs=2, budget=4 << 30, zygote_jobs=JOBS)
    yield made
    made.close()


def count_renewals(reason: str) -> float:
    return REGISTRY.get_sample_value("imagemill_sandbox_zygotes_total", {"reason": reason}) or 0


def wait_for_renewal(reason: str, before: float) -> None:
    until(lambda: count_renewals(reason) == before + 1)


def test_a_crash_brings_a_new_zygote(box: Sandbox, threads: ThreadPoolExecutor) -> None:
    boxed, first, before = Boxed(box, LIMITS), the_zygote(), count_renewals("crash")
    future, child = started(boxed, threads)
    os.kill(child, signal.SIGSEGV)
    assert future.result(PATIENCE).failure == "decoder_crashed"
    wait_for_renewal("crash", before)
    until(lambda: not alive(first))
    assert boxed(images.oriented(1)).converted.width == 48
    assert the_zygote() != first


def test_a_kill_and_a_time_limit_are_no_crash(box: Sandbox, threads: ThreadPoolExecutor) -> None:
    boxed, first, before = Boxed(box, LIMITS), the_zygote(), count_renewals("crash")
    future, child = started(boxed, threads)
    os.kill(child, signal.SIGKILL)
    # It is run again once.
    until(lambda: bool(set(children(first)) - {child}))
    (second,) = set(children(first)) - {child}
    os.kill(second, signal.SIGKILL)
    assert future.result(PATIENCE).failure == "memory_limit"
    future, child = started(boxed, threads)
    os.kill(child, signal.SIGXCPU)
    assert future.result(PATIENCE).failure == "timeout"
    assert boxed(images.oriented(1)).converted.width == 48
    assert (the_zygote(), count_renewals("crash")) == (first, before)


def test_after_a_number_of_jobs_the_next_one_has_a_new_zygote(box: Sandbox) -> None:
    boxed, first, before = Boxed(box, LIMITS), the_zygote(), count_renewals("jobs")
    for _ in range(JOBS):
        assert boxed(images.oriented(1)).converted.width == 48
    wait_for_renewal("jobs", before)
    until(lambda: not alive(first))
    until(lambda: len(all_children(the_zygote())) == 2)


def test_a_running_job_outlives_the_renewal(box: Sandbox, threads: ThreadPoolExecutor) -> None:
    boxed, first, before, handle = Boxed(box, LIMITS), the_zygote(), count_renewals("jobs"), Handle()
    future, child = started(boxed, threads, handle)
    for _ in range(JOBS):
        assert boxed(images.oriented(1)).converted.width == 48
    wait_for_renewal("jobs", before)
    assert alive(first)
    # No second renewal while the old zygote still has a child: there are never three.
    for _ in range(2 * JOBS):
        assert boxed(images.oriented(1)).converted.width == 48
    assert len(zygotes()) == 2
    assert count_renewals("jobs") == before + 1
    until(lambda: children(first) == [child])
    handle.kill()
    with pytest.raises(Killed):
        future.result(PATIENCE)
    until(lambda: not alive(first))
    assert boxed(images.oriented(1)).converted.width == 48
    wait_for_renewal("jobs", before + 1)


def test_jobs_run_while_a_zygote_warms_up(box: Sandbox, threads: ThreadPoolExecutor) -> None:
    """With a new one after every five jobs, none of sixty is lost, and none is told to come again."""
    boxed = Boxed(box, LIMITS)
    jobs = [threads.submit(boxed, images.noisy_jpeg((50 + index, 40))) for index in range(60)]
    assert [job.result(PATIENCE).image().width for job in jobs] == [50 + index for index in range(60)]


def test_a_new_zygote_that_does_not_start_leaves_the_old_one_at_work(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    boxed, first, before = Boxed(box, LIMITS), the_zygote(), count_renewals("jobs")
    monkeypatch.setattr(box._zygotes, "_program", "tests.engine.unwatched")
    for _ in range(JOBS):
        assert boxed(images.oriented(1)).converted.width == 48
    until(lambda: "zygote not made anew" in capfd.readouterr().out)
    assert boxed(images.oriented(1)).converted.width == 48
    until(lambda: zygotes() == [first])
    assert count_renewals("jobs") == before


def test_a_sandbox_can_be_closed_while_a_zygote_warms_up() -> None:
    made = Sandbox(ZYGOTE)
    made.prepare(jobs=1, budget=4 << 30, zygote_jobs=1)
    assert Boxed(made, LIMITS)(images.oriented(1)).converted.width == 48
    made.close()
    until(lambda: zygotes() == [])
