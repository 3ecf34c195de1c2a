"""GIFs whose frames or canvas have no size that makes sense."""

import numpy as np
import pytest

from engine.containers import gif
from tests.engine.conftest import Converter

PACKED = {True: b"\2\2\x4c\1\0", False: b"\2\2\x44\1\0"}
"""One pixel, of the second color or the first."""

COLORS = bytes((255, 0, 0, 0, 0, 255))


def frame(
    ticks: int, *, size: tuple[int, int] = (1, 1), corner: tuple[int, int] = (0, 0), second: bool = False
) -> bytes:
    return (
        gif.Control(ticks).to_bytes()
        + gif.GifFrame(*corner, *size, False, b"", gif.Control(), PACKED[second]).to_bytes()
    )


def film(*frames: bytes, canvas: tuple[int, int] = (1, 1)) -> bytes:
    return gif.pack_screen(*canvas, COLORS) + b"".join(frames) + b";"


@pytest.mark.parametrize("size", [(0, 0), (0, 1), (1, 0)])
def test_a_frame_without_size_is_left_out_and_its_time_kept(run: Converter, size: tuple[int, int]) -> None:
    nothing = frame(30, size=size)
    result = run(film(nothing, frame(20), nothing, nothing, frame(40, second=True)), "webp")
    assert result.warnings == ["image_damaged"]
    assert "without size" in result.outcome.warnings[0].detail
    first, second = result.frames()
    assert (first.info["duration"], second.info["duration"]) == (800, 400)


def test_of_frames_without_size_and_a_missing_end_both_are_said(run: Converter) -> None:
    (warning,) = run(film(frame(20), frame(30, size=(0, 0)))[:-1], "png").outcome.warnings
    assert gif.NO_SIZE in warning.detail
    assert gif.ENDLESS in warning.detail


def test_frames_without_size_alone_are_no_picture(run: Converter) -> None:
    assert run(film(frame(20, size=(0, 0))), "png").failure == "corrupt_image"


@pytest.mark.parametrize("canvas", [(0, 0), (1, 1), (3, 0), (2, 2)])
def test_a_canvas_grows_to_hold_the_first_frame(run: Converter, canvas: tuple[int, int]) -> None:
    seen = run(film(frame(0, corner=(2, 1)), canvas=canvas), "png").image().convert("RGBA")
    assert seen.size == (3, 2)
    assert np.argwhere(np.asarray(seen)[:, :, 3]).tolist() == [[1, 2]]
    assert seen.getpixel((2, 1)) == (255, 0, 0, 255)


def test_a_canvas_does_not_grow_for_a_later_frame(run: Converter) -> None:
    later = frame(20, corner=(2, 1), second=True)
    assert run(film(frame(20), later, canvas=(2, 1)), "png").image().size == (2, 1)
