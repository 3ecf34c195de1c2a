"""Files that end early, are damaged, or ask for more than is allowed: failures, never half pictures."""

import io
import struct
import zlib

import pytest
from PIL import Image

from conformance import images
from engine.containers import bmff, riff
from tests.engine.conftest import Converter

NOISE = Image.effect_noise((120, 90), 80).convert("RGB")


def many_pages() -> bytes:
    return images.encoded(NOISE, "TIFF", save_all=True, append_images=[NOISE.rotate(90)], compression="tiff_lzw")


def film_of_noise(name: str, **settings: object) -> bytes:
    frames = [NOISE.rotate(turn * 90) for turn in range(3)]
    return images.encoded(frames[0], name, save_all=True, append_images=frames[1:], duration=100, **settings)


WHOLE = {
    "jpeg": images.encoded(NOISE, "JPEG"),
    "progressive jpeg": images.encoded(NOISE, "JPEG", progressive=True),
    "png": images.encoded(NOISE, "PNG"),
    "apng": film_of_noise("PNG"),
    "webp": images.encoded(NOISE, "WEBP"),
    "lossless webp": images.encoded(NOISE, "WEBP", lossless=True),
    "animated webp": film_of_noise("WEBP"),
    "gif": images.encoded(NOISE, "GIF"),
    "animated gif": film_of_noise("GIF"),
    "tiff": images.encoded(NOISE, "TIFF"),
    "lzw tiff": images.encoded(NOISE, "TIFF", compression="tiff_lzw"),
    "deflate tiff": images.encoded(NOISE, "TIFF", compression="tiff_adobe_deflate"),
    "tiff pages": many_pages(),
    "bmp": images.encoded(NOISE, "BMP"),
    "avif": images.encoded(NOISE, "AVIF"),
    "animated avif": film_of_noise("AVIF"),
}


CUTS = [
    (name, left)
    for name in WHOLE
    for left in (0.1, 0.3, 0.5, 0.75, 0.95, -20, -4, -1)
    # Pillow pads pages to 16 bytes, and what is missing of the padding is not missing.
    if not (name == "tiff pages" and -16 < left < 0)
    # The end marks of JPEG, GIF and PNG are no pixels, nor are the check sums before that of PNG.
    if not (name.endswith(("jpeg", "gif")) and left == -1)
    if not (name.endswith("png") and -24 < left < 0)
    # Nor is the byte that fills a chunk of WebP up to an even length.
    if not (name.endswith("webp") and left == -1)
]


@pytest.mark.parametrize(("name", "left"), CUTS)
def test_a_file_that_ends_early_is_a_failure(run: Converter, name: str, left: float) -> None:
    data = WHOLE[name]
    cut = data[: int(len(data) * left)] if left > 0 else data[: int(left)]
    result = run(cut, "png")
    assert result.failure == "truncated_image"
    assert result.data == b""


@pytest.mark.parametrize("name", WHOLE)
def test_the_same_file_is_fine_when_it_is_whole(run: Converter, name: str) -> None:
    assert run(WHOLE[name], "png").converted.width == 120


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_file_never_gives_an_internal_error(run: Converter, name: str, seed: int) -> None:
    data = bytearray(WHOLE[name])
    for step in range(seed + 1):
        at = zlib.crc32(bytes((seed, step))) % len(data)
        data[max(12, at)] ^= 0xFF >> (step % 7)
    result = run(bytes(data), "png")
    assert result.outcome.failure is None or result.failure in {
        "corrupt_image", "truncated_image", "unsupported_image", "too_many_pixels", "too_many_frames", "memory_limit",
    }  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_nothing_but_the_first_bytes(run: Converter, name: str) -> None:
    for length in (18, 24, 30, 64):
        assert run(WHOLE[name][:length], "png").failure in {"corrupt_image", "truncated_image"}


def test_one_right_check_sum_is_enough_for_a_png(run: Converter) -> None:
    """There are two: one of the block, one of all samples, inside of it."""
    whole = images.png_of(4, 1, 8, 0, b"\0abcd")
    at = whole.index(b"IDAT")
    end = at + 4 + int.from_bytes(whole[at - 4 : at], "big")
    wrong_block = whole[:end] + bytes(4) + whole[end + 4 :]
    body = whole[at + 4 : end - 4] + bytes(4)
    wrong_samples = whole[: at - 4] + images.chunk(b"IDAT", body) + whole[end + 4 :]
    both = wrong_block[: end - 4] + bytes(4) + wrong_block[end:]
    for one_wrong in (wrong_block, wrong_samples):
        result = run(one_wrong, "bmp")
        assert result.image().tobytes() == b"abcd"
        assert result.warnings == ["image_damaged"]
    assert run(both, "bmp").failure == "corrupt_image"


def test_a_strip_behind_the_end_of_a_tiff(run: Converter) -> None:
    data = WHOLE["lzw tiff"]
    at = data.index(struct.pack("<HHI", 273, 4, 1)) + 8
    moved = data[:at] + struct.pack("<I", len(data) - 100) + data[at + 4 :]
    assert run(moved, "png").failure == "truncated_image"


def test_an_apng_that_tells_a_wrong_number_of_frames(run: Converter) -> None:
    data = WHOLE["apng"]
    at = data.index(b"acTL") - 4
    fewer, more = (
        data[:at] + control + data[at + len(control) :]
        for control in (images.chunk(b"acTL", struct.pack(">II", claimed, 0)) for claimed in (2, 4))
    )
    assert run(more, "png").failure == "truncated_image"
    assert run(fewer, "png").converted.frames == 3
    assert run(fewer, "png").warnings == ["image_damaged"]


def test_variants_that_are_not_read_are_said(run: Converter) -> None:
    deep = bytearray(images.encoded(NOISE, "JPEG"))
    deep[deep.index(b"\xff\xc0") + 4] = 12
    result = run(bytes(deep), "png")
    assert result.failure == "unsupported_image"
    assert result.outcome.failure is not None
    assert "JPEG" in result.outcome.failure.detail
    odd = images.encoded(NOISE, "TIFF")
    at = odd.index(struct.pack("<HHI", 262, 3, 1)) + 8
    assert run(odd[:at] + b"\x99\x99" + odd[at + 2 :], "png").failure == "unsupported_image"


def test_a_header_that_claims_60000_by_60000(run: Converter) -> None:
    png = images.png_claiming()
    gif = (
        b"GIF89a" + struct.pack("<HHBBB", 60_000, 60_000, 0, 0, 0) + images.encoded(Image.new("L", (1, 1)), "GIF")[13:]
    )
    webp = bytearray(images.encoded(NOISE, "WEBP", lossless=True))
    webp[21:25] = struct.pack("<I", 16_382 | 16_382 << 14)
    jpeg = bytearray(images.encoded(NOISE, "JPEG"))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    tiff = images.encoded(Image.new("L", (60_000, 1)), "TIFF").replace(
        struct.pack("<HHII", 257, 4, 1, 1), struct.pack("<HHII", 257, 4, 1, 60_000)
    )
    bmp = bytearray(images.encoded(NOISE, "BMP"))
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    for data in (png, gif, bytes(webp), bytes(jpeg), tiff, bytes(bmp)):
        assert run(data, "png").failure == "too_many_pixels"


def test_pixels_are_summed_over_frames(run: Converter) -> None:
    for data in (images.animated_gif(), images.animated_png(), images.animated_webp(), images.animated_avif()):
        assert run(data, "png", limits={"max_pixels": 40 * 30 * 4}).converted.frames == 4
        assert run(data, "png", limits={"max_pixels": 40 * 30 * 4 - 1}).failure == "too_many_pixels"
    assert run(images.tiff_pages(), "tiff", limits={"max_pixels": 20 * 119}).failure == "too_many_pixels"


def test_a_result_of_too_many_pixels(run: Converter) -> None:
    options = {"width": 60_000, "height": 60_000, "fit": "fill", "enlarge": True}
    assert run(images.png_with_alpha(), "png", **options).failure == "too_many_pixels"


def test_too_many_frames(run: Converter) -> None:
    sources = [
        images.animated_gif(),
        images.animated_png(),
        images.animated_webp(),
        images.animated_avif(),
        images.tiff_pages(4),
    ]
    for data in sources:
        assert run(data, "tiff", limits={"max_frames": 4}).converted.frames == 4
        assert run(data, "tiff", limits={"max_frames": 3}).failure == "too_many_frames"


def test_the_time_is_checked_between_frames(run: Converter) -> None:
    assert run(images.animated_gif(), "png", limits={"seconds": 0.0}).failure == "timeout"


def test_a_file_of_one_format_is_never_opened_by_another(run: Converter) -> None:
    # The sniffed format alone decides: a PNG behind a BMP's first bytes is a bad BMP.
    fake = b"BM" + bytes(12) + struct.pack("<I", 40) + images.png_with_alpha()
    assert run(fake, "png").failure in {"corrupt_image", "unsupported_image"}


def test_boxes_of_an_avif() -> None:
    data = images.animated_avif()
    assert bmff.read_loop_count(data) == 0
    for count in (1, 2, 7):
        assert bmff.read_loop_count(bmff.set_loop_count(data, count)) == count
    assert bmff.set_loop_count(data, 0) == data
    assert bmff.read_depth(data) == 8
    assert bmff.read_loop_count(images.encoded(NOISE, "AVIF")) == 0


def test_canvas_of_each_kind_of_webp() -> None:
    assert riff.read_canvas(WHOLE["webp"]) == (120, 90)
    assert riff.read_canvas(WHOLE["lossless webp"]) == (120, 90)
    assert riff.read_canvas(WHOLE["animated webp"]) == (120, 90)
    assert riff.count_frames(WHOLE["animated webp"]) == Image.open(io.BytesIO(WHOLE["animated webp"])).n_frames  # type: ignore[attr-defined]
