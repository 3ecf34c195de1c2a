"""The sandbox with real processes: whatever happens to a child is an outcome of its own job, and nothing stays behind."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from conformance import images
from conformance.running import Boxed, Result
from conformance.slow import ZYGOTE
from tests.engine.processes import LONG, PATIENCE, alive, children, open_files, started, the_zygote, until
from worker.metrics import KILLED_OUTSIDE
from worker.sandbox.supervisor import Handle, Killed, Sandbox, SandboxLost


def test_a_conversion(boxed: Boxed) -> None:
    result = boxed(images.oriented(6))
    assert (result.converted.width, result.converted.height) == (48, 32)
    assert result.image().size == (48, 32)
    assert result.outcome.source is not None


def test_several_at_a_time(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    jobs = [threads.submit(boxed, images.noisy_jpeg((50 + index, 40))) for index in range(24)]
    assert [job.result().image().width for job in jobs] == [50 + index for index in range(24)]


def test_bad_files_are_failures_of_their_job(boxed: Boxed) -> None:
    assert boxed(images.truncated_jpeg()).failure == "truncated_image"
    assert boxed(b"\xff\xd8\xff nonsense").failure in {"truncated_image", "corrupt_image"}
    assert boxed(images.png_claiming(), source="png").failure == "too_many_pixels"
    assert boxed(images.oriented(1)).converted.width == 48


def test_kill_before_during_and_after(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    before = Handle()
    before.kill()
    with pytest.raises(Killed):
        boxed(images.oriented(1), handle=before)
    during = Handle()
    future, child = started(boxed, threads, during)
    during.kill()
    during.kill()
    with pytest.raises(Killed):
        future.result(PATIENCE)
    assert not alive(child)
    after = Handle()
    assert boxed(images.oriented(1), handle=after).converted.width == 48
    after.kill()


def test_kill_takes_no_neighbour_with_it(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    handle = Handle()
    killed, _ = started(boxed, threads, handle)
    neighbour = threads.submit(boxed, images.oriented(1), hold=0.5)
    handle.kill()
    with pytest.raises(Killed):
        killed.result(PATIENCE)
    assert neighbour.result(PATIENCE).converted.width == 48


def test_the_time_is_up_in_a_step(boxed: Boxed) -> None:
    result = boxed(images.oriented(1), hold=LONG, wall_seconds=0.5)
    assert result.failure == "timeout"
    assert "not over after 0.5 seconds" in str(result.outcome.failure)


def test_standing_still_costs_no_time_of_the_processor(boxed: Boxed) -> None:
    assert boxed(images.oriented(1), hold=0.7, seconds=0.5).converted.width == 48


def test_the_time_is_up_and_the_child_does_not_notice(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    zygote = the_zygote()
    future = threads.submit(boxed, images.oriented(1), hold=LONG, seconds=1.0)
    until(lambda: bool(children(zygote)))
    (child,) = children(zygote)
    os.kill(child, signal.SIGSTOP)
    assert future.result(PATIENCE).failure == "timeout"
    assert not alive(child)


@pytest.mark.parametrize("target", ["jpeg", "png", "webp", "avif", "tiff"])
def test_more_memory_than_a_job_may_use(boxed: Boxed, target: str) -> None:
    hog = images.encoded(Image.new("RGB", (6000, 6000), (1, 2, 3)), "PNG")
    assert boxed(hog, source="png", target=target, memory_bytes=100 << 20).failure == "memory_limit"


@pytest.mark.parametrize(
    ("source", "pillow"), [("webp", "WEBP"), ("avif", "AVIF"), ("jpeg", "JPEG"), ("gif", "GIF"), ("tiff", "TIFF")]
)
def test_more_memory_than_a_job_may_use_while_decoding(boxed: Boxed, source: str, pillow: str) -> None:
    hog = images.encoded(Image.new("RGB", (5000, 5000), (1, 2, 3)), pillow)
    assert boxed(hog, source=source, target="bmp", memory_bytes=60 << 20).failure == "memory_limit"


def test_an_encoder_that_crashes_without_memory_is_not_started(boxed: Boxed) -> None:
    large = images.encoded(Image.effect_noise((3500, 3500), 20).convert("RGB"), "JPEG")
    for memory in (150, 250, 350):
        assert boxed(large, target="avif", memory_bytes=memory << 20).failure == "memory_limit"


@pytest.mark.parametrize("target", ["bmp", "png", "tiff", "webp", "gif"])
def test_a_result_that_is_too_large(boxed: Boxed, target: str) -> None:
    result = boxed(images.noisy_jpeg((400, 300)), target=target, max_result_bytes=20_000)
    assert result.failure == "result_too_large"
    assert "20,000 bytes" in str(result.outcome.failure)
    assert len(result.data) <= 20_000


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGSEGV, "decoder_crashed"),
        (signal.SIGABRT, "decoder_crashed"),
        (signal.SIGXCPU, "timeout"),
    ],
)
def test_a_child_that_dies(boxed: Boxed, threads: ThreadPoolExecutor, number: signal.Signals, code: str) -> None:
    future, child = started(boxed, threads)
    os.kill(child, number)
    assert future.result(PATIENCE).failure == code
    assert boxed(images.oriented(1)).converted.width == 48


def test_killed_from_outside_it_runs_again(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    zygote, before = the_zygote(), KILLED_OUTSIDE._value.get()
    future = threads.submit(boxed, images.oriented(1), hold=2.0)
    until(lambda: bool(children(zygote)))
    os.kill(children(zygote)[0], signal.SIGKILL)
    assert future.result(PATIENCE).converted.width == 48
    assert KILLED_OUTSIDE._value.get() == before + 1


def test_killed_from_outside_it_runs_again_once_and_alone(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    handle, zygote = Handle(), the_zygote()
    neighbor, running = started(boxed, threads, handle)
    future, first = started(boxed, threads)
    os.kill(first, signal.SIGKILL)
    until(lambda: bool(boxed.sandbox._budget._waiting))
    assert children(zygote) == [running]
    handle.kill()
    with pytest.raises(Killed):
        neighbor.result(PATIENCE)
    until(lambda: bool(children(zygote)))
    (second,) = children(zygote)
    assert second != first
    os.kill(second, signal.SIGKILL)
    assert future.result(PATIENCE).failure == "memory_limit"
    assert boxed(images.oriented(1)).converted.width == 48


def test_one_that_waits_to_run_alone_can_be_ended(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    handle = Handle()
    started(boxed, threads, neighbor := Handle())
    future, child = started(boxed, threads, handle)
    os.kill(child, signal.SIGKILL)
    until(lambda: bool(boxed.sandbox._budget._waiting))
    handle.kill()
    with pytest.raises(Killed):
        future.result(PATIENCE)
    neighbor.kill()


def test_the_zygote_dies(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    first = the_zygote()
    future, child = started(boxed, threads)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(SandboxLost):
        future.result(PATIENCE)
    until(lambda: not alive(child))
    assert boxed(images.oriented(1)).converted.width == 48
    assert the_zygote() != first


def test_a_zygote_that_was_replaced_from_a_thread_outlives_that_thread(boxed: Boxed) -> None:
    first = the_zygote()
    os.kill(first, signal.SIGKILL)
    until(lambda: not alive(first))
    results: list[Result] = []
    short = threading.Thread(target=lambda: results.append(boxed(images.oriented(1))))
    short.start()
    short.join(PATIENCE)
    assert results[0].converted.width == 48
    second = the_zygote()
    assert boxed(images.oriented(1)).converted.width == 48
    assert the_zygote() == second


def test_a_killed_job_of_a_dead_zygote_is_killed(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    handle = Handle()
    future, _ = started(boxed, threads, handle)
    os.kill(the_zygote(), signal.SIGSTOP)
    handle.kill()
    os.kill(the_zygote(), signal.SIGCONT)
    with pytest.raises(Killed):
        future.result(PATIENCE)


def test_nothing_stays_behind(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    boxed(images.oriented(1))
    zygote = the_zygote()
    ours, theirs = open_files(os.getpid()), open_files(zygote)

    def job(index: int) -> None:
        handle = Handle()
        if index % 5 == 0:
            threading.Timer(0.01 * (index % 4), handle.kill).start()
        with suppress(Killed):
            boxed(images.oriented(1), hold=0.05 if index % 5 == 0 else 0, handle=handle)

    list(threads.map(job, range(50)))
    until(lambda: children(zygote) == [])
    until(lambda: open_files(zygote) <= theirs)
    until(lambda: open_files(os.getpid()) <= ours)


def test_close_ends_everything(threads: ThreadPoolExecutor) -> None:
    sandbox = Sandbox(ZYGOTE)
    boxed = Boxed(
        sandbox, {"max_pixels": 10**6, "max_frames": 9, "max_result_bytes": 10**6, "memory_bytes": 10**9, "seconds": 60}
    )
    zygote = the_zygote()
    future, child = started(boxed, threads)
    sandbox.close()
    assert not alive(zygote)
    until(lambda: not alive(child))
    with pytest.raises(SandboxLost):
        future.result(PATIENCE)


def test_a_child_has_limits_and_few_open_files(boxed: Boxed, threads: ThreadPoolExecutor) -> None:
    handle = Handle()
    future, child = started(boxed, threads, handle)
    limits = Path(f"/proc/{child}/limits")
    until(lambda: "Max open files            32" in limits.read_text())
    text = limits.read_text()
    assert "Max core file size        0" in text
    assert f"Max file size             {200 << 20}" in text
    assert "Max processes             0" in text
    assert open_files(child) <= 6
    assert "NoNewPrivs:\t1" in Path(f"/proc/{child}/status").read_text()
    handle.kill()
    with pytest.raises(Killed):
        future.result(PATIENCE)
