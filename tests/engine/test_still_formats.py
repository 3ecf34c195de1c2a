"""The formats that hold one picture: what is odd about each."""

import struct

import numpy as np
import pypdfium2
import pytest
from imagecodecs import jpeg2k_encode
from PIL import Image

from conformance import images
from conformance.profiles import DISPLAY_P3, rgb_profile
from conformance.running import Boxed, apart, near
from engine.containers.bmff import pack_box
from tests.engine.conftest import Converter


def gradient16() -> Image.Image:
    """16-bit grey, 64 x 4, from black to white."""
    values = [x * 65_535 // 63 for _ in range(4) for x in range(64)]
    return Image.frombytes("I;16", (64, 4), struct.pack(f"<{len(values)}H", *values))


def samples(image: Image.Image) -> list[int]:
    grey = image if image.mode == "I;16" else image.convert("I")
    return [int(grey.getpixel((x, 0)) or 0) for x in range(grey.width)]  # type: ignore[arg-type] # one band


@pytest.mark.parametrize("target", ["jp2", "ppm"])
def test_sixteen_bits_stay_there_and_back(run: Converter, target: str) -> None:
    there = run(images.encoded(gradient16(), "PNG"), target)
    assert there.warnings == []
    back = run(there.data, "png")
    assert back.warnings == []
    assert samples(back.image()) == samples(gradient16())


@pytest.mark.parametrize("name", ["JPEG2000", "PPM"])
def test_colour_of_sixteen_bits_is_said_to_be_reduced(run: Converter, name: str) -> None:
    if name == "PPM":
        data = b"P6 2 1 65535\n" + struct.pack(">6H", 65_535, 0, 0, 0, 65_535, 0)
    else:
        data = bytes(jpeg2k_encode(np.asarray(images.quarters()).astype(np.uint16) * 257))
    result = run(data, "qoi")
    assert result.warnings == ["depth_reduced"]


def test_jpeg_2000_is_lossless_until_a_quality_is_asked_for(run: Converter) -> None:
    picture = Image.effect_noise((128, 128), 60).convert("RGB")
    data = images.encoded(picture, "PNG")
    exact, good, poor = (run(data, "jp2", **o) for o in ({}, {"quality": 90}, {"quality": 10}))
    assert apart(exact.image(), picture) == 0
    assert len(exact.data) > len(good.data) > len(poor.data)


def test_a_bare_codestream_is_read(run: Converter) -> None:
    data = images.encoded(images.quarters(), "JPEG2000", no_jp2=True)
    assert data[:4] == b"\xff\x4f\xff\x51"
    assert apart(run(data, "png").image().convert("RGB"), images.quarters()) == 0


def pages(data: bytes) -> list[Image.Image]:
    """What another program (PDFium) shows of a PDF, a pixel for each point."""
    with pypdfium2.PdfDocument(data) as document:
        return [page.render(scale=1).to_pil().convert("RGB") for page in document]


def test_a_pdf_shows_the_picture(run: Converter) -> None:
    result = run(images.encoded(images.quarters(), "PNG"), "pdf")
    (page,) = pages(result.data)
    assert page.size == (48, 32)
    assert near(page.getpixel((12, 8)), images.RED, 12)
    assert near(page.getpixel((36, 24)), images.BLUE, 12)


def test_pages_of_a_tiff_become_pages_of_a_pdf_each_in_its_size(run: Converter) -> None:
    result = run(images.tiff_pages(3), "pdf")
    assert result.converted.frames == 3
    assert [page.size for page in pages(result.data)] == [(30, 20), (40, 20), (50, 20)]


def test_dpi_decides_how_large_a_pdf_is_printed(run: Converter) -> None:
    (page,) = pages(run(images.encoded(images.quarters(), "PNG"), "pdf", dpi=144).data)
    assert page.size == (24, 16)


def test_what_shines_through_is_laid_on_the_background_of_a_pdf(run: Converter) -> None:
    result = run(images.encoded(images.soft_disc(), "PNG"), "pdf", background="#00ff00")
    assert result.warnings == ["alpha_flattened"]
    assert near(pages(result.data)[0].getpixel((1, 1)), (0, 255, 0), 12)


@pytest.mark.parametrize("rle", [True, False])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_tga_of_any_kind_is_read(run: Converter, mode: str, rle: bool) -> None:
    picture = images.quarters().convert(mode)
    data = images.encoded(picture, "TGA", compression="tga_rle" if rle else None)
    assert apart(run(data, "png").image().convert("RGB"), picture.convert("RGB")) == 0


@pytest.mark.parametrize("head", [b"P1", b"P2", b"P3"])
def test_the_text_forms_of_pnm_are_read(run: Converter, head: bytes) -> None:
    body = {b"P1": b"2 1\n1 0\n", b"P2": b"2 1\n255\n0 255\n", b"P3": b"2 1 255\n0 0 0 255 255 255\n"}[head]
    image = run(head + b"\n# made by hand\n" + body, "png").image().convert("RGB")
    assert [image.getpixel((x, 0)) for x in (0, 1)] == [(0, 0, 0), (255, 255, 255)]


def packed_sgi(rows: list[bytes], *, depth: int = 1, width: int = 4) -> bytes:
    """One plane, the lowest row first: a table of where rows start, one of how long they are, the rows."""
    head = struct.pack(">HBBHHHH", 474, 1, depth, 2, width, len(rows), 1).ljust(512, b"\0")
    starts = [512 + 8 * len(rows) + sum(map(len, rows[:index])) for index in range(len(rows))]
    return head + struct.pack(f">{2 * len(rows)}I", *starts, *map(len, rows)) + b"".join(rows)


def overlapping_sgi(height: int = 2000) -> bytes:
    """Each row begins two bytes behind the one before it, and goes on to the end."""
    runs = b"\x01\x10" * 2 * height + b"\0"
    head = struct.pack(">HBBHHHH", 474, 1, 1, 2, height, height, 1).ljust(512, b"\0")
    starts = [512 + 8 * height + 2 * index for index in range(height)]
    return head + struct.pack(f">{2 * height}I", *starts, *(len(runs) - 2 * index for index in range(height))) + runs


RUNS = [b"\x04\x10\0", b"\x82\1\2\x02\xff\0"]
"""A run of four; two samples as they are and a run of two."""


def test_a_packed_sgi_is_read_from_below(run: Converter) -> None:
    assert list(run(packed_sgi(RUNS), "png").image().tobytes()) == [1, 2, 255, 255, 16, 16, 16, 16]


def test_of_an_sgi_with_16_bits_8_are_kept_and_that_is_said(run: Converter) -> None:
    rows = [struct.pack(">3H", 0x0004, 0x8000, 0), struct.pack(">6H", 0x0084, 0, 0x4000, 0x8000, 0xFFFF, 0)]
    result = run(packed_sgi(rows, depth=2), "png")
    assert result.warnings == ["depth_reduced"]
    assert list(result.image().tobytes()) == [0, 64, 128, 255, 128, 128, 128, 128]


@pytest.mark.parametrize(
    ("data", "failure"),
    [
        (packed_sgi([RUNS[0], b"\x02\x10\0"]), "corrupt_image"),
        (packed_sgi([RUNS[0], b"\x05\x10\0"]), "corrupt_image"),
        (packed_sgi([RUNS[0], b"\x84\x10"]), "corrupt_image"),
        (packed_sgi([RUNS[0], b""]), "corrupt_image"),
        (packed_sgi([RUNS[0], RUNS[1][:-1]]), "corrupt_image"),
        (packed_sgi(RUNS)[:-1], "truncated_image"),
        (packed_sgi(RUNS)[:520], "truncated_image"),
        (packed_sgi(RUNS)[:100], "truncated_image"),
        (packed_sgi([]), "corrupt_image"),
        (overlapping_sgi(), "corrupt_image"),
        (packed_sgi(RUNS)[:104] + struct.pack(">I", 3) + packed_sgi(RUNS)[108:], "unsupported_image"),
    ],
)
def test_of_a_bad_sgi_there_is_no_half_picture(run: Converter, data: bytes, failure: str) -> None:
    """Rows that are too short, too long, cut or missing; no rows; rows on each other; and a color map."""
    assert run(data, "png").failure == failure


def test_an_sgi_says_nothing_of_its_own_name(boxed: Boxed) -> None:
    data = boxed(images.encoded(images.quarters(), "PNG"), source="png", target="sgi").data
    assert data[24:512] == bytes(488)


@pytest.mark.parametrize("name", ["JPEG2000", "ICO", "PPM", "PCX", "DDS", "QOI", "SGI", "TGA"])
def test_a_cut_file_fails_with_a_stable_code(run: Converter, name: str) -> None:
    noise = Image.effect_noise((64, 64), 80).convert("RGB")
    settings = {"sizes": [(64, 64)]} if name == "ICO" else {}
    data = images.encoded(noise, name, **settings)
    assert run(data[: len(data) // 2], "png").failure in {"truncated_image", "corrupt_image"}


def test_nothing_is_left_of_the_name_of_a_pdf(run: Converter) -> None:
    """Pillow names a PDF after its file, and says when it was made."""
    data = run(images.encoded(images.quarters(), "PNG"), "pdf").data
    with pypdfium2.PdfDocument(data) as document:
        assert document.get_metadata_dict(skip_empty=True).get("Title") is None


def test_a_fourth_sample_of_a_tga_is_alpha_only_where_its_header_says_so(run: Converter) -> None:
    clear = images.quarters().convert("RGBA")
    clear.putalpha(0)
    data = bytearray(images.encoded(clear, "TGA"))
    assert data[17] & 15 == 8
    data[17] &= 0xF0
    assert apart(run(bytes(data), "png").image().convert("RGBA"), images.quarters().convert("RGBA")) == 0


def test_a_profile_in_a_jpeg_2000_is_used(run: Converter) -> None:
    data = images.encoded(Image.new("RGB", (8, 8), (200, 100, 50)), "JPEG2000")
    at = data.index(b"colr") - 4
    old = int.from_bytes(data[at : at + 4], "big")
    box = b"colr\2\0\0" + rgb_profile(DISPLAY_P3)
    box = (len(box) + 4).to_bytes(4, "big") + box
    head = data.index(b"jp2h") - 4
    size = int.from_bytes(data[head : head + 4], "big") + len(box) - old
    changed = data[:head] + size.to_bytes(4, "big") + data[head + 4 : at] + box + data[at + old :]
    assert near(run(changed, "png").image().getpixel((3, 3)), (216, 93, 24), 3)


@pytest.mark.parametrize("depth", [9, 12, 15])
def test_a_pnm_of_any_depth_is_scaled(run: Converter, depth: int) -> None:
    high = (1 << depth) - 1
    result = run(b"P5 3 1 %d\n" % high + struct.pack(">3H", 0, high // 2, high), "png")
    assert result.warnings == []
    assert near(samples(result.image()), (0, 32_767, 65_535), 200)


def test_a_large_qoi_takes_no_long(run: Converter) -> None:
    noise = Image.effect_noise((2000, 1500), 60).convert("RGB")
    there = run(images.encoded(noise, "BMP"), "qoi", limits={"seconds": 20.0})
    assert apart(run(there.data, "bmp", limits={"seconds": 20.0}).image().convert("RGB"), noise) == 0


def test_a_jpeg_2000_whose_resolution_makes_no_sense(run: Converter) -> None:
    data = images.encoded(images.quarters(), "JPEG2000")
    head = data.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", data, head)
    inner = data[head + 8 : head + length]
    for resolution, damaged in ((pack_box(b"resc", bytes(10)), False), (b"\0\0\0\x22resc" + bytes(10), True)):
        boxes = pack_box(b"jp2h", inner, pack_box(b"res ", resolution))
        result = run(data[:head] + boxes + data[head + length :], "png")
        assert apart(result.image(), run(data, "png").image()) == 0
        assert result.warnings == (["image_damaged"] if damaged else [])
