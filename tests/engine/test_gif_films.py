"""GIF films: stored by differences, exact while the colours fit, and never slower than asked."""

import random
import struct
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PIL import Image

from conformance import images
from engine.containers import gif
from engine.containers.disposal import Disposal
from tests.engine.conftest import Converter

SIZE = (32, 24)
CLEAR = (0, 0, 0, 0)
Frames = list[Image.Image]


def canvas(*boxes: tuple[tuple[int, int, int, int], tuple[int, ...]], ground: tuple[int, ...] = CLEAR) -> Image.Image:
    image = Image.new("RGBA", SIZE, ground)
    for box, colour in boxes:
        image.paste(colour, box)
    return image


def speckled(colours: int, seed: int) -> Image.Image:
    """So many colours, all of them seen, at random places."""
    rng = random.Random(seed)  # noqa: S311 - pixels, no secrets
    numbers = [*range(colours), *(rng.randrange(colours) for _ in range(SIZE[0] * SIZE[1] - colours))]
    rng.shuffle(numbers)
    image = Image.new("RGBA", SIZE)
    image.putdata([(number % 256, seed % 256, number // 256, 255) for number in numbers])
    return image


def moving(ground: tuple[int, ...]) -> Frames:
    return [canvas(((x, 4, x + 9, 16), (250, 120, 40, 255)), ground=ground) for x in range(0, 20, 3)]


def growing() -> Frames:
    """Clear at the edges, and no pixel becomes clear again."""
    return [canvas(((12 - n, 8 - n, 16 + n, 12 + n), (40 * n, 90, 200, 255))) for n in range(1, 6)]


def flashing() -> Frames:
    one, two = speckled(200, 1), canvas(ground=(255, 255, 255, 255))
    return [one, two, one, two, one]


def scrolling() -> Frames:
    """A full table, of which each change leaves some colours free for what is transparent."""
    whole = speckled(256, 2)
    frames = [whole]
    for step in range(1, 4):
        frame = whole.copy()
        frame.paste(whole.crop((0, 0, 20, 10)), (step, step))
        frames.append(frame)
    return frames


def recoloured() -> Frames:
    """Each frame has few colours, the film has many."""
    return [speckled(150, seed) for seed in range(1, 5)]


def blinking() -> Frames:
    return [*growing()[:2], canvas(), *growing()[1:3], canvas()]


def four_coloured() -> Frames:
    """As many colours as a table has entries, beside what is clear."""
    whole = speckled(4, 3)
    whole.paste(CLEAR, (0, 0, 5, 5))
    return [whole, whole.transpose(Image.Transpose.FLIP_TOP_BOTTOM)]


FILMS: dict[str, Callable[[], Frames]] = {
    "opaque": lambda: moving((30, 60, 90, 255)), "clear": lambda: moving(CLEAR), "growing": growing,
    "flashing": flashing, "full table": scrolling, "recoloured": recoloured, "blinking": blinking,
    "four colours": four_coloured,
}  # fmt: skip


def as_png(frames: Sequence[Image.Image], **settings: object) -> bytes:
    settings = {"duration": 80, "blend": 0, **settings}
    return images.encoded(frames[0], "PNG", save_all=True, append_images=list(frames[1:]), **settings)


def as_gif(frames: Sequence[Image.Image], disposal: int = 1) -> bytes:
    return images.encoded(
        frames[0], "GIF", save_all=True, append_images=list(frames[1:]), duration=80, disposal=disposal
    )


def tables_of(data: bytes) -> tuple[int, int]:
    """The entries of the shared table, and how many frames have one of their own."""
    packed = data[10]
    shared = 2 << (packed & 7) if packed & 0x80 else 0
    own = sum(frame.palette != data[13 : 13 + 3 * shared] for frame in gif.parse_file(data, 100).frames)
    return shared, own


@pytest.mark.parametrize("name", FILMS)
def test_a_film_whose_colours_fit_stays_the_same(run: Converter, name: str) -> None:
    frames = FILMS[name]()
    result = run(as_png(frames), "gif")
    assert result.warnings == []
    assert result.converted.frames == len(frames)
    for seen, wanted in zip(result.frames(), frames, strict=True):
        assert np.array_equal(np.where(np.asarray(seen)[..., 3:] == 0, 0, np.asarray(seen)), np.asarray(wanted))


@pytest.mark.parametrize(("name", "shared", "own"), [
    ("opaque", 2, 0), ("clear", 2, 0), ("growing", 8, 0), ("flashing", 256, 0), ("full table", 256, 0), ("recoloured", 256, 3),
])  # fmt: skip
def test_one_table_while_the_colours_of_the_film_fit(run: Converter, name: str, shared: int, own: int) -> None:
    assert tables_of(run(as_png(FILMS[name]()), "gif").data) == (shared, own)


@pytest.mark.parametrize("name", FILMS)
def test_a_transparent_index_is_in_its_table(run: Converter, name: str) -> None:
    for frame in gif.parse_file(run(as_png(FILMS[name]()), "gif").data, 100).frames:
        assert 3 * (frame.control.transparent or 0) < len(frame.palette)


def test_clear_parts_are_drawn_once_where_nothing_becomes_clear_again(run: Converter) -> None:
    frames = gif.parse_file(run(as_png(growing()), "gif").data, 100).frames
    assert {frame.control.disposal for frame in frames} == {Disposal.KEEP}
    assert (frames[0].width, frames[0].height) == (6, 6)


def test_what_becomes_clear_is_cleared_by_the_frame_before(run: Converter) -> None:
    disposals = [frame.control.disposal for frame in gif.parse_file(run(as_png(blinking()), "gif").data, 100).frames]
    assert Disposal.CLEAR in disposals
    assert disposals[0] is Disposal.KEEP


def test_a_flash_over_a_rich_picture_costs_nothing(run: Converter) -> None:
    frames = gif.parse_file(run(as_png(flashing()), "gif").data, 100).frames
    assert frames[1].control.disposal is Disposal.RESTORE
    assert len(frames[2].data) < 20


def with_unused_transparency(data: bytes) -> bytes:
    """A film with another size of table, so that each frame has a transparent index that no pixel has."""
    parts = gif.parse_file(data, 100)
    blocks = b""
    for frame in parts.frames:
        control = gif.Control(frame.control.ticks, 255, frame.control.disposal)
        palette = frame.palette.ljust(768, b"\0")
        blocks += control.to_bytes() + gif.GifFrame(
            frame.x, frame.y, frame.width, frame.height, frame.interlaced, palette, control, frame.data
        ).to_bytes()  # fmt: skip
    return gif.pack_screen(parts.width, parts.height) + gif.pack_loop(0) + blocks + b";"


def test_a_flag_of_transparency_that_no_pixel_uses(run: Converter) -> None:
    source = with_unused_transparency(images.animated_gif())
    frames = gif.parse_file(run(source, "gif").data, 100).frames
    assert [(frame.width, frame.height) for frame in frames[1:]] == [(16, 8)] * 3
    assert run(source, "avif").image().mode == "RGB"


def test_one_that_a_pixel_uses_later_shows_what_is_below(run: Converter) -> None:
    whole = with_unused_transparency(as_gif(moving((30, 60, 90, 255))))
    assert run(whole, "avif").image().mode == "RGB"
    cleared = with_unused_transparency(as_gif(blinking(), disposal=2))
    assert run(cleared, "avif").image().mode == "RGBA"


def test_a_gif_does_not_grow(run: Converter) -> None:
    """One of many frames, and once more of its own result."""
    rng = random.Random(4)  # noqa: S311 - pixels, no secrets
    frames = [speckled(60, 9)]
    for _ in range(40):
        frame = frames[-1].copy()
        x, y = rng.randrange(22), rng.randrange(14)
        frame.paste((rng.randrange(60), 9, 0, 255), (x, y, x + 9, y + 9))
        frames.append(frame)
    first = run(as_png(frames), "gif").data
    assert len(run(first, "gif").data) <= len(first)
    pillow = images.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80)
    assert len(run(pillow, "gif").data) < len(pillow)


def test_a_long_film_has_its_table_at_the_start(run: Converter) -> None:
    whole = speckled(256, 5).resize((160, 120), Image.Resampling.NEAREST)
    frames = [whole, whole.rotate(180), whole.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    frames += [Image.effect_noise((160, 120), 90).convert("RGBA") for _ in range(5)]
    result = run(as_png(frames), "gif")
    assert len(result.data) > 1 << 16
    for seen, wanted in zip(result.frames(), frames, strict=True):
        assert np.abs(np.asarray(seen).astype(int) - np.asarray(wanted)).mean() < 12


def film_of(name: str, times: Sequence[float], frames: Frames | None = None) -> bytes:
    """A film by Pillow, each frame with another picture."""
    frames = frames or [
        canvas(((n % 30, 3, n % 30 + 2, 9), (n * 3, 9, 9, 255)), ground=(0, 80, 0, 255)) for n in range(len(times))
    ]
    known: dict[str, dict[str, int]] = {"WEBP": {"lossless": True}, "PNG": {"blend": 0}}
    settings = known.get(name, {})
    return images.encoded(frames[0], name, save_all=True, append_images=frames[1:], duration=list(times), **settings)


@pytest.mark.parametrize(("name", "times", "frames"), [
    ("WEBP", [17, 17, 16] * 20, 50), ("PNG", [16, 17, 17] * 20, 50), ("WEBP", [15] * 8, 6), ("PNG", [11] * 40, 22),
    ("WEBP", [100, 12, 12, 100], 3), ("PNG", [20] * 5, 5), ("PNG", [25] * 4, 4),
])  # fmt: skip
def test_no_frame_of_a_gif_is_too_short_for_browsers(run: Converter, name: str, times: list[int], frames: int) -> None:
    source = film_of(name, times)
    result = run(source, "gif")
    assert min(result.times()) >= 20
    assert abs(sum(result.times()) - sum(times)) <= 10
    assert result.converted.frames == len(result.times()) == frames
    assert result.warnings == ([] if set(times) == {20} else ["timing_rounded"])
    assert np.array_equal(np.asarray(result.frames()[-1]), np.asarray(run(source, "png").frames()[-1]))


def gif_with_ticks(ticks: Sequence[int]) -> bytes:
    data = bytearray(film_of("GIF", [500] * len(ticks)))
    at = 0
    for number in ticks:
        at = data.index(b"\x21\xf9\4", at) + 4
        data[at : at + 2] = struct.pack("<H", number)
    return bytes(data)


@pytest.mark.parametrize("target", ["webp", "png", "gif", "avif"])
@pytest.mark.parametrize(
    ("ticks", "wanted"), [([0, 0, 0], [100] * 3), ([1, 5, 2], [100, 50, 20]), ([0, 1, 7], [100, 100, 70])]
)
def test_the_shortest_times_of_a_gif_are_those_of_browsers(
    run: Converter, target: str, ticks: list[int], wanted: list[int]
) -> None:
    result = run(gif_with_ticks(ticks), target)
    assert result.times() == wanted
    assert result.warnings == []


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
def test_so_are_those_of_other_films(run: Converter, name: str) -> None:
    assert run(film_of(name, [0, 10, 11, 40]), "png").times() == [100, 100, 11, 40]


@pytest.mark.parametrize(
    ("alphas", "warned"), [((0, 255), False), ((255,), False), ((0, 128), True), ((1, 255), True), ((254,), True)]
)
@pytest.mark.parametrize("count", [1, 3])
def test_soft_edges_are_said(run: Converter, alphas: tuple[int, ...], count: int, *, warned: bool) -> None:
    frames = []
    for number in range(count):
        image = Image.new("RGBA", SIZE, (200, 0, 50 * number, 255))
        image.putalpha(Image.frombytes("L", SIZE, bytes(alphas[n % len(alphas)] for n in range(SIZE[0] * SIZE[1]))))
        frames.append(image)
    result = run(as_png(frames) if count > 1 else images.encoded(frames[0], "PNG"), "gif", background="#102030")
    assert ("alpha_reduced" in result.warnings) is warned
    if warned:
        assert "#102030" in result.outcome.warnings[0].detail


def test_colours_of_a_film_that_do_not_fit_are_said_once(run: Converter) -> None:
    rng = np.random.default_rng(7)
    frames = [Image.fromarray(rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)) for _ in range(3)]
    result = run(as_png(frames), "gif")
    assert result.warnings == ["colors_reduced"]
