"""A result takes the fewest bits that hold its pixels: one, a palette, or grey."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from imagecodecs import png_encode
from PIL import Image, TiffImagePlugin

from conformance import images
from conformance.profiles import grey_profile, rgb_profile
from conformance.running import apart
from core.formats import find
from engine.codecs import png_indexed
from engine.pixels import packing
from tests.engine.conftest import Converter
from tests.engine.programs import run_program

SIZE = (320, 240)


def scan(size: tuple[int, int] = SIZE) -> Image.Image:
    """Dark marks on white paper, of one bit."""
    paper = Image.new("1", size, 1)
    for step in range(0, size[0] - 12, 16):
        paper.paste(0, (step, step // 2 % (size[1] - 8), step + 9, step // 2 % (size[1] - 8) + 5))
    return paper


def drawing(colors: int, mode: str = "RGB", size: tuple[int, int] = SIZE) -> Image.Image:
    """Dots of just so many colours."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    random = np.random.default_rng(colors)
    table = np.unique(random.integers(0, 256, (colors * 2, bands), np.uint8), axis=0)[:colors]
    random.shuffle(table)
    at = random.integers(0, len(table), (size[1], size[0]))
    at.flat[: len(table)] = np.arange(len(table))
    return Image.fromarray(table[at].reshape(size[1], size[0], bands).squeeze(), mode)


def bits_of(data: bytes, name: str) -> int:
    """The bits of a pixel by the file's own header."""
    if name == "png":
        depth, kind = data[24:26]
        return depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    if name == "bmp":
        return int.from_bytes(data[28:30], "little")
    if name == "pcx":
        return data[3] * data[65]
    if name == "tga":
        return data[16]
    if name == "ppm":
        return {b"P4": 1, b"P5": 8, b"P6": 24}[data[:2]]
    tags = TiffImagePlugin.TiffImageFile(io.BytesIO(data)).tag_v2
    return sum(tags.get(258, (1,)))


@pytest.mark.parametrize(("target", "bits"), [("png", 1), ("tiff", 1), ("bmp", 1), ("pcx", 1), ("tga", 8), ("ppm", 1)])
@pytest.mark.parametrize("source", ["1", "L", "RGB", "RGBA"])
def test_one_bit_stays_one_bit(run: Converter, target: str, bits: int, source: str) -> None:
    result = run(images.encoded(scan().convert(source), "PNG"), target)
    assert bits_of(result.data, target) == bits
    assert apart(result.image().convert("L"), scan().convert("L")) == 0


@pytest.mark.parametrize(
    ("target", "bits"),
    [("png", {2: 1, 4: 2, 16: 4, 17: 8, 200: 8, 256: 8}), ("bmp", {2: 1, 4: 4, 16: 4, 17: 8, 200: 8, 256: 8}),
     ("tiff", {2: 1, 4: 4, 16: 4, 17: 8, 200: 8, 256: 8}), ("pcx", dict.fromkeys((2, 4, 16, 17, 200, 256), 8)),
     ("tga", dict.fromkeys((2, 4, 16, 17, 200, 256), 8))],
)  # fmt: skip
@pytest.mark.parametrize("colors", [2, 4, 16, 17, 200, 256])
def test_few_colours_become_a_palette(run: Converter, target: str, bits: dict[int, int], colors: int) -> None:
    image = drawing(colors)
    result = run(images.encoded(image, "PNG"), target)
    assert bits_of(result.data, target) == bits[colors]
    assert apart(result.image().convert("RGB"), image) == 0
    assert len(result.data) < len(images.encoded(image, find(target).title, **save_settings(target)))  # type: ignore[union-attr]


@pytest.mark.parametrize("colors", [2, 16, 200])
def test_other_programs_read_the_palette_of_a_tiff(run: Converter, tmp_path: Path, colors: int) -> None:
    """The width is odd, so that the last byte of a row is half full. There are several strips."""
    image = drawing(colors, size=(1201, 1800))
    path, seen = tmp_path / "page.tiff", tmp_path / "page.png"
    path.write_bytes(run(images.encoded(image, "PNG"), "tiff", dpi=150).data)
    for program in (("vips", "copy"), ("convert",), ("tiff2rgba", "-c", "none")):
        run_program(*program, path, seen)
        assert apart(Image.open(seen).convert("RGB"), image) == 0, program
    assert "Resolution: 150, 150 pixels/inch" in run_program("tiffinfo", path).stdout


@pytest.mark.parametrize("colors", [2, 4, 16])
def test_other_programs_read_the_palette_of_a_png(
    run: Converter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colors: int
) -> None:
    """The width is odd, so that the last byte of a row is partly empty. There are several bands."""
    monkeypatch.setattr(png_indexed, "BAND", 4_000)
    image = drawing(colors, size=(301, 300))
    path, seen = tmp_path / "picture.png", tmp_path / "seen.png"
    path.write_bytes(run(images.encoded(image, "PNG"), "png", dpi=150).data)
    for program in (("vips", "copy"), ("convert",)):
        run_program(*program, path, seen)
        assert apart(Image.open(seen).convert("RGB"), image) == 0, program
    assert images.opened(path.read_bytes()).info["dpi"] == pytest.approx((150, 150), abs=0.1)


def test_dots_are_packed_without_filters(run: Converter) -> None:
    dots = Image.linear_gradient("L").resize((600, 400)).convert("1")
    rows = b"".join(b"\0" + row.tobytes() for row in np.packbits(np.asarray(dots), axis=1))
    source = images.encoded(dots, "PNG")
    sizes = [len(run(source, "png", **options).data) for options in ({}, {"effort": 6}, {"effort": 0})]
    assert sizes[0] <= sizes[1] < len(source) < len(rows) < sizes[2]
    assert sizes[0] < len(zlib.compress(rows, 9)) + 100


def save_settings(target: str) -> dict[str, str]:
    return {"tiff": {"compression": "tiff_adobe_deflate"}, "tga": {"compression": "tga_rle"}}.get(target, {})


@pytest.mark.parametrize("target", ["png", "bmp", "tiff", "pcx", "tga", "ppm"])
def test_more_colours_than_a_palette_holds_stay_colour(run: Converter, target: str) -> None:
    image = drawing(257)
    result = run(images.encoded(image, "PNG"), target)
    assert bits_of(result.data, target) == 24
    assert apart(result.image(), image) == 0


@pytest.mark.parametrize("target", ["png", "tiff", "bmp", "pcx", "tga", "ppm"])
@pytest.mark.parametrize("source", ["RGB", "RGBA"])
def test_grey_that_is_stored_as_colour_becomes_grey(run: Converter, target: str, source: str) -> None:
    grey = Image.effect_noise(SIZE, 60)
    result = run(images.encoded(grey.convert(source), "PNG"), target)
    assert bits_of(result.data, target) == 8
    assert result.stored().mode == "L"
    assert apart(result.stored(), grey) == 0


@pytest.mark.parametrize("target", ["png", "tiff", "tga", "dds", "webp"])
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_that_hides_nothing_is_dropped(run: Converter, target: str, mode: str) -> None:
    """A GIF, for one, has clear pixels or none; only its pixels tell."""
    picture = drawing(2000).convert(mode.removesuffix("A"))
    result = run(
        images.encoded(picture.convert(mode), "PNG"), target, **({"lossless": True} if target == "webp" else {})
    )
    assert "A" not in result.stored().getbands()
    assert apart(result.stored().convert("RGB"), picture.convert("RGB")) == 0
    assert result.warnings == []


@pytest.mark.parametrize("target", ["png", "tiff"])
def test_deep_alpha_that_hides_nothing_is_dropped(run: Converter, target: str) -> None:
    opaque = np.full((8, 8, 4), 65_535, np.uint16)
    opaque[..., :3] = np.arange(192).reshape(8, 8, 3) * 300
    data = run(png_encode(opaque), target).data
    assert bits_of(data, target) == 48
    opaque[3, 4, 3] = 65_534
    assert bits_of(run(png_encode(opaque), target).data, target) == 64


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("colors", [3, 16, 256])
def test_a_png_palette_holds_half_clear_colours(run: Converter, mode: str, colors: int) -> None:
    image = drawing(colors, mode)
    # What alpha 0 hides is made black.
    pixels = np.asarray(image).copy()
    pixels[pixels[..., -1] == 0] = 0
    image = Image.fromarray(pixels, mode)
    result = run(images.encoded(image, "PNG"), "png")
    assert bits_of(result.data, "png") <= (8 if mode == "RGBA" else 16)
    assert apart(result.stored().convert("RGBA"), image.convert("RGBA")) == 0


def test_a_palette_with_a_clear_colour_stays_one(run: Converter) -> None:
    image = drawing(40).quantize(40)
    data = images.encoded(image, "PNG", transparency=bytes([0, 128]))
    result = run(data, "png")
    assert result.stored().mode == "P"
    wanted = images.decoded(data).convert("RGBA")
    wanted.paste((0, 0, 0, 0), mask=wanted.getchannel("A").point([255] + [0] * 255))
    assert apart(result.image(), wanted) == 0


def test_a_smooth_gradient_stays_colour_where_that_is_smaller(run: Converter) -> None:
    """Its rows are the same but for a step, which only the filters of colour see."""
    across = np.add.outer(np.arange(128), np.arange(128)).astype(np.uint8)
    image = Image.fromarray(np.stack([across, 255 - across, across // 2], 2))
    result = run(images.encoded(image, "PNG"), "png")
    assert bits_of(result.data, "png") == 24
    assert len(result.data) <= min(len(images.encoded(one, "PNG")) for one in (image, image.quantize(256)))


def test_a_profile_stays_with_the_kind_of_pixels_that_it_is_for(run: Converter) -> None:
    profile = rgb_profile()
    grey = images.encoded(Image.effect_noise(SIZE, 60).convert("RGB"), "PNG", icc_profile=profile)
    assert run(grey, "png", color="keep").stored().mode == "P"
    few = run(images.encoded(drawing(30), "PNG", icc_profile=profile), "png", color="keep").stored()
    assert (few.mode, few.info["icc_profile"]) == ("P", profile)
    greys = images.encoded(drawing(30, "L"), "PNG", icc_profile=grey_profile())
    seen = run(greys, "png", color="keep").stored()
    assert (seen.mode, seen.info["icc_profile"]) == ("L", grey_profile())


def test_a_scan_is_packed_by_group_4_and_dots_are_not(run: Converter, tmp_path: Path) -> None:
    page = scan((1200, 1600))
    dots = Image.effect_noise((1200, 1600), 60).convert("1")
    for image, scheme in ((page, "CCITT Group 4"), (dots, "AdobeDeflate")):
        path = tmp_path / "page.tiff"
        path.write_bytes(run(images.encoded(image, "PNG"), "tiff").data)
        said = run_program("tiffinfo", path).stdout
        assert f"Compression Scheme: {scheme}" in said
        assert "Predictor" not in said


def test_each_page_is_packed_by_itself(run: Converter) -> None:
    pages = [scan(), drawing(12), Image.effect_noise(SIZE, 60), drawing(2000)]
    source = images.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    result = run(source, "tiff")
    assert [mode for mode, _ in stored_pages(result.data)] == ["1", "P", "L", "RGB"]
    for seen, page in zip(result.frames("RGB"), pages, strict=True):
        assert apart(seen, page.convert("RGB")) == 0


def stored_pages(data: bytes) -> list[tuple[str, object]]:
    """The mode and the resolution of each page."""
    image, found = TiffImagePlugin.TiffImageFile(io.BytesIO(data)), []
    for index in range(image.n_frames):
        image.seek(index)
        found.append((image.mode, image.tag_v2.get(282)))
    return found


def test_a_bitmap_of_few_colours_says_its_resolution(run: Converter) -> None:
    data = run(images.encoded(drawing(9), "PNG"), "bmp", dpi=300).data
    assert struct.unpack_from("<ii", data, 38) == (11_811, 11_811)
    assert struct.unpack_from("<ii", run(images.encoded(drawing(9), "PNG"), "bmp").data, 38) == (3_780, 3_780)


def test_colours_that_no_factor_parts_are_found_by_searching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "FACTORS", ())
    image = drawing(200)
    packed = packing.pack_pixels(image, frozenset({"P"}))
    assert packed.mode == "P"
    assert apart(packed.convert("RGB"), image) == 0


def test_pages_keep_their_own_resolution(run: Converter) -> None:
    buffer = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(buffer) as writer:
        for page, dpi in ((scan(), 50), (drawing(12), 100), (scan(), None)):
            page.save(writer, "TIFF", **({"dpi": (dpi, dpi)} if dpi else {}))
            writer.newFrame()
    kept = stored_pages(run(buffer.getvalue(), "tiff").data)
    assert [dpi for _, dpi in kept] == [50, 100, None]
    asked = stored_pages(run(buffer.getvalue(), "tiff", dpi=200).data)
    assert [dpi for _, dpi in asked] == [200, 200, 200]
