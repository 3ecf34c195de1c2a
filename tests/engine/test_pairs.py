"""Every read format to every write format: a still, one with alpha, an animation; decoded again and compared."""

import itertools
from typing import Any

import pytest
from PIL import Image

from conformance import images
from conformance.running import Result, apart, near
from core.formats import READABLE, TARGETS, Alpha, Format, Frames, find
from engine.codecs.registry import all_codecs
from tests.engine.conftest import Converter

SOURCES = [fmt.name for fmt in READABLE if fmt.writes]
NAMES = [fmt.name for fmt in TARGETS if fmt.reads]
"""PDF, which is only written, and PSD, which is only read, have tests of their own."""
PILLOWS = {name: codec.encoder.pillow for name, codec in all_codecs().items() if codec.encoder is not None}
LOSSY = {"jpeg", "webp", "avif", "heic", "jxl"}
LOSSLESS_SETTINGS: dict[str, dict[str, Any]] = {
    "WEBP": {"lossless": True},
    "JPEG": {"quality": 95},
    "AVIF": {"quality": 95},
    "HEIF": {"quality": 95},
}
ANIMATIONS = {
    "gif": images.animated_gif,
    "webp": images.animated_webp,
    "avif": images.animated_avif,
    "png": images.animated_png,
}
WITH_ALPHA = ["png", "webp", "tiff", "avif", "gif", "heic", "jxl", "jp2", "dds", "qoi", "sgi", "tga"]
FILM_SIZE = images.film()[0].size
SIDE = 64
"""A size that icons have too."""
CENTRES = {(16, 16): images.RED, (48, 16): images.GREEN, (48, 48): images.BLUE, (16, 48): images.YELLOW}


def source_of(name: str, image: Image.Image) -> bytes:
    pillow = PILLOWS[name]
    sizes = {"sizes": [image.size]} if name == "ico" else {}
    return images.encoded(image, pillow, **LOSSLESS_SETTINGS.get(pillow, {}), **sizes)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(SOURCES, NAMES)))
def test_a_still_keeps_its_picture(run: Converter, source: str, target: str) -> None:
    picture = images.quarters((SIDE, SIDE))
    result = run(square(picture) if source == "icns" else source_of(source, picture), target)
    assert result.converted.format == target
    assert (result.converted.width, result.converted.height, result.converted.frames) == (SIDE, SIDE, 1)
    assert result.warnings == []
    image = result.image()
    assert image.format == PILLOWS[target]
    seen = image.convert("RGB")
    assert all(near(seen.getpixel(place), colour, 16) for place, colour in CENTRES.items())
    if not {source, target} & LOSSY:
        assert apart(seen, picture) == 0


@pytest.mark.parametrize(("source", "target"), list(itertools.product(WITH_ALPHA, NAMES)))
def test_alpha_is_kept_or_laid_on_the_background(run: Converter, source: str, target: str) -> None:
    disc = images.soft_disc()
    options = {"background": "#0000ff"} if "background" in found(target).options else {}
    result = run(source_of(source, disc), target, **options)
    flat = found(target).alpha is Alpha.NONE
    assert warnings_of(result) == (
        ["alpha_flattened"]
        if flat
        else ["alpha_reduced"]
        if found(target).alpha is Alpha.BINARY and source != "gif"
        else []
    )
    seen = restored(result.image(), disc.size).convert("RGBA")
    assert near(seen.getpixel((20, 20)), (255, 0, 0, 255), 10)
    corner = seen.getpixel((0, 0))
    # JPEG smears colour over blocks of 16 pixels.
    assert near(corner, (0, 0, 255, 255), 24 if target == "jpeg" else 0) if flat else near(corner[3:], (0,), 2)  # type: ignore[index]


@pytest.mark.parametrize(("source", "target"), list(itertools.product(ANIMATIONS, NAMES)))
def test_an_animation_keeps_frames_and_times_where_the_target_can(run: Converter, source: str, target: str) -> None:
    options = {"lossless": True} if target == "webp" else {"quality": 95} if target == "avif" else {}
    result = run(ANIMATIONS[source](), target, **options)
    single = found(target).frames is Frames.SINGLE
    assert warnings_of(result) == (["animation_dropped"] if single else [])
    assert result.converted.frames == (1 if single else 4)
    seen = [restored(frame, FILM_SIZE) for frame in result.frames("RGB")]
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
        assert (result.converted.frames, warnings_of(result)) == (1, ["frames_dropped"])


@pytest.mark.parametrize("target", NAMES)
def test_of_an_mpo_the_first_picture_is_taken(run: Converter, target: str) -> None:
    result = run(images.mpo(), target)
    assert (result.converted.frames, warnings_of(result)) == (1, ["frames_dropped"])
    assert near(restored(result.image()).convert("RGB").getpixel((12, 8)), images.RED, 16)


def warnings_of(result: Result) -> list[str]:
    """All but that an icon has a smaller picture, which most of these sizes get."""
    icon = found(result.converted.format).shrinks
    return [code for code in result.warnings if not (icon and code == "resized_to_limit")]


def square(image: Image.Image) -> bytes:
    """An ICNS of 64 x 64 pixels."""
    png = images.encoded(image, "PNG")
    return b"icns" + (len(png) + 16).to_bytes(4, "big") + b"icp6" + (len(png) + 8).to_bytes(4, "big") + png


def restored(image: Image.Image, size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A picture of that size as it went in: out of the square of an icon, which may have made it smaller."""
    if image.size == size:
        return image
    scale = min(1, image.width / max(size))
    width, height = round(size[0] * scale), round(size[1] * scale)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.resize(size, Image.Resampling.NEAREST, (left, top, left + width, top + height))


def found(name: str) -> Format:
    fmt = find(name)
    assert fmt is not None
    return fmt
