"""HEIC and JPEG XL: what their containers say is applied once, and what is not read is said."""

import struct
import zlib

import numpy as np
import pytest
from imagecodecs import jpegxl_decode, jpegxl_encode
from PIL import Image

from conformance import images
from conformance.running import apart, near
from engine.codecs import heic
from engine.containers import jxl
from tests.engine.conftest import Converter

BROWN = (200, 100, 50)
BROWN_OF_P3 = (215, 93, 31)
CORNERS = {(12, 8): images.RED, (36, 8): images.GREEN, (36, 24): images.BLUE, (12, 24): images.YELLOW}


def plain_jxl(image: Image.Image) -> bytes:
    """Without loss, so that the header spells everything out."""
    return bytes(jpegxl_encode(np.asarray(image), lossless=True, numthreads=1))


def rewritten(data: bytes, fields: str) -> bytes:
    """A naked codestream with other extra fields in its header; bits as text, the first one first."""
    text = "".join(f"{byte:08b}"[::-1] for byte in data[2:])
    bits = jxl._Bits(data[2:])
    jxl._read_size(bits)
    start = bits.at
    assert text[start : start + 2] == "00", "a header with all or extra fields is not what this is for"
    header = jxl.JxlHeader()
    bits.take_bits(2)
    jxl._read_depth(bits)
    bits.take_flag()
    for _ in range(bits.take_number((0, 0), (0, 1), (4, 2), (12, 1))):
        jxl._read_extra_channel(bits, header)
    bits.take_flag()
    jxl._read_color(bits, header)
    end = bits.at
    # Behind the colour: tone mapping, which is there with extra fields only, extensions, and the default matrix.
    rest = text[end : end + 3]
    assert rest == "001"
    head = text[:start] + "01" + fields + text[start + 2 : end] + "1" + rest
    head += "0" * (-len(head) % 8)
    packed = bytes(int(head[at : at + 8][::-1], 2) for at in range(0, len(head), 8))
    return data[:2] + packed + data[2 + -(-(end + 3) // 8) :]


def turned(orientation: int) -> Image.Image:
    turn = images.TURNED[orientation]
    return images.quarters() if turn is None else images.quarters().transpose(turn)


def turned_heic(orientation: int) -> bytes:
    """With the container's turn and mirror, and with EXIF that says the same again."""
    data = images.encoded(turned(orientation), "HEIF", quality=95, exif=images.exif(orientation).tobytes())
    assert (b"irot" in data or b"imir" in data) == (orientation != 1)
    return data


def turned_jxl(orientation: int) -> bytes:
    return rewritten(plain_jxl(turned(orientation)), f"{orientation - 1:03b}"[::-1] + "000")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jxl", "jxl with EXIF", "heic"])
def test_orientation_is_applied_once(run: Converter, kind: str, orientation: int) -> None:
    data = turned_heic(orientation) if kind == "heic" else turned_jxl(orientation)
    if kind == "jxl with EXIF":
        data = jxl.insert_boxes(data, images.exif(orientation).tobytes()[6:], images.XMP)
    result = run(data, "png", metadata="keep")
    assert result.outcome.source is not None
    assert (result.outcome.source.width, result.outcome.source.height) == (48, 32)
    seen = result.image()
    assert seen.size == (48, 32)
    assert seen.getexif().get(0x0112, 1) == 1
    assert all(near(seen.convert("RGB").getpixel(place), colour, 12) for place, colour in CORNERS.items())


def test_grey_of_16_bits_is_called_what_it_is(run: Converter) -> None:
    ramp = Image.frombytes("I;16", (256, 4), struct.pack("<1024H", *(x * 257 for x in range(256)), *[0] * 768))
    exact = run(images.encoded(ramp, "PNG"), "jxl")
    assert exact.warnings == []
    assert jxl.parse_file(exact.data).header.transfer == jxl.SRGB
    assert jxl.parse_file(exact.data).header.depth == 16
    assert np.array_equal(jpegxl_decode(exact.data).reshape(4, 256), np.asarray(ramp))
    back = run(exact.data, "png")
    assert back.image().mode == "I;16"
    assert np.array_equal(np.asarray(back.image()), np.asarray(ramp))


def test_grey_of_16_bits_with_a_quality_is_still_the_same_grey(run: Converter) -> None:
    flat = Image.new("I;16", (64, 64), 40_000)
    there = run(images.encoded(flat, "PNG"), "jxl", quality=90)
    assert jxl.parse_file(there.data).header.transfer == jxl.LINEAR
    assert near([run(there.data, "png").image().getpixel((9, 9))], [40_000], 400)


def test_sizes_of_a_jxl_are_read_before_it_is_decoded(run: Converter) -> None:
    for size in ((1, 1), (7, 5), (256, 256), (300, 200), (1920, 1080), (8, 2000)):
        file = jxl.parse_file(plain_jxl(Image.new("L", size)))
        assert (file.header.width, file.header.height) == size
        assert file.header.grey
    assert run(plain_jxl(Image.new("L", (300, 200))), "png", limits={"max_pixels": 59_999}).failure == "too_many_pixels"


def test_alpha_of_a_jxl_is_known_by_its_header() -> None:
    for mode, alpha in (("L", False), ("LA", True), ("RGB", False), ("RGBA", True)):
        assert jxl.parse_file(plain_jxl(Image.new(mode, (20, 30)))).header.alpha is alpha


def test_quality_and_lossless_of_a_jxl(run: Converter) -> None:
    noise = Image.effect_noise((128, 96), 60).convert("RGB")
    data = images.encoded(noise, "PNG")
    exact, high, plain, low = (
        run(data, "jxl", **o) for o in ({"lossless": True}, {"quality": 98}, {}, {"quality": 20})
    )
    assert len(exact.data) > len(high.data) > len(plain.data) > len(low.data)
    assert apart(exact.image(), noise) == 0


@pytest.mark.parametrize("left", [0.1, 0.5, 0.9, -20, -1])
@pytest.mark.parametrize("boxed", [False, True])
def test_a_jxl_that_ends_early(run: Converter, boxed: bool, left: float) -> None:
    data = plain_jxl(Image.effect_noise((120, 90), 80).convert("RGB"))
    if boxed:
        data = jxl.insert_boxes(data, images.exif(1).tobytes()[6:], b"")
    cut = data[: int(len(data) * left)] if left > 0 else data[: int(left)]
    assert run(cut, "png").failure == "truncated_image"


def noisy_heic() -> bytes:
    return images.encoded(Image.effect_noise((120, 90), 80).convert("RGB"), "HEIF", quality=80)


@pytest.mark.parametrize("left", [0.1, 0.5, 0.9, -20, -1])
def test_a_heic_that_ends_early(run: Converter, left: float) -> None:
    data = noisy_heic()
    assert run(data[: int(len(data) * left)] if left > 0 else data[: int(left)], "png").failure == "truncated_image"


@pytest.mark.parametrize("kind", ["jxl", "boxed jxl", "heic"])
@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_never_gives_an_internal_error(run: Converter, kind: str, seed: int) -> None:
    noise = Image.effect_noise((60, 40), 80).convert("RGB")
    data = bytearray(noisy_heic() if kind == "heic" else plain_jxl(noise))
    if kind == "boxed jxl":
        data = bytearray(jxl.insert_boxes(bytes(data), images.exif(3).tobytes()[6:], images.XMP))
    for step in range(seed + 1):
        at = zlib.crc32(bytes((seed, step))) % len(data)
        data[max(12, at)] ^= 0xFF >> (step % 7)
    outcome = run(bytes(data), "png").outcome
    assert outcome.failure is None or outcome.failure.code != "internal", outcome.failure


@pytest.mark.parametrize("target", ["heic", "jxl"])
def test_metadata_is_gone_or_kept(run: Converter, target: str) -> None:
    data = images.described_jpeg()
    gone = run(data, target)
    assert not {word for word in (b"Millstone", b"secret", b"GPS") if word in gone.data}
    kept = run(data, target, metadata="keep")
    assert kept.warnings == ["metadata_dropped"]
    back = run(kept.data, "png", metadata="keep").image()
    assert back.getexif()[0x010F] == "Millstone"
    assert back.size == (32, 48)
    assert b"secret" in back.info["xmp"]
    assert not {word for word in (b"Millstone", b"secret") if word in run(kept.data, "png").data}


def test_display_p3_in_a_heic_by_profile_and_by_number(run: Converter) -> None:
    data = images.encoded(Image.new("RGB", (64, 64), BROWN), "HEIF", quality=100, chroma=444)
    at = data.index(b"nclx") + 4
    numbered = data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :]
    assert near(run(numbered, "png").image().getpixel((9, 9)), BROWN_OF_P3, 5)
    assert near(run(data, "png").image().getpixel((9, 9)), BROWN, 3)


def test_of_several_pictures_in_a_heic_the_primary_is_taken(run: Converter) -> None:
    first, second = Image.new("RGB", (64, 64), images.RED), Image.new("RGB", (80, 64), images.BLUE)
    data = images.encoded(first, "HEIF", save_all=True, append_images=[second], primary_index=1)
    result = run(data, "webp", lossless=True)
    assert (result.warnings, result.converted.frames, result.converted.width) == (["frames_dropped"], 1, 80)
    assert near(result.image().convert("RGB").getpixel((9, 9)), images.BLUE, 12)


def test_heic_is_read_without_the_encoder_too(run: Converter, monkeypatch: pytest.MonkeyPatch) -> None:
    data = noisy_heic()
    whole = run(data, "png").image()
    monkeypatch.setattr(heic, "find_spec", lambda _: None)
    assert heic.find_library().__name__ == "pi_heif"
    assert apart(run(data, "png").image(), whole) == 0


def test_a_heic_of_odd_sides(run: Converter) -> None:
    for size in ((1, 1), (3, 5), (65, 33)):
        there = run(images.encoded(Image.new("RGB", size, images.GREEN), "PNG"), "heic")
        back = run(there.data, "png").image()
        assert back.size == size
        assert near(back.convert("RGB").getpixel((0, 0)), images.GREEN, 6)
