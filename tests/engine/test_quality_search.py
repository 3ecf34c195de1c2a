"""The best quality for a number of bytes."""

import io

import numpy as np
import pytest
from PIL import Image

from conformance import images
from core.failures import Timeout
from engine.errors import ConversionError
from engine.quality_search import search_quality
from tests.engine.conftest import Converter

SEARCHED = ("jpeg", "webp", "jxl", "jp2", "avif")


class Hours:
    """A clock that gives so many looks before the time is up."""

    def __init__(self, looks: int = 1000, left: float = 1e9) -> None:
        self.looks, self.left = looks, left

    def check(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise ConversionError(Timeout(limit=60))

    def seconds_left(self) -> float:
        return self.left


class Encoder:
    """Makes ten bytes a quality, and notes the qualities."""

    def __init__(self) -> None:
        self.tried: list[float] = []

    def __call__(self, quality: float) -> bytes:
        self.tried.append(quality)
        return bytes(int(10 * quality))


@pytest.mark.parametrize("given", [None, 100, 80, 2, 1])
@pytest.mark.parametrize("limit", [10, 19, 20, 333, 799, 800, 801, 999, 1000, 5000])
def test_the_best_quality_is_found_in_eight_encodings(given: int | None, limit: int) -> None:
    encoder = Encoder()
    data = search_quality(encoder, limit, given, Hours())
    assert len(data) == 10 * min(limit // 10, given or 100)
    assert len(encoder.tried) == len(set(encoder.tried)) <= 8


def test_a_given_quality_that_fits_is_tried_alone() -> None:
    encoder = Encoder()
    assert len(search_quality(encoder, 600, 60, Hours())) == 600
    assert encoder.tried == [60]


def test_nothing_small_enough_tells_the_smallest() -> None:
    with pytest.raises(ConversionError) as failed:
        search_quality(Encoder(), 9, None, Hours())
    assert failed.value.failure.code == "result_too_large"
    assert "10 bytes; max_bytes allows 9." in failed.value.failure.detail


def test_the_time_limit_is_looked_at_before_each_encoding() -> None:
    encoder = Encoder()
    with pytest.raises(ConversionError) as failed:
        search_quality(encoder, 9, None, Hours(looks=3))
    assert failed.value.failure.code == "timeout"
    assert len(encoder.tried) == 3


def test_without_time_for_two_more_the_best_so_far_is_taken() -> None:
    encoder = Encoder()
    assert len(search_quality(encoder, 400, None, Hours(left=-1))) == 250
    assert encoder.tried == [50, 25]


def make_steep(quality: float) -> bytes:
    """A step from 20 to 21 makes a hundred times the bytes."""
    return bytes(int(10 if quality <= 20 else 10 + 1000 * (quality - 20)))


@pytest.mark.parametrize("limit", [100, 500, 1009])
def test_a_steep_step_of_quality_is_halved(limit: int) -> None:
    assert len(search_quality(make_steep, limit, None, Hours())) == 10
    assert 0.7 * limit <= len(search_quality(make_steep, limit, None, Hours(), parts=5)) <= limit


def test_no_part_goes_beyond_a_given_quality() -> None:
    tried = Encoder()
    assert len(search_quality(tried, 5000, 20, Hours(), parts=5)) == 200
    assert tried.tried == [20]


def test_a_step_is_not_halved_without_time() -> None:
    assert len(search_quality(make_steep, 500, None, Hours(left=-1), parts=5)) == 10


@pytest.mark.parametrize("limit", [1200, 4000, 6000])
def test_jpeg_2000_uses_the_bytes_between_two_qualities(run: Converter, limit: int) -> None:
    """Noise has nearly the same distortion at low rates: three neighbours have 260, 2,471 and 8,552 bytes."""
    noise = np.random.default_rng(1).normal(128, 16, (300, 400))
    data = images.encoded(Image.fromarray(noise.astype(np.uint8)).convert("RGB"), "PNG")
    assert 0.7 * limit <= len(run(data, "jp2", max_bytes=limit).data) <= limit


@pytest.mark.parametrize("target", SEARCHED)
def test_a_result_is_small_enough_and_one_quality_more_is_not(run: Converter, target: str) -> None:
    data = images.noisy_jpeg((96, 64))
    sizes = {quality: len(run(data, target, quality=quality).data) for quality in (50, 51, 100)}
    assert sizes[50] <= sizes[51] < sizes[100]
    result = run(data, target, max_bytes=sizes[50])
    assert len(result.data) <= sizes[50]
    assert result.data in {run(data, target, quality=quality).data for quality in range(50, 53)} or target == "avif"
    assert result.image().size == (96, 64)
    assert run(data, target, max_bytes=10_000_000, quality=50).data == run(data, target, quality=50).data


@pytest.mark.parametrize("target", SEARCHED)
def test_bytes_that_no_quality_reaches_are_a_failure(run: Converter, target: str) -> None:
    result = run(images.noisy_jpeg((96, 64)), target, max_bytes=90)
    assert result.failure == "result_too_large"
    assert result.outcome.failure is not None
    assert "max_bytes allows 90" in result.outcome.failure.detail
    assert result.data == b""


@pytest.mark.parametrize("source", ["gif", "png"])
def test_a_film_is_drawn_again_for_each_quality(run: Converter, source: str) -> None:
    frames = [Image.effect_noise((48, 32), 90).convert("RGB") for _ in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, source, save_all=True, append_images=frames[1:], duration=80)
    full = len(run(buffer.getvalue(), "webp", quality=100).data)
    result = run(buffer.getvalue(), "webp", max_bytes=full // 2)
    assert len(result.data) <= full // 2
    assert result.converted.frames == len(result.frames()) == 3
    assert result.times() == [80, 80, 80]
