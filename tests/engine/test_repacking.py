"""A JPEG is packed into JPEG XL without loss, and comes out of it again bit for bit. djxl and cjxl are the judges."""

from pathlib import Path

import pytest
from PIL import Image

from conformance import images
from conformance.profiles import rgb_profile
from conformance.running import apart, near
from tests.engine.conftest import Converter
from tests.engine.programs import run_program

COLORS = Image.merge("RGB", [Image.effect_noise((160, 120), 30) for _ in range(3)])

KINDS = {
    "full chroma": images.encoded(COLORS, "JPEG", subsampling=0),
    "half chroma": images.encoded(COLORS, "JPEG", subsampling=2),
    "progressive": images.encoded(COLORS, "JPEG", progressive=True),
    "grey": images.encoded(COLORS.convert("L"), "JPEG"),
    "restarts": images.encoded(COLORS, "JPEG", restart_marker_blocks=3),
}


def djxl(data: bytes, folder: Path, suffix: str) -> bytes:
    (folder / "seen.jxl").write_bytes(data)
    run_program("djxl", folder / "seen.jxl", folder / f"seen.{suffix}")
    return (folder / f"seen.{suffix}").read_bytes()


def exiftool(data: bytes, folder: Path) -> str:
    (folder / "seen.jxl").write_bytes(data)
    return run_program("exiftool", "-G", folder / "seen.jxl").stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_comes_back_bit_for_bit(run: Converter, tmp_path: Path, kind: str) -> None:
    source = KINDS[kind]
    packed = run(source, "jxl", lossless=True).data
    assert len(packed) < len(source)
    assert djxl(packed, tmp_path, "jpg") == source
    assert run(packed, "jpeg").data == source
    assert source[200:] in run(packed, "pdf").data


def test_what_cjxl_packed_comes_back(run: Converter, tmp_path: Path) -> None:
    (tmp_path / "source.jpg").write_bytes(KINDS["half chroma"])
    run_program("cjxl", tmp_path / "source.jpg", tmp_path / "packed.jxl")
    packed = (tmp_path / "packed.jxl").read_bytes()
    assert run(packed, "jpeg").data == KINDS["half chroma"]


@pytest.mark.parametrize("options", [{"quality": 50}, {"width": 80}, {"dpi": 300}, {"progressive": True}])
def test_it_is_made_anew_when_something_changes(run: Converter, options: dict[str, int]) -> None:
    source = KINDS["half chroma"]
    packed = run(source, "jxl", lossless=True).data
    assert run(packed, "jpeg", **options).data != source
    if options.keys() <= {"quality", "width"}:
        assert b"jbrd" not in run(source, "jxl", lossless="width" in options, **options).data


def test_without_lossless_a_jpeg_is_encoded_as_ever(run: Converter) -> None:
    assert b"jbrd" not in run(KINDS["half chroma"], "jxl").data


def test_metadata_is_gone_by_default_and_whole_on_request(run: Converter, tmp_path: Path) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="1">words</d></x:xmpmeta>'
    exif = images.exif(1)
    exif[0x013B] = "somebody"
    source = images.encoded(COLORS, "JPEG", exif=exif, xmp=xmp, comment="a remark")
    packed = run(source, "jxl", lossless=True).data
    assert "EXIF" not in exiftool(packed, tmp_path)
    bare = djxl(packed, tmp_path, "jpg")
    assert images.decoded(bare).tobytes() == images.decoded(source).tobytes()
    assert images.decoded(bare).info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
    kept = run(source, "jxl", lossless=True, metadata="keep").data
    assert "EXIF" in exiftool(kept, tmp_path)
    assert djxl(kept, tmp_path, "jpg") == source
    assert run(kept, "jpeg", metadata="keep").data == source
    assert run(kept, "jpeg").data == bare


def test_what_is_no_part_of_the_picture_is_not_kept(run: Converter, tmp_path: Path) -> None:
    source = KINDS["grey"]
    described = images.encoded(COLORS.convert("L"), "JPEG", exif=images.exif(1))
    packed = run(described + b"a film behind it", "jxl", lossless=True, metadata="keep").data
    assert "EXIF" in exiftool(packed, tmp_path)
    assert djxl(packed, tmp_path, "jpg") == source
    odd = source[:2] + b"\xff\xe7\0\x08hidden" + source[2:] + b"a film behind it"
    packed = run(odd, "jxl", lossless=True, metadata="keep").data
    assert djxl(packed, tmp_path, "jpg") == source


@pytest.mark.parametrize("orientation", range(2, 9))
def test_one_on_its_side_is_packed_and_seen_upright(run: Converter, tmp_path: Path, orientation: int) -> None:
    source = images.oriented(orientation)
    result = run(source, "jxl", lossless=True)
    wanted = run(source, "png").image().convert("RGB")
    assert (result.converted.width, result.converted.height) == wanted.size
    assert len(result.data) < len(source)
    assert "Orientation" not in exiftool(result.data, tmp_path)
    seen = images.decoded(djxl(result.data, tmp_path, "png")).convert("RGB")
    assert seen.size == wanted.size
    for corner in ((4, 4), (wanted.width - 5, 4), (4, wanted.height - 5), (wanted.width - 5, wanted.height - 5)):
        assert near(seen.getpixel(corner), wanted.getpixel(corner), 8)
    again = run(result.data, "png").image().convert("RGB")
    assert again.size == wanted.size
    assert apart(again, seen) <= 8


def test_other_colours_are_converted_and_not_packed(run: Converter) -> None:
    source = images.encoded(COLORS, "JPEG", icc_profile=rgb_profile())
    assert b"jbrd" not in run(source, "jxl", lossless=True).data


def test_a_turn_that_metadata_speaks_of_is_not_kept(run: Converter) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><d tiff:Orientation="6">words</d></x:xmpmeta>'
    source = images.encoded(COLORS, "JPEG", xmp=xmp)
    assert b"Orientation" not in run(source, "jxl", lossless=True, metadata="keep").data
