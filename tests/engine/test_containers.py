"""Files whose structure contradicts itself, block by block, and what is told of them."""

import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from conformance import images
from core import magic
from engine.containers import bmff, gif, riff
from engine.errors import ConversionError
from tests.engine.conftest import Converter

HEADER = images.chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 6, 0, 0, 0))
DATA = images.chunk(b"IDAT", zlib.compress(b"\0" + bytes(8)))
END = images.chunk(b"IEND", b"")
ANIMATED = images.chunk(b"acTL", struct.pack(">II", 1, 0))


def control(sequence: int = 0, width: int = 2, height: int = 1, x: int = 0) -> bytes:
    return images.chunk(b"fcTL", struct.pack(">IIIIIHHBB", sequence, width, height, x, 0, 1, 10, 0, 0))


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ([DATA, END], "corrupt_image"),
        ([HEADER, END], "truncated_image"),
        ([HEADER, HEADER, DATA, END], "corrupt_image"),
        ([images.chunk(b"IHDR", b"short"), DATA, END], "corrupt_image"),
        ([images.chunk(b"IHDR", struct.pack(">IIBBBBB", 0, 1, 8, 6, 0, 0, 0)), DATA, END], "corrupt_image"),
        ([images.chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 5, 0, 0, 0)), DATA, END], "unsupported_image"),
        ([HEADER, images.chunk(b"1DAT", b""), DATA, END], "corrupt_image"),
        ([HEADER, struct.pack(">I", 1 << 31) + b"tEXt", bytes(12)], "corrupt_image"),
        ([HEADER, ANIMATED, control(sequence=1), DATA], "truncated_image"),
        ([HEADER, ANIMATED, DATA, END], "truncated_image"),
        ([HEADER, ANIMATED, DATA, control(), END], "corrupt_image"),
        ([HEADER, ANIMATED, images.chunk(b"fdAT", bytes(4)), DATA, END], "truncated_image"),
    ],
)
def test_png(run: Converter, blocks: list[bytes], code: str) -> None:
    assert run(magic.PNG + b"".join(blocks), "bmp").failure == code


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param([ANIMATED, images.chunk(b"fcTL", b"short"), DATA], id="no header of a frame"),
        pytest.param([ANIMATED, control(sequence=1), DATA], id="a number that is skipped"),
        pytest.param([ANIMATED, control(), DATA, control()], id="a number twice"),
        pytest.param([control(), ANIMATED, control(sequence=1), DATA], id="a frame before the animation"),
        pytest.param([ANIMATED, control(width=3), DATA], id="too wide"),
        pytest.param([ANIMATED, control(width=0), DATA], id="no width"),
        pytest.param([ANIMATED, control(x=1), DATA], id="outside"),
        pytest.param(
            [ANIMATED, DATA, images.chunk(b"fdAT", bytes(4)), control(sequence=1)], id="data without a header"
        ),
    ],
)
def test_an_animation_that_contradicts_itself_gives_the_picture_for_others(run: Converter, blocks: list[bytes]) -> None:
    result = run(magic.PNG + b"".join([HEADER, *blocks, END]), "png")
    assert result.converted.frames == 1
    assert result.image().tobytes() == bytes(8)
    assert result.warnings == ["image_damaged"]
    assert "fcTL" not in result.data.decode("latin-1")


def test_a_png_with_frames_but_without_an_animation_is_a_still(run: Converter) -> None:
    stray = images.chunk(b"fdAT", struct.pack(">I", 1) + b"nothing")
    assert run(magic.PNG + HEADER + control() + DATA + stray + END, "gif").converted.frames == 1


GIF_HEAD = gif.pack_screen(2, 1)


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        (b";", "corrupt_image"),
        (b"\x99", "corrupt_image"),
        (b",\0\0\0\0\0\0\x01\0\0\x08\x01\0\0;", "corrupt_image"),
        (b"!\xfe\x03abc", "truncated_image"),
        (b"", "truncated_image"),
    ],
)
def test_gif(run: Converter, blocks: bytes, code: str) -> None:
    assert run(GIF_HEAD + blocks, "png").failure == code


def test_gif_comments_and_stray_zeros(run: Converter) -> None:
    data = images.encoded(images.quarters(), "GIF", comment=b"secret words")
    loose = data[:-1] + b"\0\0;"
    assert gif.parse_file(loose, 9).comment == b"secret words"
    assert run(loose, "png").converted.width == 48
    kept = run(loose, "png", metadata="keep")
    assert kept.warnings == ["metadata_dropped"]
    assert b"secret" not in run(loose, "gif").data


def test_a_gif_whose_canvas_is_too_small_is_as_large_as_its_first_frame(run: Converter) -> None:
    data = images.encoded(images.quarters(), "GIF")
    small = data[:6] + struct.pack("<HH", 0, 5) + data[10:]
    assert run(small, "png").image().size == (48, 32)


def test_a_gif_plays_once_more_than_it_loops() -> None:
    for plays, block in ((1, b""), (0, b"\0\0\0"), (2, b"\x01\0\0"), (65_536, b"\xff\xff\0")):
        assert gif.pack_loop(plays).endswith(block)
    assert gif.pack_loop(1) == b""


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def movie(edits: bytes, duration: int = 40, version: int = 0) -> bytes:
    head = bytes([version]) + bytes(27 if version else 19) + struct.pack(">Q" if version else ">I", duration)
    return box(b"moov", box(b"trak", box(b"tkhd", head), edits))


def edits(repeat: int, segment: int) -> bytes:
    return box(b"edts", box(b"elst", bytes([0, 0, 0, repeat]), struct.pack(">II", 1, segment)))


@pytest.mark.parametrize(
    ("data", "plays"),
    [
        (movie(b""), 0),
        (movie(edits(0, 40)), 1),
        (movie(edits(1, 10)), 4),
        (movie(edits(1, 15)), 3),
        (movie(edits(1, 0)), 0),
        (movie(edits(1, 10), 0xFFFFFFFF), 0),
        (movie(edits(1, 10), (1 << 64) - 1, version=1), 0),
        (movie(edits(1, 10), 30, version=1), 3),
        (box(b"moov", box(b"trak", edits(1, 10))), 0),
        (box(b"free"), 0),
    ],
)
def test_how_often_an_image_sequence_plays(data: bytes, plays: int) -> None:
    assert bmff.read_loop_count(data) == plays


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda data: data + b"\0\0\0", "truncated_image"),
        (lambda data: data + struct.pack(">I4s", 4, b"free"), "corrupt_image"),
        (lambda data: data + struct.pack(">I4sQ", 1, b"free", 1 << 40), "truncated_image"),
        (lambda data: data + struct.pack(">I4sQ", 1, b"free", 16), None),
        (lambda data: data + struct.pack(">I4s", 0, b"free") + b"to the end", None),
    ],
)
def test_avif(run: Converter, change: Callable[[bytes], bytes], code: str | None) -> None:
    result = run(change(images.encoded(images.quarters(), "AVIF")), "png")
    assert (result.failure if code else None) == code
    assert bool(result.data) is (code is None)


def test_a_sequence_without_an_edit_list_is_not_changed_by_guess() -> None:
    with pytest.raises(ValueError, match="edit list"):
        bmff.set_loop_count(movie(b""), 2)


@pytest.mark.parametrize(("flags", "depth"), [(0x00, 8), (0x40, 10), (0x60, 12)])
def test_bit_depth_of_an_avif(flags: int, depth: int) -> None:
    data = images.encoded(images.quarters(), "AVIF")
    at = data.index(b"av1C") + 6
    deep = data[:at] + bytes([data[at] & 0x9F | flags]) + data[at + 1 :]
    assert bmff.read_depth(deep) == depth
    assert bmff.read_depth(b"no such box") == 8


def test_a_webp_that_starts_with_something_else() -> None:
    data = images.encoded(Image.new("RGB", (4, 4)), "WEBP")
    with pytest.raises(ConversionError):
        riff.read_canvas(data[:12] + b"XXXX" + data[16:])
