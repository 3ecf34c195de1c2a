"""Every read format to every write format: a still, one with alpha, an animation; decoded again and compared."""

import itertools
from typing import Any

import pytest
from PIL import Image

from core.formats import FORMATS, Alpha, Format, Frames, find
from tests import images
from tests.engine.conftest import Converter
from tests.engine.running import apart, near

NAMES = [fmt.name for fmt in FORMATS]
LOSSY = {"jpeg", "webp", "avif"}
LOSSLESS_SETTINGS: dict[str, dict[str, Any]] = {
    "WEBP": {"lossless": True},
    "JPEG": {"quality": 95},
    "AVIF": {"quality": 95},
}
ANIMATIONS = {
    "gif": images.animated_gif,
    "webp": images.animated_webp,
    "avif": images.animated_avif,
    "png": images.animated_png,
}
CENTRES = {(12, 8): images.RED, (36, 8): images.GREEN, (36, 24): images.BLUE, (12, 24): images.YELLOW}


def source_of(name: str, image: Image.Image) -> bytes:
    pillow = name.upper()
    return images.encoded(image, pillow, **LOSSLESS_SETTINGS.get(pillow, {}))


@pytest.mark.parametrize(("source", "target"), list(itertools.product(NAMES, NAMES)))
def test_a_still_keeps_its_picture(run: Converter, source: str, target: str) -> None:
    result = run(source_of(source, images.quarters()), target)
    assert result.converted.format == target
    assert (result.converted.width, result.converted.height, result.converted.frames) == (48, 32, 1)
    assert result.warnings == []
    image = result.image()
    assert image.format == target.upper()
    seen = image.convert("RGB")
    assert all(near(seen.getpixel(place), colour, 16) for place, colour in CENTRES.items())
    if not {source, target} & LOSSY:
        assert apart(seen, images.quarters()) == 0


@pytest.mark.parametrize(("source", "target"), list(itertools.product(["png", "webp", "tiff", "avif", "gif"], NAMES)))
def test_alpha_is_kept_or_laid_on_the_background(run: Converter, source: str, target: str) -> None:
    disc = images.soft_disc()
    options = {"background": "#0000ff"} if "background" in found(target).options else {}
    result = run(source_of(source, disc), target, **options)
    flat = found(target).alpha is Alpha.NONE
    assert result.warnings == (["alpha_flattened"] if flat else [])
    seen = result.image().convert("RGBA")
    assert near(seen.getpixel((20, 20)), (255, 0, 0, 255), 10)
    corner = seen.getpixel((0, 0))
    # JPEG smears colour over blocks of 16 pixels.
    assert near(corner, (0, 0, 255, 255), 24 if target == "jpeg" else 0) if flat else near(corner[3:], (0,), 2)  # type: ignore[index]


@pytest.mark.parametrize(("source", "target"), list(itertools.product(ANIMATIONS, NAMES)))
def test_an_animation_keeps_frames_and_times_where_the_target_can(run: Converter, source: str, target: str) -> None:
    options = {"lossless": True} if target == "webp" else {"quality": 95} if target == "avif" else {}
    result = run(ANIMATIONS[source](), target, **options)
    single = found(target).frames is Frames.SINGLE
    assert result.warnings == (["animation_dropped"] if single else [])
    assert result.converted.frames == (1 if single else 4)
    seen = result.frames("RGB")
    assert len(seen) == result.converted.frames
    for index, frame in enumerate(seen):
        for place in range(4):
            colour = images.RED if place == index else images.BLUE
            assert near(frame.getpixel((place * 8 + 4, 9)), colour, 24), (index, place)
    if found(target).frames is Frames.ANIMATION:
        assert result.times() == pytest.approx(images.FILM_TIMES, abs=0.01)


@pytest.mark.parametrize("target", NAMES)
def test_pages_stay_pages_or_the_first_is_taken(run: Converter, target: str) -> None:
    result = run(images.tiff_pages(3), target)
    assert result.outcome.source is not None
    assert result.outcome.source.frames == 3
    if target == "tiff":
        assert [frame.size for frame in result.frames()] == [(30, 20), (40, 20), (50, 20)]
        assert result.warnings == []
    else:
        assert (result.converted.frames, result.warnings) == (1, ["frames_dropped"])


@pytest.mark.parametrize("target", NAMES)
def test_of_an_mpo_the_first_picture_is_taken(run: Converter, target: str) -> None:
    result = run(images.mpo(), target)
    assert (result.converted.frames, result.warnings) == (1, ["frames_dropped"])
    assert near(result.image().convert("RGB").getpixel((12, 8)), images.RED, 16)


def found(name: str) -> Format:
    fmt = find(name)
    assert fmt is not None
    return fmt
