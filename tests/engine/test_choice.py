"""One of several: pages, frames and entries; how often a film plays; sizes of icons; paper; sampling."""

import io
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conformance import images
from conformance.running import near
from core.formats import find
from engine.codecs.icns import KINDS
from engine.pixels.paper import SHEETS, choose_paper
from tests.engine.conftest import Converter
from tests.engine.programs import run_program

COLORS = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def several(kind: str) -> bytes:
    """Three pictures, red, green and blue. Those of a film have one size, others grow."""
    wide = kind in {"TIFF", "MPO", "HEIC"}
    pictures = [Image.new("RGB", (48 + 16 * place * wide, 32), color) for place, color in enumerate(COLORS)]
    if kind == "HEIC":
        library: Any = pytest.importorskip("pillow_heif")
        file, buffer = library.HeifFile(), io.BytesIO()
        for picture in pictures:
            file.add_from_pillow(picture)
        file.save(buffer, quality=90)
        return buffer.getvalue()
    return images.encoded(pictures[0], kind, save_all=True, append_images=pictures[1:])


@pytest.mark.parametrize("target", ["png", "jpeg", "gif", "pdf", "ico"])
@pytest.mark.parametrize("kind", ["TIFF", "MPO", "HEIC", "GIF", "PNG", "WEBP", "AVIF"])
def test_one_of_several_is_taken_by_its_number(run: Converter, kind: str, target: str) -> None:
    data = several(kind)
    for number, color in enumerate(COLORS, 1):
        result = run(data, target, page=number)
        assert set(result.warnings) <= ({"resized_to_limit"} if target == "ico" else set())
        assert result.converted.frames == 1
        assert result.outcome.source is not None
        assert result.outcome.source.frames == 3
        if target == "pdf":
            continue
        seen = result.image().convert("RGB")
        wide = 48 + 16 * (number - 1) * (kind in {"TIFF", "MPO", "HEIC"})
        assert seen.size == ((wide, 32) if target != "ico" else (48 if wide < 64 else 64,) * 2)
        assert near(seen.getpixel((20, seen.height // 2)), color, 8)


@pytest.mark.parametrize("kind", ["TIFF", "MPO", "HEIC", "GIF", "PNG", "WEBP", "AVIF"])
def test_a_number_beyond_the_last_tells_how_many_there_are(run: Converter, kind: str) -> None:
    result = run(several(kind), "png", page=4)
    assert result.failure == "bad_option"
    assert result.outcome.failure is not None
    assert "it has 3 pages, frames or pictures" in result.outcome.failure.detail


def test_a_single_picture_is_its_first_page(run: Converter) -> None:
    data = images.encoded(images.quarters(), "PNG")
    assert run(data, "png", page=1).image().size == (48, 32)
    assert run(data, "png", page=2).failure == "bad_option"


def test_a_page_is_worked_on_by_its_own_size(run: Converter) -> None:
    data = several("TIFF")
    assert run(data, "gif", page=3, width=40).image().size == (40, 16)
    assert run(data, "png", page=3, crop="70,0,10,32").image().size == (10, 32)
    assert run(data, "png", page=1, crop="70,0,10,32").failure == "bad_option"
    assert run(data, "png", page=3, limits={"max_pixels": 64 * 32 * 3}, width=400, enlarge=True).failure


@pytest.mark.parametrize(
    ("options", "page"),
    [({}, 2), ({"page": 2}, 2), ({"page": 3}, 3), ({"page": 3, "rotate": 90}, 3)],
)
def test_the_page_that_a_crop_leaves_is_named(run: Converter, options: dict[str, Any], page: int) -> None:
    sizes = [(90, 90), (40, 30), (20, 50)]
    data = images.encoded(
        Image.new("RGB", sizes[0]), "TIFF", save_all=True, append_images=[Image.new("RGB", size) for size in sizes[1:]]
    )
    result = run(data, "tiff", crop="0,0,60,60", **options)
    assert result.failure == "bad_option"
    assert result.outcome.failure is not None
    width, height = sizes[page - 1][::-1] if "rotate" in options else sizes[page - 1]
    assert f"reaches outside of page {page}, which has {width} x {height} pixels" in result.outcome.failure.detail


def test_an_entry_of_an_album_is_turned_by_its_own_orientation(run: Converter) -> None:
    first = images.quarters()
    second = images.opened(images.oriented(6, "JPEG", quality=95))
    data = images.encoded(first, "MPO", save_all=True, append_images=[second], exif=b"")
    assert run(data, "png", page=2).image().size in {(48, 32), (32, 48)}


@pytest.mark.parametrize("target", ["gif", "png", "webp", "avif"])
@pytest.mark.parametrize("loop", [0, 1, 5])
def test_a_film_plays_as_often_as_asked(run: Converter, target: str, loop: int) -> None:
    data = run(images.animated_gif(loop=2), target, loop=loop).data
    if target == "avif":
        # An edit list repeats the film; forever is a duration of all ones (ISO 14496-12).
        assert (b"elst" in data) or loop == 1
        assert run(data, "png").data[37:41] == b"acTL"
        again = run(data, "gif").image()
    else:
        again = images.opened(data)
    # Pillow counts the repeats of a GIF, and none when it plays once.
    seen = again.info.get("loop", None)
    gif = target in {"gif", "avif"}
    assert seen == ({0: 0, 1: None, 5: 4}[loop] if gif else loop) or seen == loop


def test_a_film_plays_as_often_as_the_original_without_an_option(run: Converter) -> None:
    source = images.animated_webp(loop=3)
    assert images.opened(run(source, "webp").data).info["loop"] == 3


def sides_of(data: bytes) -> list[int]:
    (count,) = struct.unpack_from("<H", data, 4)
    return [data[6 + 16 * entry] or 256 for entry in range(count)]


def test_an_icon_has_the_sizes_that_are_asked_and_nothing_is_enlarged(run: Converter) -> None:
    data = images.encoded(images.quarters(), "PNG")
    result = run(data, "ico", sizes="20,64,256")
    assert sides_of(result.data) == [20, 64, 256]
    large = result.image().convert("RGBA")
    assert large.getbbox() == (104, 112, 152, 144)
    assert sides_of(run(data, "ico").data) == [16, 24, 32, 48]
    blocks = run(data, "icns", sizes="16,512").data
    assert b"icp4" in blocks
    assert b"ic09" in blocks
    assert b"ic07" not in blocks


def test_the_sides_of_icns_are_those_of_its_blocks() -> None:
    icns = find("icns")
    assert icns is not None
    assert set(icns.icon_sides) == set(KINDS)


@pytest.mark.parametrize(
    ("picture", "paper", "size", "box"),
    [
        ((300, 200), "fit", (300, 200), (0, 0, 300, 200)),
        ((300, 200), "letter", (792, 612), (246, 206, 300, 200)),
        ((200, 300), "letter", (612, 792), (206, 246, 200, 300)),
        ((1584, 612), "letter", (792, 612), (0, 153, 792, 306)),
        ((612, 7920), "letter", (612, 792), (275.4, 0, 61.2, 792)),
        ((612, 612), "letter", (612, 792), (0, 90, 612, 612)),
    ],
)
def test_a_picture_lies_in_the_middle_of_its_sheet_and_is_never_enlarged(
    picture: tuple[int, int], paper: str, size: Any, box: Any
) -> None:
    page = choose_paper(picture, None, paper)
    assert (page.width, page.height) == pytest.approx(size)
    assert page.box == pytest.approx(box)


def test_a4_is_that_of_the_standard() -> None:
    assert SHEETS["a4"] == pytest.approx((595.276, 841.890), abs=0.001)


def show_pages(data: bytes, folder: Path) -> tuple[list[tuple[float, float]], list[Image.Image]]:
    """Page sizes in points by pdfinfo, and pages drawn at 36 dpi by poppler."""
    file = folder / "result.pdf"
    file.write_bytes(data)
    told = run_program("pdfinfo", "-l", "99", file).stdout
    sizes = [(float(w), float(h)) for w, h in re.findall(r"size:\s+([\d.]+) x ([\d.]+) pts", told)]
    run_program("pdftoppm", "-r", "36", "-png", file, folder / "page")
    return sizes, [Image.open(drawn).convert("RGB") for drawn in sorted(folder.glob("page-*.png"))]


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_each_page_of_a_pdf_is_a_sheet_with_its_picture_in_the_middle(
    run: Converter, tmp_path: Path, paper: str
) -> None:
    pictures = [Image.new("RGB", size, images.RED) for size in ((288, 144), (144, 1684))]
    data = images.encoded(pictures[0], "TIFF", save_all=True, append_images=pictures[1:])
    sizes, pages = show_pages(run(data, "pdf", paper=paper).data, tmp_path)
    upright = SHEETS[paper]
    assert [size == pytest.approx(sheet, abs=0.01) for size, sheet in zip(sizes, (upright[::-1], upright), strict=True)]
    for page, (width, height) in zip(pages, ((144, 72), (36, upright[1] / 2)), strict=True):
        left, top, right, bottom = (
            page.convert("L").point(lambda value: 255 if value < 160 else 0).getbbox() or (0,) * 4
        )
        assert (right - left, bottom - top) == pytest.approx((width, height), abs=2 + (height > 400) * 40)
        assert left + right == pytest.approx(page.width, abs=3)
        assert top + bottom == pytest.approx(page.height, abs=3)


@pytest.mark.parametrize(("asked", "seen"), [("444", (1, 1)), ("422", (2, 1)), ("420", (2, 2))])
@pytest.mark.parametrize("target", ["jpeg", "pdf"])
def test_colour_has_the_resolution_that_is_asked(
    run: Converter, target: str, asked: str, seen: tuple[int, int]
) -> None:
    data = run(images.noisy_jpeg(), target, subsampling=asked).data
    jpeg = data[data.index(b"\xff\xd8\xff") :]
    at = jpeg.index(b"\xff\xc0")
    factors = jpeg[at + 11]
    assert (factors >> 4, factors & 15) == seen


@pytest.mark.parametrize("asked", ["444", "422", "420"])
def test_colour_of_heic_and_avif_has_the_resolution_that_is_asked(run: Converter, asked: str) -> None:
    data = images.noisy_jpeg((96, 64))
    heic, avif = (run(data, target, subsampling=asked).data for target in ("heic", "avif"))
    # ISO 14496-15, section 8.3.3.1.2, and the AV1 codec configuration box: what decoders are told before all else.
    assert heic[heic.index(b"hvcC") + 4 + 16] & 3 == {"420": 1, "422": 2, "444": 3}[asked]
    assert avif[avif.index(b"av1C") + 4 + 2] >> 2 & 3 == {"420": 3, "422": 2, "444": 0}[asked]
