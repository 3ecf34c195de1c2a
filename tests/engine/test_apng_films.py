"""APNG films: exact, with a palette while their colours fit, by differences that replace or cover what is below."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from conformance import images
from engine.containers import png, png_chunks
from engine.containers.disposal import Disposal
from tests.engine.conftest import Converter
from tests.engine.test_gif_films import FILMS, SIZE, Frames, as_png, canvas, growing, speckled

SOFT = (10, 200, 30, 90)


def soft() -> Frames:
    """Half clear pixels come over opaque ones, go, and come alone."""
    one, two = canvas(((2, 2, 20, 20), (9, 9, 200, 255))), canvas(((8, 8, 28, 22), SOFT))
    both = one.copy()
    both.paste(SOFT, (8, 8, 28, 22))
    return [one, both, two, canvas(), one]


def many() -> Frames:
    """More colours than a palette holds, from the third frame on."""
    return [speckled(100, 1), speckled(100, 2), *(speckled(250, seed) for seed in (3, 4))]


def busy() -> Frames:
    """A rich picture of which two far corners change."""
    rng = np.random.default_rng(5)
    whole = Image.fromarray(rng.integers(0, 255, (90, 120, 3), dtype=np.uint8)).convert("RGBA")
    frames = [whole]
    for step in range(3):
        frame = whole.copy()
        frame.paste((step, 0, 0, 255), (2, 2, 6, 6))
        frame.paste((0, step, 0, 255), (110, 80, 116, 86))
        frames.append(frame)
    return frames


ALL: dict[str, Callable[[], Frames]] = FILMS | {
    "soft": soft,
    "many": many,
    "busy": busy,
    "two": lambda: [canvas(), *growing()],
}


@pytest.mark.parametrize("name", ALL)
def test_a_film_stays_the_same(run: Converter, name: str) -> None:
    frames = ALL[name]()
    result = run(as_png(frames), "png")
    assert result.warnings == []
    assert result.converted.frames == len(frames)
    for seen, wanted in zip(result.frames(), frames, strict=True):
        assert np.array_equal(np.asarray(seen), np.asarray(wanted))
    back = run(result.data, "tiff").frames()
    assert all(np.array_equal(np.asarray(seen), np.asarray(wanted)) for seen, wanted in zip(back, frames, strict=True))


@pytest.mark.parametrize(("name", "color_type"), [
    ("opaque", 3), ("clear", 3), ("growing", 3), ("flashing", 3), ("full table", 3), ("soft", 3),
    ("recoloured", 2), ("many", 2), ("busy", 6),
])  # fmt: skip
def test_a_palette_while_the_colours_fit(run: Converter, name: str, color_type: int) -> None:
    """With eight bits an index: FFmpeg misplaces regions of fewer."""
    frames = [frame.convert("RGB") for frame in ALL[name]()] if color_type != 3 else ALL[name]()
    parts = png.parse_file(run(as_png(frames), "png").data)
    assert (parts.color_type, parts.depth) == (color_type, 8)


@pytest.mark.parametrize("colours", [None, 200])
def test_what_does_not_change_is_clear_where_that_is_smaller(run: Converter, colours: int | None) -> None:
    frames = busy()
    if colours:
        frames = [
            frame.convert("RGB")
            .quantize(colours, palette=frames[0].convert("RGB").quantize(colours), dither=Image.Dither.NONE)
            .convert("RGBA")
            for frame in frames
        ]
    data = run(as_png(frames), "png").data
    first, *later = png.parse_file(data).frames
    assert png.parse_file(data).color_type == (3 if colours else 6)
    assert not first[0].over
    assert all(control.over for control, _ in later)
    assert sum(len(part) for _, parts in later for part in parts) < 3000


def test_a_flash_over_a_rich_picture_costs_nothing(run: Converter) -> None:
    parts = png.parse_file(run(as_png(FILMS["flashing"]()), "png").data)
    assert parts.frames[1][0].disposal is Disposal.RESTORE
    assert (parts.frames[2][0].width, parts.frames[2][0].height) == (1, 1)


def test_the_first_frame_is_whole(run: Converter) -> None:
    control, _ = png.parse_file(run(as_png(growing()), "png").data).frames[0]
    assert (control.width, control.height, control.x, control.y) == (*SIZE, 0, 0)


def test_more_effort_makes_it_no_larger(run: Converter) -> None:
    sizes = [len(run(as_png(growing()), "png", effort=effort).data) for effort in (0, 1, 9)]
    assert all(one >= other for one, other in pairwise(sizes))
    assert sizes[0] > sizes[2]


def test_resolution_and_metadata_stand_before_the_pixels(run: Converter) -> None:
    source = as_png(growing(), exif=images.exif(1).tobytes(), dpi=(72, 72))
    result = run(source, "png", metadata="keep", dpi=144)
    kinds = [kind for kind, _ in png_chunks.read_chunks(result.data)]
    assert kinds.index(b"pHYs") < kinds.index(b"IDAT")
    assert b"eXIf" in kinds
    assert kinds.count(b"IDAT") == 1
    assert round(result.image().info["dpi"][0]) == 144


def test_blending_over_becomes_a_gif_and_is_said(run: Converter) -> None:
    """Half clear over opaque is opaque; half clear over nothing is not."""
    result = run(images.apng_over(opacity=128), "gif")
    assert result.warnings == []
    assert result.frames()[1].getpixel((0, 0)) in {(127, 0, 128, 255), (128, 0, 127, 255), (128, 0, 128, 255)}
    assert "alpha_reduced" in run(as_png([canvas(), canvas(((0, 0, 9, 9), SOFT))], blend=1), "gif").warnings
    assert run(as_png([canvas(), canvas(((0, 0, 9, 9), SOFT))], blend=1), "jpeg").warnings == [
        "animation_dropped", "alpha_flattened",
    ]  # fmt: skip
