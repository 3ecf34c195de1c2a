"""PNG: what libpng reads is what Pillow reads, damage stays damage, and how a picture is packed is told by itself."""

import struct
import zlib

import pytest
from PIL import Image, ImageDraw, ImageFilter

from conformance import images
from conformance.running import apart
from core import magic
from engine.containers import png_chunks
from tests.engine.conftest import Converter

NOISE = Image.effect_noise((120, 90), 80)


def photograph() -> Image.Image:
    """Soft light and a sensor's noise: nothing in it comes again."""
    ramps = [Image.linear_gradient("L").rotate(turn).resize((800, 600)) for turn in (0, 90, 180)]
    light = Image.merge("RGB", ramps)
    noise = Image.merge("RGB", [Image.effect_noise((800, 600), 60) for _ in range(3)])
    return Image.blend(light, noise.filter(ImageFilter.GaussianBlur(1.5)), 0.3)


def drawing() -> Image.Image:
    image = Image.new("RGB", (640, 480), "white")
    pen = ImageDraw.Draw(image)
    for step in range(24):
        pen.text((10 + step, 20 * step), "the same words, again and again, in the same colours", fill="black")
    return image


def data_of(file: bytes) -> bytes:
    return b"".join(bytes(body) for kind, body in png_chunks.read_chunks(file) if kind == b"IDAT")


def with_data(file: bytes, data: bytes) -> bytes:
    """The same file with other image data and right check sums around it."""
    header = next(bytes(body) for kind, body in png_chunks.read_chunks(file) if kind == b"IHDR")
    return magic.PNG + b"".join(
        [png_chunks.pack_chunk(b"IHDR", header), png_chunks.pack_chunk(b"IDAT", data), png_chunks.pack_chunk(b"IEND")]
    )


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_the_pixels_are_those_of_pillow(run: Converter, mode: str) -> None:
    image = NOISE.convert("RGB").quantize(64) if mode == "P" else NOISE.convert(mode)
    if mode in {"LA", "RGBA"}:
        image.putalpha(Image.linear_gradient("L").resize(NOISE.size).point(lambda value: max(1, value)))
    data = images.encoded(image, "PNG")
    # The noise is grey, and is stored as grey.
    wanted = "L" if mode in {"1", "P", "RGB"} else mode
    seen = run(data, "tiff").image()
    assert seen.mode == wanted
    assert apart(seen.convert("RGBA"), images.decoded(data).convert("RGBA")) == 0


def test_a_bad_sum_of_samples_that_unpack_is_a_flaw_and_samples_that_do_not_are_damage(run: Converter) -> None:
    """Both in a block that is whole."""
    file = images.encoded(NOISE.convert("RGB"), "PNG")
    data = bytearray(data_of(file))
    data[-1] ^= 4
    result = run(with_data(file, bytes(data)), "bmp")
    assert apart(result.image().convert("RGB"), images.decoded(file)) == 0
    assert result.warnings == ["image_damaged"]
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    assert run(with_data(file, bytes(data)), "bmp").failure in {"corrupt_image", "truncated_image"}


def test_samples_that_end_early(run: Converter) -> None:
    file = images.encoded(NOISE.convert("RGB"), "PNG")
    assert run(with_data(file, data_of(file)[:-400]), "bmp").failure == "truncated_image"


def test_a_transparent_colour_of_16_bits_is_told_by_all_of_them(run: Converter) -> None:
    row = b"\0" + struct.pack(">6H", 40_000, 1, 2, 40_001, 1, 2)
    clear = images.chunk(b"tRNS", struct.pack(">3H", 40_000, 1, 2))
    result = run(images.png_of(2, 1, 16, 2, row, clear), "qoi")
    assert [result.image().convert("RGBA").getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0, 0), (156, 0, 0, 255)]
    assert result.warnings == ["depth_reduced"]


@pytest.mark.parametrize(("colour_type", "samples"), [(2, (400, 40_000, 65_535)), (6, (400, 40_000, 65_535, 30_000))])
def test_colour_of_16_bits_is_rounded(run: Converter, colour_type: int, samples: tuple[int, ...]) -> None:
    row = b"\0" + struct.pack(f">{len(samples)}H", *samples)
    seen = run(images.png_of(1, 1, 16, colour_type, row), "qoi").image().getpixel((0, 0))
    assert seen == tuple(round(sample / 257) for sample in samples)


def test_a_photograph_is_packed_by_runs_and_loses_nothing(run: Converter) -> None:
    image = photograph()
    result = run(images.encoded(image, "TGA"), "png")
    assert apart(result.image(), image) == 0
    plain = images.encoded(image, "PNG")
    assert len(result.data) < len(plain)
    assert data_of(result.data) != data_of(plain)


def test_a_drawing_is_packed_by_repeats(run: Converter) -> None:
    image = drawing()
    result = run(images.encoded(image, "BMP"), "png")
    assert apart(result.image().convert("RGB"), image) == 0
    assert data_of(result.data) == data_of(images.encoded(result.stored(), "PNG", compress_level=6))


def test_a_page_whose_sample_is_blank_is_packed_by_repeats(run: Converter) -> None:
    """A little grain where it is looked at; elsewhere the same words again and again."""
    page = Image.new("RGB", (2000, 1000), "white")
    grain = photograph().crop((0, 0, 400, 2))
    words = drawing().crop((0, 0, 640, 60))
    for band in range(7):
        top = band * 142 + 20
        page.paste(grain, (0, band * 142 + 2))
        for column in range(3):
            page.paste(words, (640 * column, top))
    result = run(images.encoded(page, "TGA"), "png")
    assert data_of(result.data) == data_of(images.encoded(page, "PNG", compress_level=6))


@pytest.mark.parametrize("effort", [0, 9])
def test_effort_is_the_level(run: Converter, effort: int) -> None:
    image = drawing()
    result = run(images.encoded(image, "BMP"), "png", effort=effort)
    assert apart(result.image().convert("RGB"), image) == 0
    assert data_of(result.data) == data_of(images.encoded(result.stored(), "PNG", compress_level=effort))


def test_a_film_of_photographs_is_packed_by_runs_too(run: Converter) -> None:
    frames = [photograph(), photograph().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    source = images.encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100, lossless=True)
    result = run(source, "png")
    assert [apart(seen, frame) for seen, frame in zip(result.frames("RGB"), frames, strict=True)] == [0, 0]
    alone = sum(len(images.encoded(frame.convert(result.image().mode), "PNG", compress_type=3)) for frame in frames)
    assert len(result.data) == pytest.approx(alone, rel=0.001)


def test_an_interlaced_png(run: Converter) -> None:
    """By hand: the seven passes of a picture of 2 x 2 are its corner, then two of one pixel and of two."""
    header = struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 1)
    rows = b"\0\x0a" + b"\0\x14" + b"\0\x1e\x28"
    data = magic.PNG + b"".join(
        [
            png_chunks.pack_chunk(b"IHDR", header),
            png_chunks.pack_chunk(b"IDAT", zlib.compress(rows)),
            png_chunks.pack_chunk(b"IEND"),
        ]
    )
    seen = run(data, "bmp").image().convert("L")
    assert list(seen.tobytes()) == [10, 20, 30, 40]
