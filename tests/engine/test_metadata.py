"""What describes a picture: gone by default, kept on request, orientation out of all of it."""

import io
import struct

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from conformance import images
from engine.metadata import read_exif_orientation, strip_exif_mark, strip_exif_orientation
from tests.engine.conftest import Converter

SECRETS = (b"secret", b"Millstone", b"GPS", b"Exif", b"EXIF", b"xmpmeta", b"8BIM")
TARGETS = ["jpeg", "png", "webp", "gif", "tiff", "bmp", "avif"]


@pytest.mark.parametrize("target", TARGETS)
def test_metadata_is_gone_by_default(run: Converter, target: str) -> None:
    result = run(images.described_jpeg(), target)
    assert [secret for secret in SECRETS if secret in result.data] == []
    seen = result.image()
    kept = {tag for tag in seen.getexif() if target != "tiff"}
    assert kept == set()
    assert {"xmp", "comment", "photoshop", "icc_profile", "exif"} & seen.info.keys() == set()
    assert result.warnings == []


@pytest.mark.parametrize(
    ("target", "lost"),
    [
        ("jpeg", ""),
        ("png", "IPTC, a comment"),
        ("webp", "IPTC, a comment"),
        ("avif", "IPTC, a comment"),
        ("tiff", "a comment"),
        ("gif", "EXIF, XMP, IPTC, a comment"),
        ("bmp", "EXIF, XMP, IPTC, a comment"),
    ],
)
def test_metadata_is_kept_on_request_where_it_can(run: Converter, target: str, lost: str) -> None:
    result = run(images.described_jpeg(), target, metadata="keep")
    assert result.warnings == (["metadata_dropped"] if lost else [])
    if lost:
        assert f"({lost})" in result.outcome.warnings[0].detail
    seen = result.image()
    if "EXIF" not in lost:
        exif = seen.getexif()
        assert exif[ExifTags.Base.Make] == "Millstone"
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        assert ExifTags.Base.Orientation not in exif
    if "XMP" not in lost:
        assert b'dc:format="secret"' in seen.info["xmp"]
        assert b"Orientation" not in seen.info["xmp"]
    if target == "jpeg":
        assert seen.info["comment"] == b"secret comment"
    if target in {"jpeg", "tiff"}:
        assert iptc(seen) == images.IPTC


def iptc(image: Image.Image) -> bytes:
    if image.format == "TIFF":
        return bytes(image.tag_v2[33_723])  # type: ignore[attr-defined]
    return bytes(image.info["photoshop"][0x0404])


@pytest.mark.parametrize("source", ["png", "webp", "tiff", "avif"])
def test_metadata_comes_back_from_every_format(run: Converter, source: str) -> None:
    there = run(images.described_jpeg(), source, metadata="keep")
    back = run(there.data, "jpeg", metadata="keep").image()
    assert back.getexif()[ExifTags.Base.Make] == "Millstone"
    assert back.getexif().get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
    assert b"secret" in back.info["xmp"]
    assert [secret for secret in SECRETS if secret in run(there.data, "jpeg").data] == []


def test_a_thumbnail_is_kept_upright_or_not_at_all(run: Converter) -> None:
    upright = run(images.described_jpeg(orientation=1), "jpeg", metadata="keep").image().getexif()
    thumbnail = upright.get_ifd(ExifTags.IFD.IFD1)
    assert thumbnail[0x0202] > 100
    assert ExifTags.Base.Orientation not in thumbnail
    turned = run(images.described_jpeg(orientation=6), "jpeg", metadata="keep")
    assert turned.image().getexif().get_ifd(ExifTags.IFD.IFD1) == {}
    assert turned.data.count(b"\xff\xd8\xff") == 1


def test_orientation_leaves_a_block_of_either_byte_order() -> None:
    for endian in ("<", ">"):
        block = Image.Exif()
        block.endian = endian
        block[ExifTags.Base.Make] = "Millstone"
        block[ExifTags.Base.Orientation] = 8
        block[ExifTags.Base.Software] = "x" * 50
        plain = strip_exif_mark(block.tobytes())
        assert read_exif_orientation(plain) == 8
        upright = strip_exif_orientation(plain, keep_thumbnail=True)
        assert read_exif_orientation(upright) == 1
        loaded = Image.Exif()
        loaded.load(upright)
        assert dict(loaded) == {ExifTags.Base.Make: "Millstone", ExifTags.Base.Software: "x" * 50}


def test_an_orientation_that_is_there_twice_is_gone_twice() -> None:
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    maker = struct.pack("<HHI4s", 0x010F, 2, 4, b"abc\0")
    block = b"II*\0" + struct.pack("<IH", 8, 3) + maker + entry + entry + bytes(4)
    upright = strip_exif_orientation(block, keep_thumbnail=True)
    loaded = Image.Exif()
    loaded.load(upright)
    assert dict(loaded) == {ExifTags.Base.Make: "abc"}
    assert read_exif_orientation(upright) == 1


def test_an_orientation_that_is_there_two_thousand_times_is_gone() -> None:
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    block = b"II*\0" + struct.pack("<IH", 8, 2000) + entry * 2000 + bytes(4)
    assert strip_exif_orientation(block, keep_thumbnail=True) == block[:8] + bytes(len(block) - 8)


@pytest.mark.parametrize(
    "block", [b"", b"II", b"II*\0\xff\xff\xff\xff", b"XX*\0\x08\0\0\0\0\0", b"MM\0*\0\0\0\x08\xff\xff"]
)
def test_a_broken_block_says_nothing(block: bytes) -> None:
    assert read_exif_orientation(block) == 1
    assert strip_exif_orientation(block, keep_thumbnail=True) == b""


def test_broken_exif_does_not_harm_the_picture(run: Converter) -> None:
    data = images.encoded(images.quarters(), "JPEG", exif=b"Exif\0\0II*\0\xf0\xff\xff\xff")
    for metadata in ("strip", "keep"):
        assert run(data, "png", metadata=metadata).converted.width == 48


def png_with_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "secret person")
    info.add_itxt("Title", "secret t\u00eftle", zip=True)
    info.add_text("Raw profile type exif", "\nexif\n      20\n" + "00" * 20)
    return images.encoded(images.quarters(), "PNG", pnginfo=info)


def test_text_of_a_png(run: Converter) -> None:
    kept = run(png_with_text(), "png", metadata="keep")
    seen = kept.stored()
    assert isinstance(seen, PngImagePlugin.PngImageFile)
    assert seen.text == {"Author": "secret person", "Title": "secret t\u00eftle"}
    assert kept.warnings == []
    assert b"Author" not in run(png_with_text(), "png").data
    lost = run(png_with_text(), "webp", metadata="keep")
    assert "(text)" in lost.outcome.warnings[0].detail


def test_an_animation_keeps_its_metadata(run: Converter) -> None:
    frames = images.film()
    data = images.encoded(
        frames[0],
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=100,
        exif=images.exif().tobytes()[6:],
        xmp=images.XMP,
    )
    for target in ("png", "webp", "avif", "tiff"):
        seen = run(data, target, metadata="keep").image()
        assert seen.getexif()[ExifTags.Base.Make] == "Millstone"
        assert b"secret" in seen.info["xmp"]
        assert b"Millstone" not in run(data, target).data


def test_exif_too_large_for_a_jpeg_is_dropped_and_said(run: Converter) -> None:
    block = Image.Exif()
    block[ExifTags.Base.ImageDescription] = "x" * 70_000
    data = images.encoded(images.quarters(), "PNG", exif=block)
    result = run(data, "jpeg", metadata="keep")
    assert result.warnings == ["metadata_dropped"]
    assert not result.image().getexif()


def test_resolution(run: Converter) -> None:
    data = images.encoded(images.quarters(), "JPEG", dpi=(300, 300))
    for target in ("jpeg", "png", "tiff", "bmp"):
        assert [round(float(side)) for side in run(data, target).image().info["dpi"]] == [300, 300]
        assert [round(float(side)) for side in run(data, target, dpi=72).image().info["dpi"]] == [72, 72]


def test_results_do_not_depend_on_the_day(run: Converter) -> None:
    data = images.described_jpeg()
    for target in ("jpeg", "png", "webp", "gif", "tiff", "bmp"):
        assert run(data, target).data == run(data, target).data
        assert Image.open(io.BytesIO(run(data, target).data)).info.get("icc_profile") is None
