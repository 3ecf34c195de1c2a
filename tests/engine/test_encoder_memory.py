"""Encoders without enough memory: an effort that fits is chosen before, or memory_limit says what to change."""

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.bench.memory import photograph
from conformance import images
from conformance.running import LIMITS, memory_files
from core.options import Options
from engine.capabilities import advise_cheaper, bound_effort
from engine.errors import encoding
from engine.request import Header, Limits, Outcome, Request
from tests.engine.conftest import Converter
from worker.sandbox.memory_forecast import forecast
from worker.sandbox.supervisor import Handle, Sandbox

MB = 1 << 20
GRAIN = images.encoded(photograph("RGB", (1000, 1000)), "PNG")
SMALL = images.encoded(photograph("RGB", (300, 300)), "PNG")
HALF = Header(source_area=490_000, target_area=490_000, frames=1, alpha=False)
WHOLE = Header(source_area=50_000_000, target_area=50_000_000, frames=1, alpha=False)


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """One sandbox for all."""
    box = Sandbox()
    box.prepare(jobs=1, budget=400 * MB)
    yield box
    box.close()


def request(target: str, memory: int, **options: Any) -> Request:
    limits: dict[str, Any] = {**LIMITS, "memory_bytes": memory * MB, "seconds": 600.0}
    return Request(source="png", target=target, options=Options(**options), limits=Limits(**limits))


def converted(sandbox: Sandbox, given: Request) -> Outcome:
    with memory_files(GRAIN) as (upload, result):
        return sandbox.run(given, upload, result, Handle())


@pytest.mark.parametrize(
    ("target", "options", "advice"),
    [
        ("jxl", {"effort": 8}, "lower effort"), ("jxl", {"effort": 9, "lossless": True}, "lower effort"),
        ("avif", {"effort": 9}, "lower effort"), ("avif", {"quality": 95}, "lower quality"),
        ("heic", {"quality": 95}, "lower quality"), ("webp", {"lossless": True}, "lossless out"), ("jp2", {}, "."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("memory", [4, 40])
def test_a_lack_of_memory_is_said(
    shared: Sandbox, target: str, options: dict[str, Any], advice: str, memory: int
) -> None:
    failure = converted(shared, request(target, memory, **options)).failure
    assert failure is not None or memory > 4
    if failure is not None:
        assert failure.code.value == "memory_limit"
        assert advice in failure.detail


@pytest.mark.parametrize(
    ("memory", "lossless", "effort"), [(1000, False, 9), (80, False, 7), (60, False, 4), (80, True, 9), (60, True, 4)]
)
def test_the_effort_is_what_the_memory_holds(run: Converter, memory: int, lossless: bool, effort: int) -> None:
    bounded = run(SMALL, "jxl", effort=9, lossless=lossless, limits={"memory_bytes": memory * MB})
    assert bounded.warnings == []
    assert bounded.data == run(SMALL, "jxl", effort=effort, lossless=lossless).data


@pytest.mark.parametrize(("asked", "given"), [(9, 4), (8, 4), (7, 4), (5, 4), (4, 4), (3, 3), (None, None)])
def test_the_effort_of_the_largest_picture(asked: int | None, given: int | None) -> None:
    bounded = bound_effort("jxl", Options(effort=asked), WHOLE, request("jxl", 1024).limits)
    assert bounded.effort == given
    assert forecast(request("jxl", 1024, effort=asked), WHOLE, 0) == forecast(
        request("jxl", 1024, effort=given), WHOLE, 0
    )


@pytest.mark.parametrize("target", ["avif", "webp", "heic", "png", "jp2"])
def test_other_encoders_keep_the_effort(target: str) -> None:
    assert bound_effort(target, Options(effort=9), WHOLE, request(target, 64).limits).effort == 9


def test_the_forecast_follows_the_effort() -> None:
    low, high = (forecast(request("jxl", memory, effort=9), HALF, 0) for memory in (150, 1000))
    assert low < 150 * MB < high


@pytest.mark.parametrize(
    ("target", "options", "advice"),
    [
        ("avif", {"effort": 9, "quality": 95}, ", or give a lower effort and give a lower quality"),
        ("jpeg", {"progressive": True}, ", or leave progressive out"),
        ("png", {"effort": 9}, ""),
        ("gif", {}, ""),
    ],
)
def test_advice(target: str, options: dict[str, Any], advice: str) -> None:
    assert advise_cheaper(target, Options(**options)) == advice


def test_a_defect_with_memory_to_spare_stays_one() -> None:
    with pytest.raises(ValueError, match="a defect"), encoding(needs=MB):
        raise ValueError("a defect")
    with pytest.raises(MemoryError), encoding(needs=1 << 60):
        raise RuntimeError("no reason given")
