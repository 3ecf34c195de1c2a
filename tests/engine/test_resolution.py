"""Dots per inch of results, across and down, as other programs read them."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from conformance import images
from tests.engine.conftest import Converter
from tests.engine.programs import run_program

FAX = (204, 98)
STORED = ("jpeg", "png", "tiff", "bmp")
METER = Fraction(254, 10_000)
"""Of an inch."""


def read_dpi(data: bytes, target: str, folder: Path) -> tuple[int, int]:
    """Dots per inch by exiftool, of a PCX by ImageMagick; of a PDF by the size of its page, which is 80 x 60 or 60 x 80 pixels."""
    file = folder / f"seen.{target}"
    file.write_bytes(data)
    if target == "pdf":
        found = re.search(r"size:\s+([\d.]+) x ([\d.]+)", run_program("pdfinfo", file).stdout)
        assert found is not None
        points = [float(side) for side in found.groups()]
        pixels = (80, 60) if points[0] == pytest.approx(points[1] * 80 / 60 * FAX[1] / FAX[0], rel=0.01) else (60, 80)
        return (round(pixels[0] * 72 / points[0]), round(pixels[1] * 72 / points[1]))
    if target == "pcx":  # of which exiftool takes one byte of two
        sides = run_program("identify", "-format", "%x %y", file).stdout.split()
        return int(sides[0]), int(sides[1])
    names = {"png": "PixelsPerUnit{}", "bmp": "PixelsPerMeter{}"}.get(target, "{}Resolution")
    group = {"jpeg": "JFIF:", "tiff": "IFD0:"}.get(target, "")
    tags = [f"-{group}{names.format(axis)}" for axis in "XY"]
    across, down = (float(side) for side in run_program("exiftool", "-s3", "-n", *tags, file).stdout.split())
    scale = float(METER) if target in {"png", "bmp"} else 1
    return round(across * scale), round(down * scale)


def turned(source: str, orientation: int) -> bytes:
    """A fax, on its side by that orientation."""
    picture = images.quarters((80, 60))
    if source == "TIFF":
        return images.encoded(picture, "TIFF", dpi=FAX, tiffinfo={0x0112: orientation})
    exif = Image.Exif()
    exif[0x0112] = orientation
    return images.encoded(picture, source, dpi=FAX, exif=exif)


@pytest.mark.parametrize("target", [*STORED, "pcx", "pdf"])
@pytest.mark.parametrize("source", ["TIFF", "JPEG", "PNG"])
def test_unequal_resolutions_follow_a_turn(run: Converter, tmp_path: Path, source: str, target: str) -> None:
    for orientation, rotate in ((1, 90), (1, 180), (6, 0), (8, 90)):
        wanted = FAX if (orientation >= 5) == (rotate in {90, 270}) else FAX[::-1]
        result = run(turned(source, orientation), target, rotate=rotate)
        assert read_dpi(result.data, target, tmp_path) == wanted, (orientation, rotate)


def test_a_page_taken_out_has_its_own_resolution(run: Converter, tmp_path: Path) -> None:
    pages = [images.quarters((80, 60)).rotate(90 * turn, expand=True) for turn in range(2)]
    file = tmp_path / "pages.tiff"
    with TiffImagePlugin.AppendingTiffWriter(str(file)) as writer:
        for page, dpi, orientation in zip(pages, ((72, 72), FAX), (1, 8), strict=True):
            page.save(writer, "TIFF", dpi=dpi, tiffinfo={0x0112: orientation})
            writer.newFrame()
    for target in STORED:
        seen = run(file.read_bytes(), target, page=2).data
        assert read_dpi(seen, target, tmp_path) == FAX[::-1]


@pytest.mark.parametrize(("options", "wanted"), [({}, (98, 204)), ({"rotate": 90}, FAX), ({"dpi": 150}, (150, 150))])
def test_exif_that_is_kept_tells_the_same(run: Converter, tmp_path: Path, options: dict[str, Any], wanted: Any) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x011A], exif[0x011B], exif[0x0128] = 6, *FAX, 3
    if "dpi" not in options:
        exif[0x0128] = 2
    source = images.encoded(images.quarters((80, 60)), "JPEG", exif=exif)
    for target in ("jpeg", "png", "webp"):
        if target == "webp" and "dpi" in options:
            continue
        file = tmp_path / f"seen.{target}"
        file.write_bytes(run(source, target, metadata="keep", **options).data)
        told = run_program("exiftool", "-s3", "-n", "-IFD0:XResolution", "-IFD0:YResolution", file).stdout.split()
        assert tuple(map(int, told)) == wanted
        unit = run_program("exiftool", "-s3", "-n", "-IFD0:ResolutionUnit", file).stdout.strip()
        assert unit == "2"


@pytest.mark.parametrize("target", [*STORED, "pcx"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "I;16"])
def test_a_resolution_is_stored_however_the_picture_is_packed(
    run: Converter, tmp_path: Path, mode: str, target: str
) -> None:
    if mode == "I;16":
        picture = (
            Image.linear_gradient("L").resize((80, 60)).convert("I").point(lambda grey: grey * 250).convert("I;16")
        )
    else:
        picture = images.quarters((80, 60)).convert(mode)
    for dpi in (1, 10_000):
        seen = run(images.encoded(picture, "PNG"), target, dpi=dpi).data
        assert read_dpi(seen, target, tmp_path) == (dpi, dpi)
    described = images.encoded(picture, "PNG", dpi=FAX)
    assert read_dpi(run(described, target).data, target, tmp_path) == FAX


def test_the_resolution_of_a_pcx_is_read(run: Converter, tmp_path: Path) -> None:
    for colors in (None, 4):
        source = run(images.encoded(images.quarters((80, 60)), "PNG", dpi=FAX), "pcx", colors=colors).data
        assert read_dpi(run(source, "png").data, "png", tmp_path) == FAX
