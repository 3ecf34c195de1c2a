"""Pictures for HDR screens: fitted to sRGB, from all the depth that the file has, and said."""

import base64
import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from imagecodecs import avif_encode
from numpy.typing import NDArray
from PIL import Image

from conformance import images
from conformance.profiles import D50_XYZ, _pack_profile, _pack_xyz, rgb_profile
from conformance.running import near
from engine.color import hdr
from engine.color.colorimetry import Hdr
from tests.engine.conftest import Converter

PQ, HLG, BT2020 = 16, 18, 9
LIGHT = (0.0, 10.0, 50.0, 94.5, 203.0, 1000.0, 4000.0)
"""Greys in cd/m2."""

SHOWN = (0, 43, 98, 133, 188, 255, 255)
"""The same greys in Chromium 156, on a screen of sRGB."""

RED_LIGHT, RED_SHOWN = (300.0, 20.0, 10.0), (255, 0, 23)
"""A red of BT.2020's primaries, which lies outside of sRGB."""

JXL = base64.b85decode(
    "0000CN?1%F4GM<}0000KW^{RQYItlQ00000YItlQ00009YItmH3IG5AL~3|!WB&?61pENx(IXBA0001h2m%2BoB&H0ixmLe8860Q!MnQ)gaELJTm"
    "f)t<dkAj3y2k!d1yEVr3NY}76"
)
"""16 x 16 pixels in PQ, 203 cd/m2 and RED_LIGHT, written without loss by cjxl 0.7."""


def pq(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """SMPTE ST 2084's samples of light in cd/m2."""
    powered = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * powered) / (1 + 18.6875 * powered)) ** 78.84375


def hlg(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """HLG's samples of greys in cd/m2 on its screen of 1,000."""
    scene = np.minimum(light / 1000, 1) ** (1 / 1.2)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def stripes(curve: int, colors: NDArray[np.float64]) -> NDArray[np.uint16]:
    """A picture of 16 bits with a stripe of 16 pixels for each color."""
    coded = {PQ: pq, HLG: hlg}[curve](colors)
    return np.repeat(np.repeat(np.round(coded * 65_535).astype(np.uint16)[None], 16, 1), 16, 0)


GREYS = np.repeat(np.array(LIGHT)[:, None], 3, 1)


def png(samples: NDArray[np.uint16], curve: int, depth: int = 16) -> bytes:
    height, width, channels = samples.shape
    rows = samples.astype(">u2") if depth == 16 else (samples / 257).round().astype(np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    numbers = images.chunk(b"cICP", bytes((BT2020, curve, 0, 1)))
    return images.png_of(width, height, depth, {1: 0, 3: 2, 4: 6}[channels], raw, numbers)


def avif(samples: NDArray[np.uint16], curve: int, depth: int = 10) -> bytes:
    return bytes(
        avif_encode(
            samples >> 16 - depth, 100, speed=6, bitspersample=depth, pixelformat="444", primaries=BT2020, transfer=curve,
            matrix=9, numthreads=1,
        )
    )  # fmt: skip


def heic(samples: NDArray[np.uint16], curve: int) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    height, width, _ = samples.shape
    file, buffer = pillow_heif.from_bytes("RGB;16", (width, height), samples.tobytes()), io.BytesIO()
    numbers = {"color_primaries": BT2020, "transfer_characteristics": curve, "matrix_coefficients": 9}
    file.save(buffer, quality=100, chroma=444, full_range_flag=1, **numbers)
    return buffer.getvalue()


@pytest.mark.parametrize("curve", [PQ, HLG])
@pytest.mark.parametrize("make", [png, avif, heic])
@pytest.mark.parametrize("color", ["srgb", "keep"])
def test_greys_are_as_a_browser_shows_them(run: Converter, make: Callable[..., bytes], curve: int, color: str) -> None:
    result = run(make(stripes(curve, GREYS), curve), "png", color=color)
    assert "hdr_reduced" in result.warnings
    assert "profile_ignored" not in result.warnings
    assert {PQ: "(PQ)", HLG: "(HLG)"}[curve] in result.outcome.warnings[0].detail
    image = result.image().convert("RGB")
    assert "icc_profile" not in image.info
    for index, wanted in enumerate(SHOWN):
        assert near(image.getpixel((16 * index + 8, 8)), (wanted,) * 3, 2)


@pytest.mark.parametrize("make", [png, avif, heic])
def test_primaries_are_converted(run: Converter, make: Callable[..., bytes]) -> None:
    samples = stripes(PQ, np.array([RED_LIGHT, RED_LIGHT]))
    assert near(run(make(samples, PQ), "png").image().getpixel((16, 8)), RED_SHOWN, 4)


def test_a_jpeg_xl(run: Converter) -> None:
    result = run(JXL, "png")
    assert "hdr_reduced" in result.warnings
    assert near(result.image().convert("RGB").getpixel((2, 2)), (188,) * 3, 1)
    assert near(result.image().getpixel((13, 2)), RED_SHOWN, 2)


@pytest.mark.parametrize("make", [png, avif])
def test_shadows_have_no_steps(run: Converter, make: Callable[..., bytes]) -> None:
    """Neighbours of a ramp are one apart; from samples of 8 bits they would be up to three."""
    light = np.repeat(np.linspace(1, 60, 600)[None, :, None], 3, 2)
    samples = np.round(pq(light) * 65_535).astype(np.uint16).repeat(16, 0)
    data = make(samples, PQ) if make is png else avif(samples, PQ, 12)
    shown = np.asarray(run(data, "png").image().convert("RGB"))[8, :, 1].astype(int)
    assert np.abs(np.diff(shown)).max() <= 1


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_transparency(run: Converter, channels: int) -> None:
    samples = stripes(PQ, GREYS[:, :1].repeat(channels, 1))
    if channels == 4:
        samples[:, :, 3] = 0x8080
    image = run(png(samples, PQ), "png").image()
    assert near([image.getpixel((16 * 4 + 8, 8))], [188 if channels == 1 else (188, 188, 188, 128)], 1)


def test_a_picture_of_8_bits(run: Converter) -> None:
    image = run(png(stripes(HLG, GREYS), HLG, 8), "png").image().convert("RGB")
    assert near(image.getpixel((16 * 3 + 8, 8)), (133,) * 3, 3)


def named_profile(name: str) -> bytes:
    """A profile of that name in its `desc`, whose curves say nothing of HDR."""
    return rgb_profile().replace(b"test profile\0", name.encode().ljust(13, b"\0")[:13])


def tagged_profile(primaries: int, curve: int) -> bytes:
    tag = (b"cicp", b"cicp" + bytes(4) + bytes((primaries, curve, 0, 1)))
    plain = b"curv" + bytes(4) + struct.pack(">IH", 1, 563) + bytes(2)
    columns = [(name, _pack_xyz(D50_XYZ)) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    curves = [(name, plain) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _pack_profile(b"mntr", b"RGB ", [tag, *columns, *curves, (b"wtpt", _pack_xyz(D50_XYZ))])


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("profile", "curve"),
    [
        (tagged_profile(BT2020, PQ), PQ), (tagged_profile(BT2020, HLG), HLG), (named_profile("BT.2100 PQ"), PQ),
        (named_profile("Rec2100HLG"), HLG),
    ],
)  # fmt: skip
@pytest.mark.parametrize("color", ["srgb", "keep"])
def test_a_profile_tells_hdr(run: Converter, source: str, profile: bytes, curve: int, color: str) -> None:
    grey = int(stripes(curve, GREYS)[0, 16 * 4, 0]) >> 8
    data = images.encoded(Image.new("RGB", (16, 16), (grey,) * 3), source, icc_profile=profile)
    result = run(data, "png", color=color)
    assert result.warnings == ["hdr_reduced"]
    assert near(result.image().getpixel((8, 8)), (188,) * 3, 4)


@pytest.mark.parametrize("profile", [tagged_profile(12, 13), named_profile("Epson PQRS"), tagged_profile(12, PQ)[:140]])
def test_other_profiles_are_no_hdr(run: Converter, profile: bytes) -> None:
    data = images.encoded(images.quarters(), "PNG", icc_profile=profile)
    assert "hdr_reduced" not in run(data, "png").warnings


def test_an_animation(run: Converter) -> None:
    frames = [Image.new("RGB", (16, 16), (grey,) * 3) for grey in (148, 40)]
    data = images.encoded(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=100, quality=100)
    at = data.index(b"nclx") + 4
    data = data[:at] + struct.pack(">HH", BT2020, PQ) + data[at + 4 :]
    result = run(data, "webp", lossless=True)
    assert result.warnings == ["hdr_reduced"]
    assert near(result.frames("RGB")[0].getpixel((8, 8)), (188,) * 3, 4)


@pytest.mark.parametrize("wide", [True, False])
def test_pieces_leave_no_seam(wide: bool) -> None:
    """More pixels than are converted at a time, samples that are no numbers among them."""
    samples = np.full((2, 70_000, 3) if wide else (70_000, 2, 3), 0.58, np.float32)
    samples[0, 0] = np.nan
    shown = hdr.reduce_samples(samples, Hdr("PQ", BT2020), 1.0)
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert set(shown[1:].reshape(-1).tolist()) == {int(shown[-1, -1, 0])}
