"""Traps that converters fall into in silence, each on real bytes; where it can be, seen without the engine's own readers."""

import io
import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from conformance import images, profiles
from conformance.running import Result, apart, near
from core.formats import TARGETS
from engine.image import Frame, Opened
from engine.request import Limits
from tests.engine.conftest import Converter

NAMES = [fmt.name for fmt in TARGETS if fmt.reads]
SIDE = 64
DARK, LIGHT = 60, 200


def greys(mode: str) -> Image.Image:
    """Two greys, left and right, in any of Pillow's modes, those too that no file brings along."""
    image = Image.new("L", (SIDE, SIDE), DARK)
    image.paste(LIGHT, (SIDE // 2, 0, SIDE, SIDE))
    if mode in {"I;16", "I;16L", "I;16B", "I;16N"}:
        order = ">" if mode == "I;16B" else "<"
        values = [value * 257 for value in image.tobytes()]
        return Image.frombytes(mode, image.size, struct.pack(f"{order}{len(values)}H", *values))
    if mode == "PA":
        return image.quantize(4).convert("PA")
    if mode in {"La", "RGBa"}:
        return image.convert(mode.upper()).convert(mode)
    return image.convert("RGB").convert(mode) if mode in {"HSV", "YCbCr", "CMYK"} else image.convert(mode)


MODES = [
    "L",
    "LA",
    "La",
    "P",
    "PA",
    "RGB",
    "RGBA",
    "RGBa",
    "RGBX",
    "CMYK",
    "YCbCr",
    "HSV",
    "I;16",
    "I;16L",
    "I;16B",
    "I;16N",
]


@pytest.mark.parametrize("target", [fmt.name for fmt in TARGETS])
@pytest.mark.parametrize("mode", MODES)
def test_whatever_mode_a_decoder_gives_is_written_right(
    run: Converter, monkeypatch: pytest.MonkeyPatch, mode: str, target: str
) -> None:
    opened = Opened(format="png", size=(SIDE, SIDE), pixels=SIDE * SIDE, read=lambda: iter([Frame(greys(mode))]))

    def give(_name: str, _data: bytes, _limits: Limits) -> Opened:
        return opened

    monkeypatch.setattr("engine.steps.open_source", give)
    result = run(images.encoded(greys("L"), "PNG"), target)
    monkeypatch.undo()
    assert result.converted.width == SIDE
    if target in NAMES:
        seen = run(result.data, "bmp").image().convert("L")
        assert near([seen.getpixel((x, 32)) for x in (16, 48)], (DARK, LIGHT), 6)


@pytest.mark.parametrize("target", [fmt.name for fmt in TARGETS if fmt.reads and "RGBA" in fmt.modes])
def test_colours_under_alpha_0_are_gone_from_every_target(run: Converter, target: str) -> None:
    image = Image.new("RGBA", (SIDE, SIDE), (*images.RED, 255))
    image.paste((0, 255, 0, 0), (32, 0, 64, 64))
    result = run(images.encoded(image, "PNG"), target)
    green = result.image().convert("RGBA").getchannel("G")
    assert sum(green.histogram()[40:]) == 0


SECRETS = (b"secret", b"Millstone", b"GPS", b"Exif", b"xmpmeta", b"8BIM", b"s\0e\0c\0r\0e\0t")


@pytest.mark.parametrize("target", [fmt.name for fmt in TARGETS])
@pytest.mark.parametrize("source", ["jpeg", "png", "webp", "tiff", "avif", "heic", "jxl"])
def test_nothing_personal_gets_through_any_pair(run: Converter, source: str, target: str) -> None:
    described = images.described_jpeg()
    if source != "jpeg":
        described = run(described, source, metadata="keep").data
    assert b"Millstone" in described
    assert [secret for secret in SECRETS if secret in run(described, target).data] == []


def compressions(data: bytes) -> Iterator[Any]:
    with Image.open(io.BytesIO(data)) as image:
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        for index in range(image.n_frames):
            image.seek(index)
            yield image.tag_v2[TiffImagePlugin.COMPRESSION]


@pytest.mark.parametrize("metadata", ["strip", "keep"])
def test_a_tiff_is_compressed_with_and_without_exif(run: Converter, metadata: str) -> None:
    still = run(
        images.encoded(Image.new("RGB", (400, 300), images.RED), "JPEG", exif=images.exif()), "tiff", metadata=metadata
    )
    frames = [Image.new("RGB", (400, 300), colour) for colour in (images.RED, images.BLUE)]
    film = images.encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], exif=images.exif(), lossless=True)
    pages = run(film, "tiff", metadata=metadata)
    assert list(compressions(still.data)) == [8]
    assert list(compressions(pages.data)) == [8, 8]
    assert max(len(still.data), len(pages.data)) < 400 * 300
    assert (b"Millstone" in still.data, b"Millstone" in pages.data) == (metadata == "keep",) * 2


def wavelet(data: bytes) -> int:
    """The last of the coding style's numbers (ISO 15444-1, A.6.1): 0 is the wavelet that loses, 1 the one that does not."""
    at = data.index(b"\xff\x52")
    return data[at + 13]


def test_a_quality_of_jpeg_2000_takes_the_wavelet_that_is_made_for_it(run: Converter) -> None:
    data = images.encoded(images.quarters(), "PNG")
    assert wavelet(run(data, "jp2", quality=60).data) == 0
    assert wavelet(run(data, "jp2").data) == 1
    assert wavelet(run(data, "jp2", quality=60, lossless=True).data) == 1


@pytest.mark.parametrize("target", ["jpeg", "webp", "avif", "heic", "jxl", "jp2", "pdf"])
def test_quality_counts_in_every_target_that_takes_it(run: Converter, target: str) -> None:
    noise = Image.effect_noise((256, 192), 50).convert("RGB")
    data = images.encoded(noise, "PNG")
    sizes = [len(run(data, target, quality=quality).data) for quality in (1, 30, 60, 95)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("target", ["webp", "jxl", "jp2"])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_lossless_is_exact_whatever_quality_is_asked_besides(run: Converter, target: str, mode: str) -> None:
    image = Image.effect_noise((60, 40), 80).convert(mode)
    if mode.endswith("A"):
        image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda value: max(1, value)))
    data = images.encoded(image, "PNG")
    exact = run(data, target, lossless=True)
    assert apart(exact.image().convert("RGBA"), image.convert("RGBA")) == 0
    assert run(data, target, lossless=True, quality=5).data == exact.data


def test_a_profile_of_another_kind_of_colour_is_said_and_left(run: Converter) -> None:
    ink = images.cmyk_jpeg(profile=profiles.srgb_profile())
    assert_ignored(run(ink, "png"), (0, 255, 255))
    grey = images.encoded(Image.new("L", (32, 32), 90), "JPEG", icc_profile=profiles.cmyk_profile())
    assert_ignored(run(grey, "png"), (90, 90, 90))
    colour = images.encoded(images.quarters(), "TIFF", icc_profile=profiles.cmyk_profile())
    assert_ignored(run(colour, "png"), images.RED)


def assert_ignored(result: Result, colour: tuple[int, int, int]) -> None:
    assert result.warnings == ["profile_ignored"]
    assert near(result.image().convert("RGB").getpixel((3, 3)), colour, 4)


@pytest.mark.parametrize("source", ["WEBP", "PNG"])
@pytest.mark.parametrize("target", ["gif", "png", "webp", "avif", "tiff"])
def test_every_frame_of_a_turned_film_is_turned_once(run: Converter, source: str, target: str) -> None:
    frames = [images.quarters().transpose(Image.Transpose.ROTATE_90) for _ in range(2)]
    frames[1].paste((255, 255, 255), (0, 0, 4, 4))
    settings: dict[str, Any] = {"lossless": True} if source == "WEBP" else {}
    data = images.encoded(frames[0], source, save_all=True, append_images=frames[1:], exif=images.exif(6), **settings)
    result = run(data, target, metadata="keep")
    assert (result.converted.width, result.converted.height, result.converted.frames) == (48, 32, 2)
    for seen in result.frames("RGB"):
        assert near(seen.getpixel((12, 14)), images.RED, 20)
        assert near(seen.getpixel((36, 28)), images.BLUE, 20)
    assert 0x0112 not in result.image().getexif()


@pytest.mark.parametrize("seed", range(3))
def test_a_film_whose_frames_are_equal_keeps_its_time(run: Converter, seed: int) -> None:
    """Encoders make one frame of equal neighbours; whatever they make, it lasts as long."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    film = [images.film()[chance.choice((0, 0, 1))] for _ in range(12)]
    times = [chance.choice((20, 50, 130)) for _ in film]
    data = images.encoded(film[0], "PNG", save_all=True, append_images=film[1:], duration=times)
    total = sum(run(data, "png").times())
    assert total == sum(times)
    for target in ("gif", "webp", "avif"):
        result = run(data, target)
        assert (sum(result.times()), result.warnings) == (total, [])
