"""The matrix must be able to fail: each kind of check, against an engine that is broken in just that way."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from PIL import Image

from conformance.matrix.cells import Cell, Upload, cells_of
from conformance.matrix.reference import program
from conformance.matrix.sources import stored
from conformance.matrix.subjects import subjects
from engine import conversion, geometry, planning, steps
from engine.animation import timing
from engine.color import profiles as colour
from engine.conversion import Conversion
from engine.image import Frame
from engine.pixels import alpha, modes
from tests.conformance.matrix.conftest import Judge

Break = Callable[[pytest.MonkeyPatch], None]
pytestmark = pytest.mark.skipif(
    any(program(name) is None for name in ("vips", "exiftool", "magick")),
    reason="libvips, ImageMagick and ExifTool are what sees the difference",
)


def cell(subject: str, source: str, target: str) -> Cell:
    (found,) = [one for one in subjects() if one.name == subject]
    data = stored(found, source)
    assert data is not None
    return next(one for one in cells_of(Upload(found, source, data)) if one.target == target)


def without(step: Callable[[Conversion], None]) -> Break:
    left = tuple(one for one in steps.STEPS if one is not step)
    return lambda patch: patch.setattr("engine.pipeline.STEPS", left)


def setting(target: Any, name: str, value: Any) -> Break:
    return lambda patch: patch.setattr(target, name, value)


def instead(step: Callable[[Conversion], None], other: Callable[[Conversion], None]) -> Break:
    changed = tuple(other if one is step else one for one in steps.STEPS)
    return lambda patch: patch.setattr("engine.pipeline.STEPS", changed)


def framewise(change: Callable[[Frame], Frame]) -> Callable[[Conversion], None]:
    def step(job: Conversion) -> None:
        job.frames = map(change, job.frames)

    return step


def black(image: Image.Image, _background: str) -> Image.Image:
    return image.convert("RGB")


def clipped(image: Image.Image) -> Image.Image:
    return image.convert("I").point(lambda value: value * 1).convert("L")


def kept_as_it_is(image: Image.Image, *_: Any) -> Any:
    return colour.Matched(image, "")


def first_only(job: Conversion) -> None:
    steps.choose_frames(job)
    job.frames, job.count = iter([next(job.frames)]), 1


def everything(job: Conversion) -> Any:
    return job.opened.metadata


def sped_up(frame: Frame) -> Frame:
    return replace(frame, duration=frame.duration / 2)


def never_opaque(frame: Frame) -> Frame:
    image = frame.image.convert("RGBA")
    image.putalpha(255)
    return replace(frame, pixels=image)


def eight_bits(frame: Frame) -> Frame:
    image = frame.image
    return replace(frame, pixels=modes.to_eight_bits(image) if image.mode == "I;16" else image)


def twice(frame: Frame) -> Frame:
    return replace(frame, pixels=frame.image.transpose(Image.Transpose.ROTATE_90))


WAYS: dict[str, tuple[str, Cell, Break]] = {
    "orientation is not applied": ("pixels", cell("orientation 3", "jpeg", "png"), without(geometry.orient)),
    "orientation is applied again": ("size", cell("orientation 6", "jpeg", "png"), instead(steps.fit_modes, framewise(twice))),
    "alpha is thrown away": ("alpha", cell("alpha", "png", "png"), instead(steps.flatten_alpha, framewise(never_opaque))),
    "transparency becomes black": ("pixels", cell("alpha", "png", "jpeg"), setting(alpha, "flatten_alpha", black)),
    "hidden colours go on": ("hidden colour", cell("alpha", "png", "tiff"), setting(alpha, "clear_hidden", lambda _: None)),
    "an animation is cut to a frame": ("frames", cell("animation", "gif", "webp"), instead(steps.choose_frames, first_only)),
    "frame times are wrong": ("times", cell("animation", "gif", "webp"), instead(geometry.orient, framewise(sped_up))),
    "16 bits are reduced in silence": ("depth", cell("16-bit grey", "png", "tiff"), instead(geometry.orient, framewise(eight_bits))),
    "16 bits are clipped to white": ("pixels", cell("16-bit grey", "png", "bmp"), setting(modes, "to_eight_bits", clipped)),
    "metadata is left": ("metadata", cell("metadata, stripped", "jpeg", "png"), setting(planning, "_choose_metadata", everything)),
    "colours of a profile are taken as sRGB": ("pixels", cell("Display P3", "png", "png"), setting(colour, "to_srgb", kept_as_it_is)),
    "a loss is not said": ("warnings", cell("alpha", "png", "jpeg"), setting(conversion.Conversion, "warn", lambda *_, **__: None)),
}  # fmt: skip


@pytest.mark.parametrize(("check", "seen", "break_it"), WAYS.values(), ids=WAYS)
def test_a_broken_engine_is_seen(
    judged: Judge, monkeypatch: pytest.MonkeyPatch, check: str, seen: Cell, break_it: Break
) -> None:
    assert judged(seen).findings == []
    break_it(monkeypatch)
    assert check in {finding.check for finding in judged(seen).findings}


def test_a_clock_that_loses_time_is_seen(judged: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing.Clock, "count_ticks", lambda clock, duration: int(Fraction(duration) / clock.step) // 2)
    assert "times" in {finding.check for finding in judged(cell("animation", "png", "gif")).findings}
