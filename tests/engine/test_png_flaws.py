"""PNGs with flaws beside the picture, and those of an iPhone's build."""

import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from conformance import images
from conformance.profiles import DISPLAY_P3, rgb_profile
from conformance.running import apart
from tests.engine.conftest import Converter

PHOTO = images.quarters((48, 32))
KINDS = {
    "colour": images.encoded(PHOTO, "PNG"),
    "palette": images.encoded(PHOTO.quantize(8), "PNG"),
    "animation": images.encoded(PHOTO, "PNG", save_all=True, append_images=[PHOTO.rotate(180)], duration=100),
}
FIRST = 8 + 25
"""Where the chunk behind the header begins."""


def with_chunk(kind: bytes, body: bytes, *, right: bool = True) -> Callable[[bytes], bytes]:
    chunk = images.chunk(kind, body)
    return lambda data: data[:FIRST] + (chunk if right else chunk[:-4] + b"\1\2\3\4") + data[FIRST:]


FLAWS: dict[str, Callable[[bytes], bytes]] = {
    "a wrong sum of text": with_chunk(b"tEXt", b"Comment\0hello", right=False),
    "a wrong sum of a resolution": with_chunk(b"pHYs", bytes(9), right=False),
    "a wrong sum of a gamma": with_chunk(b"gAMA", struct.pack(">I", 20_000), right=False),
    "a wrong sum of a profile": with_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"x"), right=False),
    "a short resolution": with_chunk(b"pHYs", b"\0"),
    "a gamma without data": with_chunk(b"gAMA", b""),
    "no end": lambda data: data[:-12],
    "half an end": lambda data: data[:-5],
    "a wrong sum of the end": lambda data: data[:-1] + b"\0",
    "bytes for the end": lambda data: data[:-12] + b"no block of a PNG",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flaw_beside_the_picture_costs_no_pixel(run: Converter, kind: str, flaw: str) -> None:
    result = run(FLAWS[flaw](KINDS[kind]), "png")
    assert [apart(seen, right) for seen, right in zip(result.frames(), run(KINDS[kind], "png").frames(), strict=True)] in (
        [0], [0, 0],
    )  # fmt: skip
    assert result.warnings == ["image_damaged"]


def test_a_palette_picture_without_its_palette_is_damaged(run: Converter) -> None:
    data = KINDS["palette"]
    at = data.index(b"PLTE") - 4
    assert (
        run(data[:at] + data[at + 12 + int.from_bytes(data[at : at + 4], "big") :], "webp").failure == "corrupt_image"
    )


@pytest.mark.parametrize(("name", "chunk"), [("palette", b"PLTE"), ("animation", b"acTL"), ("animation", b"fcTL")])
def test_a_wrong_sum_of_what_the_pixels_need_is_a_failure(run: Converter, name: str, chunk: bytes) -> None:
    data = KINDS[name]
    at = data.index(chunk) - 4
    end = at + 12 + int.from_bytes(data[at : at + 4], "big")
    assert run(data[: end - 4] + b"\1\2\3\4" + data[end:], "png").failure == "corrupt_image"


def apple_png(color_type: int, rows: bytes, *, interlaced: int = 0) -> bytes:
    """As Xcode packs them: raw deflate, blue before red, colors multiplied by alpha."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    header = struct.pack(">IIBBBBB", 2, 2, 8, color_type, 0, 0, interlaced)
    chunks = (
        (b"CgBI", b"\x50\0\x20\x06"), (b"IHDR", header), (b"IDAT", packer.compress(rows) + packer.flush()), (b"IEND", b""),
    )  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(images.chunk(*chunk) for chunk in chunks)


def test_a_png_of_an_iphone_is_read(run: Converter) -> None:
    # The second row is told as a difference to the first (filter 2).
    clear = apple_png(6, bytes([0, 10, 20, 30, 255, 0, 50, 100, 128, 2, 1, 1, 1, 0, 0, 0, 0, 0]))
    seen = run(clear, "png").image()
    assert [seen.getpixel((x, y)) for y in (0, 1) for x in (0, 1)] == [
        (30, 20, 10, 255), (199, 99, 0, 128), (31, 21, 11, 255), (199, 99, 0, 128),
    ]  # fmt: skip
    solid = apple_png(2, bytes([0, 10, 20, 30, 40, 50, 60, 1, 1, 2, 3, 1, 1, 1]))
    assert list(run(solid, "png").image().tobytes()) == [30, 20, 10, 60, 50, 40, 3, 2, 1, 4, 3, 2]


def test_what_is_not_read_of_an_iphone_is_said(run: Converter) -> None:
    rows = bytes([0, 1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12])
    assert run(apple_png(2, rows, interlaced=1), "png").failure == "unsupported_image"
    assert run(apple_png(2, rows[:5]), "png").failure == "truncated_image"


def test_a_transparent_colour_without_sense_is_left_out(run: Converter) -> None:
    image = Image.new("L", (2, 1), 7)
    data = with_chunk(b"tRNS", b"\7")(images.encoded(image, "PNG"))
    assert run(data, "png").image().mode == "L"
    assert run(data, "png").warnings == ["image_damaged"]


PROFILE = rgb_profile(DISPLAY_P3)
COLORS = {
    b"gAMA": struct.pack(">I", 20_000),
    b"cHRM": struct.pack(">8I", 31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000),
    b"sRGB": b"\0",
    b"iCCP": b"P3\0\0" + zlib.compress(PROFILE),
    b"cICP": bytes((12, 13, 0, 1)),
}


def with_chunks(data: bytes, before: bytes | None, *chunks: tuple[bytes, bytes]) -> bytes:
    """The file with chunks before one of that name, or behind its header."""
    at = data.index(before) - 4 if before else FIRST
    return data[:at] + b"".join(images.chunk(*one) for one in chunks) + data[at:]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk", COLORS)
def test_what_tells_colour_behind_the_samples_does_not_count(run: Converter, kind: str, chunk: bytes) -> None:
    result = run(with_chunks(KINDS[kind], b"IEND", (chunk, COLORS[chunk])), "png")
    assert result.warnings == ["image_damaged"]
    assert apart(result.image().convert("RGB"), run(KINDS[kind], "png").image().convert("RGB")) == 0


@pytest.mark.parametrize("chunk", COLORS)
def test_what_tells_colour_behind_the_palette_does_not_count(run: Converter, chunk: bytes) -> None:
    data, wrong = KINDS["palette"], (chunk, COLORS[chunk])
    bright = with_chunks(data, None, (b"gAMA", struct.pack(">I", 30_000)))
    for sound in (data, bright):
        result = run(with_chunks(sound, b"IDAT", wrong), "png")
        assert result.warnings == ["image_damaged"]
        assert apart(result.image().convert("RGB"), run(sound, "png").image().convert("RGB")) == 0
    assert run(with_chunks(data, None, wrong), "png").warnings == []


@pytest.mark.parametrize("chunk", [b"gAMA", b"iCCP", b"cICP"])
def test_of_two_that_tell_colour_the_first_counts(run: Converter, chunk: bytes) -> None:
    other = {b"gAMA": struct.pack(">I", 90_000), b"iCCP": b"x\0\0" + zlib.compress(b"x"), b"cICP": bytes((1, 1, 0, 1))}
    data = with_chunks(KINDS["colour"], None, (chunk, COLORS[chunk]))
    for behind in (b"IDAT", b"IEND"):
        result = run(with_chunks(data, behind, (chunk, other[chunk])), "png")
        assert result.warnings == ["image_damaged"]
        assert apart(result.image(), run(data, "png").image()) == 0
        assert apart(result.image(), PHOTO) > 0


def test_a_palette_and_a_transparent_colour_behind_the_samples_do_not_count(run: Converter) -> None:
    late = run(with_chunks(KINDS["colour"], b"IEND", (b"tRNS", struct.pack(">3H", *images.RED))), "png")
    assert late.warnings == ["image_damaged"]
    assert late.image().mode == "RGB"
    second = run(with_chunks(KINDS["palette"], b"IEND", (b"PLTE", bytes(24))), "png")
    assert second.warnings == ["image_damaged"]
    assert apart(second.image().convert("RGB"), PHOTO) == 0
