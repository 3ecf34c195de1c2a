"""WebP films: at the documented effort, and as small as libwebp can make what is drawn."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from conformance import images
from core.options import Options
from engine.codecs import webp
from tests.engine.conftest import Converter

Frames = list[Image.Image]


def typed() -> Frames:
    """Text that grows, as on a screen, with a noisy picture beside it."""
    rng = np.random.default_rng(2)
    noise = Image.fromarray(rng.choice(np.array([30, 90, 200], np.uint8), (40, 60)))
    frames = []
    for count in range(1, 9):
        frame = Image.new("RGB", (200, 80), (20, 20, 40))
        frame.paste(noise, (130, 30))
        ImageDraw.Draw(frame).text((5, 5), "a screen with text"[: 2 * count], fill=(220, 220, 220))
        frames.append(frame.convert("RGBA"))
    return frames


def grainy() -> Frames:
    rng = np.random.default_rng(3)
    return [
        Image.fromarray(rng.integers(0, 255, (60, 80, 4), np.uint8) | np.array([0, 0, 0, 255], np.uint8))
        for _ in range(4)
    ]


def as_png(frames: Frames) -> bytes:
    return images.encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=80, blend=0)


def by_pillow(frames: Frames, **settings: object) -> int:
    return len(images.encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=80, **settings))


@pytest.mark.parametrize("frames", [typed(), grainy()], ids=["drawn", "grainy"])
def test_without_effort_it_is_the_documented_one(run: Converter, frames: Frames) -> None:
    source = as_png(frames)
    assert run(source, "webp").data == run(source, "webp", effort=6).data
    assert run(source, "webp").data != run(source, "webp", effort=0).data


@pytest.mark.parametrize("lossless", [False, True])
def test_what_is_drawn_is_searched_for_its_smallest(run: Converter, *, lossless: bool) -> None:
    size = len(run(as_png(typed()), "webp", **({"lossless": True} if lossless else {})).data)
    assert size <= by_pillow(typed(), method=4, lossless=True)
    if not lossless:
        assert size < 0.5 * by_pillow(typed(), method=4)


def test_without_loss_nothing_is_lost(run: Converter) -> None:
    for frames in (typed(), grainy()):
        for seen, wanted in zip(run(as_png(frames), "webp", lossless=True).frames(), frames, strict=True):
            assert np.array_equal(np.asarray(seen), np.asarray(wanted))


def test_grain_is_stored_with_loss(run: Converter) -> None:
    assert len(run(as_png(grainy()), "webp").data) == by_pillow([frame.convert("RGB") for frame in grainy()], method=4)


def test_only_what_is_drawn_is_searched() -> None:
    assert webp._choose_search(grainy()[0], Options()) == {}
    assert webp._choose_search(typed()[0], Options())["allow_mixed"]
    assert not webp._choose_search(typed()[0], Options(lossless=True))["allow_mixed"]


def dotted() -> Frames:
    """A photograph with something that moves over it, as a GIF of 256 colours a frame stores it."""
    rng = np.random.default_rng(3)
    back = Image.fromarray(rng.integers(0, 256, (90, 120, 3), np.uint8)).resize((240, 180), Image.Resampling.BICUBIC)
    frames = []
    for count in range(6):
        frame = back.copy()
        frame.paste(Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8)), (30 * count, 40))
        frames.append(frame.quantize(256).convert("RGBA"))
    return frames


def test_few_colours_without_loss_are_searched_for_their_smallest(run: Converter) -> None:
    result = run(as_png(dotted()), "webp", lossless=True)
    assert len(result.data) < 0.97 * by_pillow(dotted(), method=4, lossless=True)
    for seen, wanted in zip(result.frames(), dotted(), strict=True):
        assert np.array_equal(np.asarray(seen), np.asarray(wanted))
    assert webp._choose_search(dotted()[0], Options()) == {}
