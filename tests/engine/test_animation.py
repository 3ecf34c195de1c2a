"""Frames: how they are composed, how long they are seen, how often they play."""

import io
import itertools
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from PIL import Image

from conformance import images
from conformance.running import apart, near
from engine.animation.timing import Clock
from engine.containers import bmff, gif, png, png_chunks
from tests.engine.conftest import Converter

CLEAR = (0, 0, 0, 0)


def gif_of(*blocks: bytes, size: tuple[int, int] = (2, 1), loop: bytes = b"") -> bytes:
    """A GIF by hand with a palette of red, green, blue, white."""
    palette = bytes((255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255))
    return b"GIF89a" + struct.pack("<HHBBB", *size, 0xF1, 0, 0) + palette + loop + b"".join(blocks) + b";"


def gif_frame(
    index: int, *, at: int = 0, width: int = 1, dispose: int = 0, clear: int | None = None, ticks: int = 10
) -> bytes:
    """A frame of one row in one colour."""
    buffer = io.BytesIO()
    row = Image.new("P", (width, 1), index)
    row.putpalette(bytes(12))
    row.save(buffer, "GIF", optimize=False, interlace=0)
    data = gif.parse_file(buffer.getvalue(), 1).frames[0].data
    # The size of codes in `data` is 8 bits, so any index of the file's own palette is said.
    control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, dispose << 2 | (clear is not None), ticks, clear or 0, 0)
    return control + struct.pack("<BHHHHB", 0x2C, at, 0, width, 1, 0) + data


def row(image: Image.Image) -> list[object]:
    return [image.getpixel((x, 0)) for x in range(image.width)]


def test_apng_blends_over_as_the_specification_says(run: Converter) -> None:
    _, second = run(images.apng_over(opacity=128), "png").frames()
    # Half clear blue over opaque red stays opaque; what is left alone is untouched.
    assert near(second.getpixel((0, 0)), (127, 0, 128, 255), 1)
    assert second.getpixel((1, 0)) == (255, 0, 0, 255)


def test_apng_whose_first_picture_is_no_frame(run: Converter) -> None:
    data = images.apng_over()
    hidden = images.chunk(b"IDAT", zlib.compress(b"\0" + bytes((9, 9, 9, 255)) * 2))
    first_control = data.index(b"fcTL") - 4
    parts = data[:first_control] + hidden + data[first_control:]
    # The frames' own first data has to be fdAT then, and the sequence numbers move.
    at = parts.rindex(b"IDAT") - 4
    length = int.from_bytes(parts[at : at + 4], "big")
    body = parts[at + 8 : at + 8 + length]
    moved = parts[:at] + images.chunk(b"fdAT", struct.pack(">I", 1) + body)
    rest = [chunk for chunk in png_chunks.read_chunks(data) if chunk[0] in {b"fcTL", b"fdAT"}][1:]
    for number, (kind, body_) in enumerate(rest, 2):
        moved += images.chunk(kind, struct.pack(">I", number) + bytes(body_[4:]))
    moved += images.chunk(b"IEND", b"")
    result = run(moved, "webp", lossless=True)
    assert result.converted.frames == 2
    assert near(result.frames()[0].getpixel((0, 0)), (255, 0, 0, 255), 0)


def test_gif_disposal_to_background_leaves_it_clear(run: Converter) -> None:
    data = gif_of(gif_frame(0, width=2), gif_frame(1, at=0, dispose=2), gif_frame(2, at=1))
    frames = run(data, "png").frames()
    assert row(frames[1]) == [(0, 255, 0, 255), (255, 0, 0, 255)]
    assert row(frames[2]) == [CLEAR, (0, 0, 255, 255)]


def test_gif_disposal_to_previous(run: Converter) -> None:
    data = gif_of(gif_frame(0, width=2, dispose=1), gif_frame(1, at=0, dispose=3), gif_frame(2, at=1))
    frames = run(data, "png").frames()
    assert row(frames[1]) == [(0, 255, 0, 255), (255, 0, 0, 255)]
    assert row(frames[2]) == [(255, 0, 0, 255), (0, 0, 255, 255)]


def test_gif_first_frame_smaller_than_the_canvas_leaves_the_rest_clear(run: Converter) -> None:
    assert row(run(gif_of(gif_frame(0, at=1)), "png").frames()[0]) == [CLEAR, (255, 0, 0, 255)]


def test_gif_later_frame_outside_of_the_canvas_is_cut(run: Converter) -> None:
    frames = run(gif_of(gif_frame(0, width=2), gif_frame(1, at=1, width=4)), "png").frames()
    assert row(frames[1]) == [(255, 0, 0, 255), (0, 255, 0, 255)]


def test_a_written_gif_clears_what_becomes_clear(run: Converter) -> None:
    one = Image.new("RGBA", (8, 8), CLEAR)
    one.paste((255, 0, 0, 255), (0, 0, 4, 8))
    two = Image.new("RGBA", (8, 8), CLEAR)
    two.paste((0, 0, 255, 255), (4, 0, 8, 8))
    empty = Image.new("RGBA", (8, 8), CLEAR)
    sources = [one, two, empty, one]
    data = images.encoded(one, "PNG", save_all=True, append_images=sources[1:], duration=100, blend=0)
    result = run(data, "gif")
    assert result.converted.frames == 4
    for seen, wanted in zip(result.frames(), sources, strict=True):
        assert seen.getchannel("A").tobytes() == wanted.getchannel("A").tobytes()
        assert near(seen.getpixel((1, 1)), wanted.getpixel((1, 1)), 255 if wanted.getpixel((1, 1))[3] == 0 else 0)  # type: ignore[index]


LOOPS: dict[str, Callable[[int], bytes]] = {
    "gif": lambda plays: images.animated_gif(None if plays == 1 else max(0, plays - 1)),
    "webp": images.animated_webp,
    "png": images.animated_png,
}


def plays_of(name: str, data: bytes) -> int:
    readers: dict[str, Callable[[], Any]] = {
        "gif": lambda: gif.parse_file(data, 100).loop_count,
        "png": lambda: png.parse_file(data).loop_count,
        "webp": lambda: Image.open(io.BytesIO(data)).info["loop"],
        "avif": lambda: bmff.read_loop_count(data),
    }
    return int(readers[name]())


@pytest.mark.parametrize(
    ("source", "target", "plays"), list(itertools.product(LOOPS, ["gif", "png", "webp", "avif"], [0, 1, 3]))
)
def test_an_animation_plays_as_often_as_before(run: Converter, source: str, target: str, plays: int) -> None:
    data = LOOPS[source](plays)
    assert plays_of(source, data) == plays
    first = run(data, target)
    assert plays_of(target, first.data) == plays
    again = run(first.data, source)
    assert plays_of(source, again.data) == plays


def test_a_gif_without_a_loop_block_plays_once_and_stays_so(run: Converter) -> None:
    data = images.animated_gif(loop=None)
    assert b"NETSCAPE" not in data
    assert b"NETSCAPE" not in run(data, "gif").data


@pytest.mark.parametrize("target", ["gif", "webp", "avif", "png"])
def test_equal_neighbours_lose_no_time(run: Converter, target: str) -> None:
    data = gif_of(*(gif_frame(index, width=2, ticks=ticks) for index, ticks in [(0, 10), (1, 20), (1, 5), (2, 7)]))
    assert sum(run(data, target, **({"lossless": True} if target == "webp" else {})).times()) == 420


@pytest.mark.parametrize("target", ["gif", "webp", "avif", "png"])
def test_times_that_do_not_fit_are_said_and_their_sum_stays(run: Converter, target: str) -> None:
    frames = images.film(4)
    times = [33.3333, 33.3333, 33.3334, 16.0]
    data = images.encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=times)
    result = run(data, target)
    assert result.warnings == ([] if target == "png" else ["timing_rounded"])
    assert abs(sum(result.times()) - 116) <= (5 if target == "gif" else 1)


def test_times_that_fit_are_not_rounded(run: Converter) -> None:
    for target in ("gif", "webp", "avif", "png"):
        assert run(images.animated_gif(), target).warnings == []


def test_a_clock_shows_every_frame_and_keeps_the_sum() -> None:
    clock = Clock(10)
    assert [clock.count_ticks(Fraction(15)) for _ in range(4)] == [2, 1, 2, 1]
    assert clock.rounded
    short = Clock(10)
    assert all(short.count_ticks(Fraction(1)) == 1 for _ in range(5))
    exact = Clock(10)
    assert [exact.count_ticks(Fraction(time)) for time in (0, 40, 0)] == [0, 4, 0]
    assert not exact.rounded


def test_animation_first_keeps_one_frame_without_a_warning(run: Converter) -> None:
    for target in ("gif", "webp", "avif", "png", "tiff"):
        result = run(images.animated_gif(), target, animation="first")
        assert (result.converted.frames, result.warnings) == (1, [])


def test_pages_become_pages_with_their_own_profiles(run: Converter) -> None:
    result = run(images.tiff_pages(3), "tiff", animation="first")
    assert result.converted.frames == 1


def test_an_opaque_animation_stores_what_changed(run: Converter) -> None:
    frames = gif.parse_file(run(images.animated_gif(), "gif").data, 100).frames
    assert [(frame.x, frame.y, frame.width, frame.height) for frame in frames[1:]] == [
        (0, 5, 16, 8), (8, 5, 16, 8), (16, 5, 16, 8),
    ]  # fmt: skip


def test_an_animation_goes_there_and_back_without_loss(run: Converter) -> None:
    there = run(images.animated_gif(), "png")
    back = run(there.data, "gif")
    for one, other in zip(there.frames(), back.frames(), strict=True):
        assert apart(one, other) == 0
