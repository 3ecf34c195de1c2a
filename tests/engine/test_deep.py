"""Readers and writers of 16 bits a sample: color is kept from end to end where both formats hold it."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from imagecodecs import jpeg2k_encode, jpegxl_encode, tiff_decode
from numpy.typing import NDArray
from PIL import Image

from conformance import images
from core.options import Options
from engine.codecs.plan import WritePlan
from engine.codecs.tiff_writing import write_pages
from engine.containers import jxl
from engine.image import Frame
from engine.pixels.deep import DeepImage
from tests.engine.conftest import Converter
from tests.engine.deep import COLORS, PICTURES, SOFT, TARGETS, WHITE, apart, png16, ppm, seen, stored

PAIRS = [
    (kind, source, target)
    for kind in PICTURES
    for source in ("png", "tiff", "jp2", "ppm")
    for target in TARGETS
    if kind == "RGB" or "ppm" not in {source, target}
]


@pytest.mark.parametrize(("kind", "source", "target"), PAIRS)
def test_16_bits_are_kept_to_the_last(run: Converter, kind: str, source: str, target: str) -> None:
    picture = PICTURES[kind]
    result = run(stored(source, picture), target)
    assert apart(seen(result), picture) == 0
    assert result.warnings == []
    again = run(result.data, "png")
    assert apart(seen(again), picture) == 0
    assert again.warnings == []


@pytest.mark.parametrize("target", ["jpeg", "webp", "bmp", "qoi", "avif"])
def test_elsewhere_it_is_scaled_and_said(run: Converter, target: str) -> None:
    result = run(png16(np.full((4, 4, 3), (40_000, 65_535, 0), np.uint16)), target)
    assert result.warnings == ["depth_reduced"]
    lossy = 3 if target in {"jpeg", "webp", "avif"} else 0
    assert apart(np.asarray(result.image().convert("RGB")), np.full((4, 4, 3), (156, 255, 0))) <= lossy


def test_a_transparent_color_is_told_by_all_its_bits(run: Converter) -> None:
    pixels = np.array([[(40_000, 1, 2), (40_001, 1, 2)]], np.uint16)
    result = run(png16(pixels, images.chunk(b"tRNS", struct.pack(">3H", 40_000, 1, 2))), "png")
    assert seen(result).tolist() == [[[0, 0, 0, 0], [40_001, 1, 2, WHITE]]]
    assert result.warnings == []


def test_a_transparent_grey_is_told_by_all_its_bits(run: Converter) -> None:
    row = b"\0" + struct.pack(">2H", 40_000, 40_001)
    clear = images.chunk(b"tRNS", struct.pack(">H", 40_000))
    result = run(images.png_of(2, 1, 16, 0, row, clear), "png")
    assert seen(result).tolist() == [[[0, 0], [40_001, WHITE]]]
    assert result.warnings == []


@pytest.mark.parametrize("target", ["png", "tiff"])
def test_metadata_and_resolution_come_along(run: Converter, target: str) -> None:
    tag = images.exif().tobytes().removeprefix(b"Exif\0\0")
    chunks = (
        images.chunk(b"pHYs", struct.pack(">IIB", 11_811, 11_811, 1)),
        images.chunk(b"eXIf", tag),
        images.chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + images.XMP),
    )
    kept = Image.open(io.BytesIO(run(png16(SOFT, *chunks), target, metadata="keep").data))
    assert kept.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert kept.getexif()[0x010F] == images.exif()[0x010F]
    assert b"secret" in bytes(kept.info["xmp"])
    bare = run(png16(SOFT, *chunks), target)
    assert b"secret" not in bare.data
    assert Image.open(io.BytesIO(bare.data)).info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_effort_is_the_level_of_a_png(run: Converter) -> None:
    sizes = [len(run(png16(SOFT), "png", effort=effort).data) for effort in (0, 1, 9)]
    assert sizes[0] > SOFT.nbytes
    assert sizes[1] > sizes[2]


@pytest.mark.parametrize(("target", "quality", "allowed"), [("jp2", 90, 400), ("jp2", 20, 12_000), ("jxl", 95, 4_000)])
def test_quality_makes_it_smaller(run: Converter, target: str, quality: int, allowed: int) -> None:
    noise = np.random.default_rng(1).integers(-600, 600, COLORS.shape)
    picture = (COLORS + noise).clip(0, WHITE).astype(np.uint16)
    exact, lossy = run(png16(picture), target), run(png16(picture), target, quality=quality)
    assert len(lossy.data) < len(exact.data)
    back = seen(run(lossy.data, "png"))
    assert np.abs(back.astype(float) - picture).mean() < allowed / 4
    assert back.shape == picture.shape


@pytest.mark.parametrize("quality", [None, 95])
def test_a_jpeg_xl_says_what_its_light_is(run: Converter, quality: int | None) -> None:
    """imagecodecs calls 16 bits linear: other programs would show colors of sRGB's curve too bright."""
    result = run(png16(SOFT), "jxl", quality=quality)
    header = jxl.parse_file(result.data).header
    assert header.transfer == (13 if quality is None else 8)
    light = SOFT[..., :3] / WHITE
    wanted = SOFT[..., :3] if quality is None else matched_light(light)
    opaque = SOFT[..., 3] > 30_000
    assert np.abs(seen(result)[..., :3][opaque] - wanted[opaque]).mean() <= (0 if quality is None else 1_000)
    assert np.abs(seen(result)[..., 3].astype(float) - SOFT[..., 3]).mean() <= (0 if quality is None else 200)


def matched_light(values: NDArray[Any]) -> NDArray[Any]:
    """Linear light of sRGB's values from 0 to 1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4) * WHITE


@pytest.mark.parametrize("depth", [10, 12])
def test_fewer_than_16_bits_become_16(run: Converter, depth: int) -> None:
    largest = (1 << depth) - 1
    few = (COLORS >> (16 - depth)).astype(np.uint16)
    wanted = np.rint(few * (WHITE / largest))
    for data in (bytes(jpeg2k_encode(few, bitspersample=depth)), ppm(few, largest)):
        result = run(data, "png")
        assert apart(seen(result), wanted) == 0
        assert result.warnings == []


def test_a_ppm_in_words_keeps_its_depth(run: Converter) -> None:
    words = b" ".join(b"%d" % value for value in COLORS[:3, :5].ravel())
    result = run(b"P3 5 3\n# said\n65535\n" + words, "png")
    assert apart(seen(result), COLORS[:3, :5]) == 0
    assert result.warnings == []


def test_colors_of_floats_are_scaled_and_said(run: Converter) -> None:
    light = (COLORS / WHITE).astype(np.float32)
    result = run(bytes(jpegxl_encode(light, lossless=True)), "png")
    assert result.warnings == ["depth_reduced"]
    assert result.outcome.warnings[0].detail == "The image has 32 bits a sample; 16 were kept."
    wanted = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * WHITE
    assert apart(seen(result), wanted) <= 8


def test_a_jpeg_2000_says_which_channel_is_alpha(run: Converter) -> None:
    data = run(png16(SOFT), "jp2").data
    assert b"cdef" + struct.pack(">13H", 4, 0, 0, 1, 1, 0, 2, 2, 0, 3, 3, 1, 0) in data
    assert data.index(b"jp2h") < data.index(b"cdef") < data.index(b"jp2c")
    assert b"cdef" not in run(png16(COLORS), "jp2").data


def test_luma_and_chroma_of_16_bits_are_still_read(run: Converter) -> None:
    """OpenJPEG gives the components as they are; Pillow makes colors of them, with 8 bits."""
    grey = np.full((8, 8, 3), (40_000, 32_768, 32_768), np.uint16)
    data = bytes(jpeg2k_encode(grey, colorspace="SYCC", mct=False))
    result = run(data, "png")
    assert result.warnings == ["depth_reduced"]
    assert apart(np.asarray(result.image().convert("RGB")), np.full((8, 8, 3), 156)) <= 1


@pytest.mark.parametrize("name", ["png", "jp2", "ppm"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_what_is_cut_off_fails(run: Converter, name: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, WHITE, COLORS.shape, np.uint16)
    data = stored(name, noise)
    assert run(data[: int(len(data) * share)], "png").failure in {"truncated_image", "corrupt_image"}


def test_an_animation_has_8_bits(run: Converter) -> None:
    frames = [COLORS[:8, :8], COLORS[8:16, :8]]
    packed = [zlib.compress(b"".join(b"\0" + row.astype(">u2").tobytes() for row in frame)) for frame in frames]
    control = struct.pack(">IIIIHHBB", 8, 8, 0, 0, 1, 10, 0, 0)
    film = b"\x89PNG\r\n\x1a\n" + b"".join(
        images.chunk(kind, data)
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)), (b"acTL", struct.pack(">II", 2, 0)),
            (b"fcTL", struct.pack(">I", 0) + control), (b"IDAT", packed[0]),
            (b"fcTL", struct.pack(">I", 1) + control), (b"fdAT", struct.pack(">I", 2) + packed[1]), (b"IEND", b""),
        )
    )  # fmt: skip
    result = run(film, "png")
    assert result.warnings == ["depth_reduced"]
    assert [
        apart(np.asarray(shown), np.rint(frame / 257))
        for shown, frame in zip(result.frames("RGB"), frames, strict=True)
    ] == [0, 0]


def test_pages_of_16_bits_stand_beside_others() -> None:
    pages = [Frame(DeepImage(SOFT.copy())), Frame(Image.new("L", (5, 4), 7)), Frame(DeepImage(COLORS.copy()))]
    settings: dict[str, object] = {"compression": "tiff_adobe_deflate", "exif": Image.Exif()}
    plan = WritePlan(
        pillow="TIFF", settings=dict(settings), later_settings=settings, options=Options(), size=(90, 70), frames=3,
        loop_count=0, warn=print,
    )  # fmt: skip
    sink = io.BytesIO()
    assert write_pages(iter(pages), plan, sink) == 3
    found = [tiff_decode(sink.getvalue(), index=index) for index in range(3)]
    assert apart(found[0], SOFT) == apart(found[2], COLORS) == 0
    assert found[1].tolist() == [[7] * 5] * 4
