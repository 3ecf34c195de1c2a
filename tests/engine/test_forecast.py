"""Memory by forecast with real children: who does not fit waits, in no time of its own, and can be ended meanwhile."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from imagecodecs import png_encode
from PIL import Image
from prometheus_client import REGISTRY

from benchmarks.bench.memory import photograph
from conformance import images
from conformance.running import LIMITS, Boxed
from core.formats import FORMATS
from core.options import Options
from engine.capabilities import MARGIN, MEASURED, NOTHING, UNMEASURED, Memory, memory_of, wrong_factors
from engine.codecs.registry import CodecMismatch, prepare_codecs
from engine.request import Header, Limits, Request
from tests.engine.processes import PATIENCE, until
from worker.sandbox import memory_forecast as forecast
from worker.sandbox.budget import Share
from worker.sandbox.child_timer import GRACE_SECONDS
from worker.sandbox.supervisor import Handle, Killed, Sandbox

MB = 1 << 20
BUDGET = 300 * MB
ROOMY = Limits(max_pixels=1, max_frames=1, max_result_bytes=1, memory_bytes=1 << 40, seconds=1)


@pytest.fixture
def shared() -> Iterator[Boxed]:
    """A sandbox with little memory."""
    box = Sandbox()
    box.prepare(jobs=2, budget=BUDGET)
    yield Boxed(box, LIMITS)
    box.close()


def metric(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


def waiting() -> float:
    return metric("imagemill_worker_memory_waiting")


@pytest.fixture
def taken(shared: Boxed) -> Iterator[None]:
    """Someone has nearly all of the memory."""
    with shared.sandbox._budget.open_reservation() as reservation:
        reservation.request(Share(BUDGET - 70 * MB))
        assert reservation.wait(PATIENCE)
        yield


LARGE = images.encoded(Image.new("RGB", (3000, 2000)), "JPEG")
"""A picture whose header can be read beside that, but whose pixels do not fit."""


def test_what_does_not_fit_waits_for_those_before_it(shared: Boxed, threads: ThreadPoolExecutor) -> None:
    with shared.sandbox._budget.open_reservation() as reservation:
        reservation.request(Share(BUDGET - 70 * MB))
        future = threads.submit(shared, LARGE)
        until(lambda: waiting() == 1)
        assert metric("imagemill_worker_memory_reserved_bytes") <= BUDGET
    assert future.result(PATIENCE).converted.width == 3000
    until(lambda: metric("imagemill_worker_memory_reserved_bytes") == 0)


@pytest.mark.usefixtures("taken")
def test_the_time_stands_still_while_it_waits(shared: Boxed, threads: ThreadPoolExecutor) -> None:
    handle = Handle()
    # So long that its header does not forbid it, and that it would stand still for too long meanwhile.
    future = threads.submit(shared, LARGE, seconds=1.2, handle=handle)
    until(lambda: waiting() == 1)
    with pytest.raises(TimeoutError):
        future.result(1.2 + GRACE_SECONDS + 1)
    handle.kill()
    with pytest.raises(Killed):
        future.result(PATIENCE)
    assert waiting() == 0


@pytest.mark.usefixtures("taken")
def test_one_that_waits_to_begin_can_be_ended(shared: Boxed, threads: ThreadPoolExecutor) -> None:
    handle = Handle()
    future = threads.submit(shared, LARGE + bytes(50 * MB), handle=handle)
    until(lambda: waiting() == 1)
    assert not handle.is_bound
    handle.kill()
    with pytest.raises(Killed):
        future.result(PATIENCE)


def test_a_forecast_that_was_too_low_costs_time_but_no_job(shared: Boxed, monkeypatch: pytest.MonkeyPatch) -> None:
    before = metric("imagemill_worker_forecasts_missed_total")
    monkeypatch.setattr("worker.sandbox.supervisor.forecast", lambda *_: 8 * MB)
    assert shared(LARGE, target="webp").converted.width == 3000
    assert metric("imagemill_worker_forecasts_missed_total") == before + 1


def test_no_forecast_is_more_than_a_job_may_have(shared: Boxed) -> None:
    assert shared(LARGE, target="png", memory_bytes=80 * MB).converted.width == 3000
    assert shared(LARGE, target="avif", memory_bytes=80 * MB).failure == "memory_limit"


SIDE = 1500


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("name", [fmt.name for fmt in FORMATS if fmt.reads and fmt.writes])
def test_the_forecast_is_enough(name: str, mode: str, boxed: Boxed, monkeypatch: pytest.MonkeyPatch) -> None:
    """For what looks like a photograph; without the part that does not grow with the picture it has to fit closely."""
    before = metric("imagemill_worker_forecasts_missed_total")
    monkeypatch.setattr(forecast, "START", 16 * MB)
    there = boxed(images.encoded(photograph(mode, (SIDE, SIDE)), "TIFF"), source="tiff", target=name)
    assert there.outcome.failure is None
    assert boxed(there.data, source=name, target="png").outcome.failure is None
    assert metric("imagemill_worker_forecasts_missed_total") == before


DEEP = [fmt.name for fmt in FORMATS if fmt.carries.deep and fmt.keeps_depth]


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("name", DEEP)
def test_the_forecast_is_enough_for_16_bits(
    name: str, mode: str, boxed: Boxed, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = metric("imagemill_worker_forecasts_missed_total")
    monkeypatch.setattr(forecast, "START", 16 * MB)
    picture = photograph(mode, (SIDE, SIDE))
    grain = np.asarray(picture.rotate(180), np.uint16)
    there = boxed(bytes(png_encode(np.asarray(picture, np.uint16) * 256 + grain, level=1)), source="png", target=name)
    assert there.outcome.failure is None
    assert boxed(there.data, source=name, target="png").outcome.failure is None
    assert metric("imagemill_worker_forecasts_missed_total") == before


@pytest.mark.parametrize("name", DEEP)
def test_formats_of_16_bits_have_factors_for_them(name: str) -> None:
    memory = memory_of(name)
    assert all(memory.read_deep)
    assert all(memory.write_deep)
    assert asked(name, name, deep=True) > asked(name, "bmp")
    assert asked(name, "bmp", deep=True) > asked(name, "bmp")
    assert asked(name, name, deep=True, alpha=True) >= asked(name, name, deep=True)


def test_measured_factors_are_of_formats_and_whole() -> None:
    assert wrong_factors(FORMATS) == ""


@pytest.mark.parametrize(
    ("memory", "sentence"),
    [
        (
            {"pict": UNMEASURED},
            "engine/capabilities.py has memory factors of `pict`, but core.formats has no such row.",
        ),
        ({"qoi": replace(UNMEASURED, read=NOTHING)}, "QOI: its memory factors in engine/capabilities.py lack `read`."),
        (
            {"qoi": replace(UNMEASURED, write=NOTHING)},
            "QOI: its memory factors in engine/capabilities.py lack `write`.",
        ),
    ],
)
def test_wrong_factors_end_the_start(monkeypatch: pytest.MonkeyPatch, memory: dict[str, Memory], sentence: str) -> None:
    monkeypatch.setattr("engine.capabilities.MEASURED", MEASURED | memory)
    with pytest.raises(CodecMismatch, match=re.escape(sentence)):
        prepare_codecs()


def test_a_format_that_nobody_has_measured_takes_as_much_as_any() -> None:
    unknown = memory_of("pict")
    for memory in MEASURED.values():
        for part in ("read", "write", "read_deep", "write_deep"):
            assert all(of >= other for of, other in zip(getattr(unknown, part), getattr(memory, part), strict=True))
        for part in ("opened", "read_animation", "lookahead", "every_frame"):
            assert getattr(unknown, part) >= getattr(memory, part)
        assert all(demand in unknown.demands for demand in memory.demands)
    assert [*unknown.demands] == sorted(unknown.demands, key=lambda demand: -demand.factor.opaque)


def asked(
    source: str, target: str, *, frames: int = 1, out: int = 0, alpha: bool = False, deep: bool = False, **options: Any
) -> float:
    """Bytes for each pixel of a large picture, without what does not grow with it."""
    area = 40_000_000 // frames
    request = Request(source=source, target=target, options=Options(**options), limits=ROOMY)
    header = Header(source_area=area, target_area=out or area, frames=frames, alpha=alpha, deep=deep)
    return (forecast.forecast(request, header, 0) - forecast.START) / (area * MARGIN)


def test_what_is_opaque_takes_less() -> None:
    assert asked("png", "webp") < 0.6 * asked("png", "webp", alpha=True)


def test_a_small_result_takes_no_more_than_reading_and_steps() -> None:
    assert asked("jpeg", "avif", out=10_000) == pytest.approx(10, abs=0.2)


def test_an_animation_takes_what_its_decoder_and_its_encoder_take_at_once() -> None:
    gif, webp = memory_of("gif").read.alpha, memory_of("webp").lookahead
    assert asked("gif", "webp", alpha=True) == pytest.approx(memory_of("webp").write.alpha, rel=0.01)
    more = asked("gif", "webp", frames=100, alpha=True) - memory_of("webp").every_frame * 99
    assert more == pytest.approx(gif + webp, rel=0.01)
    assert asked("png", "gif", frames=100, alpha=True) == pytest.approx(23 + memory_of("gif").lookahead, rel=0.01)


def test_large_jpeg_xl_is_made_by_pieces_but_at_the_highest_efforts() -> None:
    usual, slow, slowest = (asked("jpeg", "jxl", effort=effort) for effort in (3, 7, 9))
    assert usual < slow < 0.5 * slowest
    assert slowest == memory_of("jxl").writing_with(Options(effort=9)).opaque


def test_slow_speeds_of_avif_and_all_of_its_colour_take_more() -> None:
    usual = asked("jpeg", "avif")
    assert asked("jpeg", "avif", effort=3) == asked("jpeg", "avif", quality=80) == usual
    assert asked("jpeg", "avif", effort=9) == asked("jpeg", "avif", quality=95) > 1.4 * usual
