"""The start times of an open scenario, drawn before the run so that no slow answer can delay them."""

import random
from collections.abc import Iterator, Sequence

from loadtest.scenarios import Stage


def draw_arrivals(stages: Sequence[Stage], each: float, seed: int) -> Iterator[float]:
    """Yield times in seconds after the start, one whenever the level's integral has grown by `each`.

    Each is drawn evenly within its own slot, so the number is exact, and two can still come close together.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    number, before, base = 0, 0.0, 0.0
    for stage in stages:
        area = (stage.start + stage.end) / 2 * stage.seconds
        while (number + 1) * each <= base + area + 1e-9:
            slot = max(0.0, (number + chance.random()) * each - base)
            yield before + _find_time(stage, slot)
            number += 1
        before, base = before + stage.seconds, base + area


def _find_time(stage: Stage, area: float) -> float:
    """Return when the integral of the stage's level reaches `area`, in seconds after the stage's start."""
    slope = (stage.end - stage.start) / stage.seconds
    if abs(slope) < 1e-9:
        return area / stage.start
    root = max(0.0, stage.start**2 + 2 * slope * area) ** 0.5
    return min(stage.seconds, max(0.0, float(root - stage.start) / slope))
