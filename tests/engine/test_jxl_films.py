"""Animated JPEG XL: every frame as libjxl composes it, with its time, and limits before anything is decoded."""

import base64
from fractions import Fraction

import numpy as np
import pytest
from imagecodecs import jpegxl_decode, jpegxl_encode
from numpy.typing import NDArray
from PIL import Image

from engine.codecs import jxl as jxl_codec
from engine.codecs import jxl_frames
from engine.codecs.jxl_frames import list_ticks
from engine.containers import jxl
from engine.errors import ConversionError
from engine.pixels.samples import Samples
from tests.engine.conftest import Converter
from tests.engine.test_heic_jxl import plain_jxl, rewritten

BLUE, CLEAR = (20, 40, 160, 255), (0, 0, 0, 0)
MADE = {
    BLUE: b"{|Z<z!2kk^O9BW2q6h#0oB&H0ixmLWl49gB>H;wU;JyX`D3T&H$*CwOg`Nbcmv6LghygZKBnSfP3jhF|081E)6#&$dV&olpffxV+g3$#K5*akX"
    b"ffyZyt^$;!Si*lyvm{tL2m%@f0Gt3z7>gAE)RHdpc)UOi0Eq!383Ym$G|Ax^J46C8L7O~V$v}q~3=j",
    CLEAR: b"{|Z<z!2lK%mjnn1Fns_3fB*oD081E)6#&%Y#TcVb7Z3q}$XEdYffjPsIeq~{nDmYD>N0pm2#5ec00IU8k_iBG081E)6~YN)T!#MwA^<q#X8Tk"
    b"u)Z(rX00000000PxAV2^D1^_Aq0CWIL7>gCc3F2)j=NAwGKp}sYbI5i|!C?RZ00000",
}
"""By cjxl 0.7 without loss, of APNGs of `walking`. Two frames of CLEAR are patches. Its last lasts 10 ms."""

TIMES = {BLUE: [40, 250, 70], CLEAR: [500, 100, 100]}


def made(ground: tuple[int, int, int, int]) -> bytes:
    return base64.b85decode(MADE[ground])


def walking(ground: tuple[int, ...]) -> list[Image.Image]:
    frames = []
    for number in range(3):
        frame = Image.new("RGBA", (16, 12), ground)
        frame.paste((200, 30 + 60 * number, 40, 255), (number * 4, 2, number * 4 + 4, 8))
        if ground != CLEAR:
            frame.paste((number, 0, 0, 255), (0, 0, 1, 1))
            frame.paste((number, 0, 0, 255), (15, 11, 16, 12))
        frames.append(frame)
    return frames


def stack(shape: tuple[int, ...], kind: type[np.uint8] | type[np.uint16] = np.uint8) -> NDArray[np.integer]:
    top = 255 if kind is np.uint8 else 65_535
    drawn = np.random.default_rng(8).integers(0, top, shape)
    made: NDArray[np.integer] = drawn.astype(kind)
    return made


def encoded(samples: Samples, **settings: bool) -> bytes:
    return bytes(jpegxl_encode(samples, numthreads=1, **({"lossless": True} | settings)))


@pytest.mark.parametrize("ground", MADE)
@pytest.mark.parametrize("target", ["png", "webp", "gif", "tiff"])
def test_frames_and_times_are_those_of_the_file(run: Converter, target: str, ground: tuple[int, int, int, int]) -> None:
    result = run(made(ground), target, **({"lossless": True} if target == "webp" else {}))
    assert result.warnings == []
    assert result.outcome.source is not None
    assert result.outcome.source.frames == result.converted.frames == 3
    for seen, wanted in zip(result.frames(), walking(ground), strict=True):
        assert np.array_equal(np.where(np.asarray(seen)[..., 3:] == 0, 0, np.asarray(seen)), np.asarray(wanted))
    if target != "tiff":
        assert result.times() == TIMES[ground]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_kinds_of_pixels(run: Converter, channels: int) -> None:
    samples = stack((3, 20, 30, channels))
    if channels in {2, 4}:
        samples[..., -1] |= 1
    data = encoded(samples[..., 0] if channels == 1 else samples)
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    for index, frame in enumerate(run(data, "png").frames()):
        wanted = np.asarray(jpegxl_decode(data, index=index)).reshape(20, 30, channels)
        assert frame.tobytes() == Image.frombytes(mode, (30, 20), wanted.tobytes()).convert("RGBA").tobytes()


def test_with_loss_it_is_what_the_decoder_shows(run: Converter) -> None:
    data = encoded(np.repeat(stack((2, 5, 5, 3)), 8, axis=1).repeat(8, axis=2), lossless=False)
    for index, frame in enumerate(run(data, "png").frames("RGB")):
        assert np.abs(np.asarray(frame).astype(int) - jpegxl_decode(data, index=index)).max() <= 1


def test_more_bits_are_scaled_and_said(run: Converter) -> None:
    samples = stack((2, 9, 7, 3), np.uint16)
    result = run(jxl.mark_as_srgb(encoded(samples)), "png")
    assert result.warnings == ["depth_reduced"]
    assert np.abs(np.stack([np.asarray(frame) for frame in result.frames("RGB")]) - samples / 257).max() <= 1


def test_other_targets_take_the_first_frame(run: Converter) -> None:
    result = run(made(BLUE), "bmp")
    assert result.warnings == ["animation_dropped"]
    assert result.image().getpixel((1, 3)) == (200, 30, 40)


def test_limits_are_checked_before_a_pixel_is_decoded(run: Converter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jxl_codec, "decode_frames", None)
    assert run(made(BLUE), "bmp", limits={"max_frames": 2}).failure == "too_many_frames"
    assert run(made(BLUE), "bmp", limits={"max_pixels": 3 * 16 * 12 - 1}).failure == "too_many_pixels"
    with pytest.raises(ConversionError, match="more than the 2 frames"):
        list_ticks(made(BLUE), 2)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9, 0.99])
def test_a_film_that_ends_early(run: Converter, part: float) -> None:
    data = encoded(stack((4, 40, 40, 3)))
    assert run(data[: int(len(data) * part)], "webp").failure == "truncated_image"


@pytest.mark.parametrize("at", [0.3, 0.5, 0.8])
def test_a_damaged_film(run: Converter, at: float) -> None:
    data = bytearray(encoded(stack((4, 40, 40, 3))))
    data[int(len(data) * at) :][:200] = bytes(200)
    data[int(len(data) * at) : int(len(data) * at) + 200] = b"\xff" * 200
    assert run(bytes(data), "webp").failure in {"corrupt_image", "truncated_image"}


def number(value: int, bits: int) -> str:
    return f"{value:0{bits}b}"[::-1]


@pytest.mark.parametrize(("fields", "tick", "loop_count"), [
    ("00" + "00" + "00", Fraction(10), 0),
    ("10" + "00" + "10" + number(5, 3), Fraction(1), 5),
    ("01" + number(249, 10) + "01" + number(1, 8) + "01" + number(70_00, 16), Fraction(8), 7000),
    ("11" + number(23_999, 30) + "10" + "11" + number(1 << 31, 32), Fraction(1_001_000, 24_000), 1 << 31),
])  # fmt: skip
def test_the_unit_of_times_and_the_loops_are_read(fields: str, tick: Fraction, loop_count: int) -> None:
    header = jxl.parse_file(rewritten(plain_jxl(Image.new("RGB", (40, 30))), "000" + "00" + "1" + fields + "0")).header
    assert (header.tick, header.loop_count) == (tick, loop_count)
    assert (header.width, header.height, header.alpha) == (40, 30, False)


def test_without_libjxl_a_film_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jxl_frames, "load_decoder", lambda: None)
    with pytest.raises(ConversionError, match="animation"):
        list_ticks(made(BLUE), 10)
