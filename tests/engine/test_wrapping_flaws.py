"""GIF, BMP and WebP with flaws of the wrapping, and with missing pixels."""

import struct
from collections.abc import Callable

import pytest
from PIL import Image

from conformance import images
from conformance.running import apart
from tests.engine.conftest import Converter

PHOTO = Image.effect_noise((49, 32), 90).convert("RGB")
FILM = [PHOTO, PHOTO.rotate(180)]


def film_of(name: str) -> bytes:
    return images.encoded(FILM[0], name, save_all=True, append_images=FILM[1:], duration=100)


SOUND = {
    "gif": images.encoded(PHOTO, "GIF"),
    "animated gif": film_of("GIF"),
    "bmp": images.encoded(PHOTO, "BMP"),
    "webp": images.encoded(PHOTO, "WEBP"),
    "webp with XMP": images.encoded(PHOTO, "WEBP", xmp=images.XMP),
    "animated webp": film_of("WEBP"),
}
Flaw = Callable[[bytes], bytes]


def riff_size(change: int) -> Flaw:
    return lambda data: data[:4] + struct.pack("<I", len(data) - 8 + change) + data[8:]


def counted(data: bytes) -> bytes:
    return riff_size(0)(data)


GIF_FLAWS: dict[str, Flaw] = {
    "no trailer": lambda data: data[:-1],
    "no trailer and no end of the data": lambda data: data[:-2],
    "half a comment for the trailer": lambda data: data[:-1] + b"\x21\xfe\x20half",
    "bytes before the trailer": lambda data: data[:-1] + b"?junk;",
}
WEBP_FLAWS: dict[str, Flaw] = {
    "a size 2 too large": riff_size(2),
    "a size 2 too small": riff_size(-2),
    "no size": lambda data: data[:4] + bytes(4) + data[8:],
    "bytes that the size counts": lambda data: counted(data + b"\1\2\3\4junk?"),
    "half a chunk behind the picture": lambda data: counted(data + b"EXIF\xff\0\0\0half"),
}
FLAWS: dict[str, Flaw] = GIF_FLAWS | WEBP_FLAWS | {"no padding at the end": lambda data: data[:-1]}
CASES = [
    *((name, flaw) for name in ("gif", "animated gif") for flaw in GIF_FLAWS),
    *((name, flaw) for name in ("webp", "webp with XMP", "animated webp") for flaw in WEBP_FLAWS),
    ("bmp", "no padding at the end"),
]


@pytest.mark.parametrize(("name", "flaw"), CASES)
def test_a_flaw_of_the_wrapping_costs_no_pixel(run: Converter, name: str, flaw: str) -> None:
    way = FLAWS[flaw]
    result = run(way(SOUND[name]), "png")
    right = run(SOUND[name], "png").frames()
    assert [apart(one, other) for one, other in zip(result.frames(), right, strict=True)] == [0] * len(right)
    assert result.warnings == ["image_damaged"]


MISSING: dict[tuple[str, str], Flaw] = {
    ("animated gif", "a frame whose header is there"): lambda data: data[:-1] + b"\x21\xf9\4\0\x0a\0\0\0",
    ("animated gif", "the last data"): lambda data: data[:-9],
    ("bmp", "the last pixel"): lambda data: data[:-2],
    ("webp", "the last data"): lambda data: counted(data[:-40]),
    ("webp with XMP", "the data of the picture"): lambda data: counted(data[: data.index(b"XMP ") - 40]),
    ("animated webp", "a frame that the size counts"): riff_size(400),
    ("animated webp", "half of the last frame"): lambda data: counted(data[:-200]),
}


@pytest.mark.parametrize(("name", "what"), MISSING)
def test_missing_pixels_are_a_failure(run: Converter, name: str, what: str) -> None:
    assert run(MISSING[name, what](SOUND[name]), "png").failure in {"truncated_image", "corrupt_image"}


@pytest.mark.parametrize("name", SOUND)
def test_bytes_behind_the_end_are_no_flaw(run: Converter, name: str) -> None:
    assert run(SOUND[name] + b"anything", "png").warnings == []


def test_a_bitmap_around_a_jpeg_is_said_by_name(run: Converter) -> None:
    data = SOUND["bmp"]
    outcome = run(data[:30] + struct.pack("<I", 4) + data[34:], "png").outcome
    assert outcome.failure is not None
    assert outcome.failure.code == "unsupported_image"
    assert "JPEG" in outcome.failure.detail
