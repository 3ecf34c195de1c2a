"""How large a picture a format holds: at the limit it can be read back, beyond it the job says so."""

import pytest
from PIL import Image

from conformance import images
from conformance.running import near
from core.formats import TARGETS
from tests.engine.conftest import Converter

SIDES = {
    "jpeg": 65_500, "webp": 16_383, "avif": 32_768, "heic": 16_384, "pcx": 65_534, "pdf": 65_500, "jxl": 1 << 30,
}  # fmt: skip
"""Of a format that is not named, 65,535."""

LIMITS = {fmt.name: SIDES.get(fmt.name, 65_535) for fmt in TARGETS if not fmt.shrinks}


def strip(size: tuple[int, int]) -> bytes:
    """A picture of one colour; PPM holds any."""
    return images.encoded(Image.new("RGB", size, images.GREEN), "PPM")


@pytest.mark.parametrize("target", LIMITS)
def test_the_limit_is_told(target: str) -> None:
    (fmt,) = (fmt for fmt in TARGETS if fmt.name == target)
    assert fmt.max_side == LIMITS[target]


@pytest.mark.parametrize("tall", [False, True])
@pytest.mark.parametrize("target", LIMITS)
def test_at_the_limit_it_can_be_read_back(run: Converter, target: str, tall: bool) -> None:
    side = min(LIMITS[target], 65_535)
    size = (2, side) if tall else (side, 2)
    result = run(strip(size), target)
    assert (result.converted.width, result.converted.height) == size
    if target != "pdf":
        seen = run(result.data, "bmp").image().convert("RGB")
        assert seen.size == size
        assert near(seen.getpixel((size[0] - 1, size[1] - 1)), images.GREEN, 8)


@pytest.mark.parametrize("target", [name for name, side in LIMITS.items() if side <= 65_535])
def test_beyond_it_the_job_says_so_and_what_to_do(run: Converter, target: str) -> None:
    long = strip((LIMITS[target] + 1, 2))
    result = run(long, target)
    assert result.failure == "dimension_limit"
    assert result.outcome.failure is not None
    assert f"{LIMITS[target]:,}" in result.outcome.failure.detail
    assert "smaller width or height" in result.outcome.failure.detail
    assert run(long, target, width=LIMITS[target]).converted.width == LIMITS[target]


def test_what_is_bound_to_run_out_of_time_is_told_before_it_is_tried(run: Converter) -> None:
    """One pixel, made as large as a job may have it, at the slowest effort."""
    dot = images.encoded(Image.new("RGB", (1, 1), images.GREEN), "PNG")
    large = {"width": 7000, "height": 7000, "enlarge": True}
    result = run(dot, "avif", limits={"seconds": 60.0}, effort=9, **large)
    assert result.failure == "timeout"
    assert result.outcome.failure is not None
    said = result.outcome.failure.detail
    assert "would take about 458 seconds of processor time; a job may take 60." in said
    assert "give effort 4 or less" in said


def test_what_may_have_time_is_tried(run: Converter) -> None:
    dot = images.encoded(Image.new("RGB", (1, 1), images.GREEN), "PNG")
    assert (
        run(dot, "avif", limits={"seconds": 5.0}, effort=9, width=1000, height=1000, enlarge=True).converted.width
        == 1000
    )
