"""What a WebP animation leaves clear of its canvas: its alpha flag tells of the frames, not of the room beside them."""

import pytest
from PIL import Image

from conformance import images
from engine.containers import riff
from tests.engine.conftest import Converter

CLEAR = (0, 0, 0, 0)


def film(*, ground: tuple[int, int, int, int]) -> bytes:
    """A square that walks; libwebp stores only what is seen of it."""
    frames = []
    for index in range(3):
        frame = Image.new("RGBA", (64, 40), ground)
        frame.paste((*images.RED, 255), (index * 16, 8, index * 16 + 16, 32))
        frames.append(frame)
    return images.encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100, lossless=True)


@pytest.mark.parametrize("target", ["png", "gif", "webp", "tiff"])
def test_what_no_frame_covers_is_clear(run: Converter, target: str) -> None:
    data = film(ground=CLEAR)
    assert not data[20] & 0x10, "the file says itself that it has alpha"
    for index, frame in enumerate(run(data, target).frames()):
        assert frame.getpixel((63, 39)) == CLEAR
        assert frame.getpixel((index * 16 + 4, 12))[3] == 255  # type: ignore[index]


def test_it_is_said_when_it_is_laid_on_a_ground(run: Converter) -> None:
    assert run(film(ground=CLEAR), "jpeg").warnings == ["animation_dropped", "alpha_flattened"]


def test_a_film_for_readers_that_go_by_the_flag(run: Converter) -> None:
    assert run(film(ground=CLEAR), "webp").data[20] & 0x10
    assert not run(film(ground=(*images.BLUE, 255)), "webp").data[20] & 0x10


def test_an_animation_that_covers_its_canvas_is_opaque() -> None:
    assert not riff.has_clear_parts(film(ground=(*images.BLUE, 255)))
    assert not riff.has_clear_parts(images.encoded(images.quarters(), "WEBP"))
    assert riff.has_clear_parts(film(ground=CLEAR))
