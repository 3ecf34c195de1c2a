"""The measure that sizes are compared by."""

import numpy as np
import pytest

from benchmarks.speed.similarity import compute_ssim, find_size, take_luma
from conformance.matrix import pictures


def test_the_same_picture_is_wholly_similar_and_noise_is_less_so() -> None:
    soft = take_luma(pictures.smooth())
    noise = np.random.default_rng(1).normal(0, 1, soft.shape)
    little, much = compute_ssim(soft, soft + 4 * noise), compute_ssim(soft, soft + 40 * noise)
    assert compute_ssim(soft, soft) == pytest.approx(1)
    assert 1 > little > much > 0


def test_a_shift_of_light_costs_less_than_lost_structure() -> None:
    picture = take_luma(pictures.blocks(side=3))
    assert compute_ssim(picture, picture + 5) > compute_ssim(picture, np.full_like(picture, picture.mean()))


def test_luma_is_in_steps_of_8_bits() -> None:
    white = np.full((9, 9, 4), 65_535, np.uint16)
    assert take_luma(white).max() == pytest.approx(255)


def test_a_size_is_found_between_two_known_ones() -> None:
    points = [(0.90, 1000), (0.99, 10_000)]
    between = find_size(0.95, points)
    assert between is not None
    assert 1000 < between < 10_000
    assert find_size(0.99, points) == pytest.approx(10_000)
    assert find_size(0.80, points) is None
