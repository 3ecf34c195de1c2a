"""Every kind of pixels to every target: none is refused, none comes out wrong."""

import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from conformance import images
from conformance.running import near
from core.formats import TARGETS
from tests.engine.conftest import Converter

SIDE = 64
NAMES = [fmt.name for fmt in TARGETS if fmt.reads]
DARK, LIGHT = 60, 200
"""The two greys that every picture has, left and right, as 8-bit samples."""


def two_greys(mode: str) -> Image.Image:
    image = Image.new("L", (SIDE, SIDE), DARK)
    image.paste(LIGHT, (SIDE // 2, 0, SIDE, SIDE))
    return image.convert(mode)


def deep(order: str) -> Image.Image:
    values = [LIGHT * 257 if x >= SIDE // 2 else DARK * 257 for _ in range(SIDE) for x in range(SIDE)]
    return Image.frombytes(
        "I;16B" if order == ">" else "I;16", (SIDE, SIDE), struct.pack(f"{order}{SIDE * SIDE}H", *values)
    )


def floats() -> Image.Image:
    return two_greys("F").point(lambda value: value * (1 / 255) + 0)


def lab() -> Image.Image:
    """Lightness that is these greys in sRGB: 25.3 and 80.6 of 100."""
    image = Image.new("LAB", (SIDE, SIDE), (64, 128, 128))
    image.paste((206, 128, 128), (SIDE // 2, 0, SIDE, SIDE))
    return image


def with_transparent_index() -> bytes:
    image = two_greys("RGB").quantize(4)
    return images.encoded(image, "PNG", transparency=bytes([255] * 4))


SUBJECTS: dict[str, Callable[[], bytes]] = {
    "L": lambda: images.encoded(two_greys("L"), "PNG"),
    "LA": lambda: images.encoded(two_greys("LA"), "PNG"),
    "P": lambda: images.encoded(two_greys("RGB").quantize(4), "PNG"),
    "P with clear colours": with_transparent_index,
    "RGB": lambda: images.encoded(two_greys("RGB"), "PNG"),
    "RGBA": lambda: images.encoded(two_greys("RGBA"), "PNG"),
    "RGBX": lambda: images.encoded(two_greys("RGBX"), "TIFF"),
    "CMYK": lambda: images.encoded(two_greys("CMYK"), "TIFF"),
    "YCbCr": lambda: images.encoded(two_greys("YCbCr"), "TIFF"),
    "LAB": lambda: images.encoded(lab(), "TIFF"),
    "I;16": lambda: images.encoded(deep("<"), "TIFF"),
    "I;16B": lambda: images.encoded(deep(">"), "TIFF"),
    "I": lambda: images.encoded(deep("<").convert("I"), "TIFF"),
    "F": lambda: images.encoded(floats(), "TIFF"),
}


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("mode", SUBJECTS)
def test_every_kind_of_pixels_to_every_target(run: Converter, mode: str, target: str) -> None:
    result = run(SUBJECTS[mode](), target)
    seen = result.image()
    grey = seen.point(lambda value: value / 257).convert("L") if seen.mode in {"I", "I;16"} else seen.convert("RGB")
    left, right = (grey.convert("L").getpixel((x, SIDE // 2)) for x in (SIDE // 4, SIDE * 3 // 4))
    assert near((left, right), (DARK, LIGHT), 5), (seen.mode, left, right)


@pytest.mark.parametrize("target", NAMES)
def test_one_bit_to_every_target(run: Converter, target: str) -> None:
    image = Image.new("1", (SIDE, SIDE))
    image.paste(1, (SIDE // 2, 0, SIDE, SIDE))
    for name in ("PNG", "TIFF", "BMP"):
        seen = run(images.encoded(image, name), target).image().convert("RGB")
        assert near(seen.getpixel((8, 8)), (0, 0, 0), 5)
        assert near(seen.getpixel((SIDE - 8, 8)), (255, 255, 255), 5)


def test_text_of_any_length_does_no_harm_to_a_png(run: Converter) -> None:
    """Pillow gives a whole file up for text that unpacks to more than a megabyte."""
    text = images.chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100 << 20)))
    long = images.chunk(b"iTXt", b"Comment\0\0\0\0\0" + b"x" * (3 << 20))
    rows = (b"\0" + bytes(images.RED) * 4) * 4
    for target in ("png", "jpeg"):
        seen = run(images.png_of(4, 4, 8, 2, rows, text, long), target)
        assert seen.warnings == []
        assert len(seen.data) < 10_000
        assert near(seen.image().convert("RGB").getpixel((2, 2)), images.RED, 4)
