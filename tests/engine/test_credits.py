"""What `metadata=safe` keeps and what it does not, looked at by exiftool."""

import json
from pathlib import Path

import pytest
from PIL import PngImagePlugin

from conformance import images
from engine.containers.iptc import CREDITS, keep_records
from engine.credits import keep_exif_credits
from engine.xmp_credits import keep_xmp_credits
from tests.engine.conftest import Converter
from tests.engine.programs import run_program

KEPT = {
    "EXIF:Artist": "Jörg Müller", "EXIF:Copyright": "(c) Jörg", "EXIF:ImageDescription": "A lake",
    "IPTC:By-line": "Jörg", "IPTC:CopyrightNotice": "(c)", "IPTC:Credit": "Agency", "IPTC:Caption-Abstract": "Lake",
    "XMP-dc:Creator": "Jörg", "XMP-dc:Rights": "all <rights> & more", "XMP-dc:Title": "Lake", "XMP-dc:Title-de": "See",
    "XMP-dc:Description": "At dawn", "XMP-xmpRights:Marked": "True", "XMP-xmpRights:WebStatement": "http://a.example/",
    "XMP-xmpRights:UsageTerms": "Ask", "XMP-photoshop:Credit": "Agency",
}  # fmt: skip
GONE = {
    "EXIF:Make": "SECRETMAKE", "EXIF:Model": "SECRETMODEL", "EXIF:Software": "SECRETWARE", "EXIF:SerialNumber": "SECRET1",
    "EXIF:GPSLatitude": "48.1", "EXIF:GPSLatitudeRef": "N", "EXIF:UserComment": "SECRETWORD", "EXIF:LensModel": "SECRETLENS",
    "EXIF:DateTimeOriginal": "2001:02:03 04:05:06",
    "IPTC:City": "SECRETTOWN", "IPTC:Keywords": "SECRETKEY", "XMP-photoshop:City": "SECRETTOWN",
    "XMP-xmp:CreatorTool": "SECRETTOOL", "XMP-dc:Subject": "SECRETKEY", "XMP-exif:GPSLatitude": "48.1",
    "XMP-xmpMM:DocumentID": "SECRETID", "File:Comment": "SECRETWORD",
}  # fmt: skip


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A JPEG with everything that exiftool could write into it."""
    return describe(images.oriented(6), tmp_path_factory.mktemp("described"))


def describe(data: bytes, folder: Path) -> bytes:
    file = folder / "photo.jpg"
    file.write_bytes(data)
    tags = [f"-{name}={value}" for name, value in (KEPT | GONE).items() if name != "File:Comment"]
    run_program("exiftool", "-q", "-overwrite_original", "-codedcharacterset=utf8", "-Comment=SECRETWORD", *tags, file)
    return file.read_bytes()


def read_tags(data: bytes, folder: Path) -> dict[str, str]:
    """Tags by group and name, by exiftool."""
    file = folder / "result"
    file.write_bytes(data)
    told = run_program("exiftool", "-j", "-G0:1", "-a", "-s", file).stdout
    found = {}
    for name, value in json.loads(told)[0].items():
        *groups, tag = name.split(":")
        group = groups[-1] if groups and groups[0] == "XMP" else groups[0] if groups else ""
        found[f"{group}:{tag}"] = str(value)
    return found


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("jpeg", ("EXIF", "XMP", "IPTC")),
        ("tiff", ("EXIF", "XMP", "IPTC")),
        ("png", ("EXIF", "XMP")),
        ("webp", ("EXIF", "XMP")),
        ("avif", ("EXIF", "XMP")),
        ("heic", ("EXIF", "XMP")),
        ("jxl", ("EXIF", "XMP")),
        ("gif", ()),
    ],
)
def test_credits_stay_and_everything_else_goes(
    run: Converter, described: bytes, tmp_path: Path, target: str, parts: tuple[str, ...]
) -> None:
    assert (
        read_tags(described, tmp_path).items() >= {name: value for name, value in KEPT.items() if name != "x"}.items()
    )
    result = run(described, target, metadata="safe")
    found = read_tags(result.data, tmp_path)
    assert {name: found.get(name) for name in KEPT if name.startswith(parts)} == {
        name: value for name, value in KEPT.items() if name.startswith(parts)
    }
    assert not (GONE.keys() - {"EXIF:Software"}) & found.keys()
    assert b"SECRET" not in result.data
    assert ("metadata_dropped" in result.warnings) == (len(parts) < 3)


def test_credits_of_a_tiff_stay_in_a_jpeg(run: Converter, described: bytes, tmp_path: Path) -> None:
    tiff = run(described, "tiff", metadata="keep").data
    found = read_tags(run(tiff, "jpeg", metadata="safe").data, tmp_path)
    assert found["EXIF:Artist"] == "Jörg Müller"
    assert "EXIF:Make" not in found


@pytest.mark.parametrize("by_cjxl", [False, True])
def test_of_a_jpeg_in_a_jpeg_xl_credits_stay_too(run: Converter, tmp_path: Path, *, by_cjxl: bool) -> None:
    source = describe(images.encoded(images.quarters(), "JPEG", quality=90), tmp_path)
    kept = run(source, "jxl", lossless=True, metadata="keep")
    assert kept.warnings == []
    packed = kept.data
    if by_cjxl:
        run_program("cjxl", tmp_path / "photo.jpg", tmp_path / "photo.jxl")
        packed = (tmp_path / "photo.jxl").read_bytes()
    assert run(packed, "jpeg", metadata="keep").data == source
    for target, options in (("jpeg", {}), ("jxl", {"lossless": True}), ("pdf", {})):
        for metadata in ("safe", "strip"):
            result = run(packed, target, metadata=metadata, **options)
            assert b"SECRET" not in result.data
            found = read_tags(result.data, tmp_path)
            assert not (GONE.keys() - {"EXIF:Software"}) & found.keys()
            wanted = KEPT.items() if (target, metadata) == ("jpeg", "safe") else set()
            assert wanted <= found.items()
            assert metadata == "safe" or not found.keys() & KEPT.keys()
    bare, safe = (run(packed, "jpeg", metadata=metadata).image() for metadata in ("strip", "safe"))
    assert safe.tobytes() == bare.tobytes() == images.decoded(source).tobytes()


def test_credits_beside_a_packed_jpeg_come_along(run: Converter, tmp_path: Path) -> None:
    """They stand in the JPEG XL alone: its JPEG was packed without metadata."""
    source = describe(images.encoded(images.quarters(), "JPEG", quality=90), tmp_path)
    packed = run(source, "jxl", lossless=True, metadata="safe").data
    assert b"jbrd" in packed
    for target in ("jpeg", "jxl"):
        result = run(packed, target, metadata="keep", **({"lossless": True} if target == "jxl" else {}))
        found = read_tags(result.data, tmp_path)
        assert found.items() >= {name: value for name, value in KEPT.items() if not name.startswith("IPTC")}.items()


def test_a_thumbnail_goes(run: Converter) -> None:
    result = run(images.described_jpeg(), "jpeg", metadata="safe")
    assert result.data.count(b"\xff\xd8\xff") == 1


def test_text_of_a_png_stays_by_its_keyword(run: Converter) -> None:
    info = PngImagePlugin.PngInfo()
    for keyword in ("Author", "Copyright", "Title", "Description", "Software", "Source", "Comment", "author"):
        info.add_text(keyword, f"of {keyword}", zip=keyword == "Title")
    info.add_itxt("Author", "Jörg", "de", "Urheber")
    result = run(images.encoded(images.quarters(), "PNG", pnginfo=info), "png", metadata="safe")
    seen = images.decoded(result.data)
    assert seen.info.keys() & {"Author", "Copyright", "Title", "Description", "Software", "Source", "Comment", "author"} == {
        "Author", "Copyright", "Title", "Description",
    }  # fmt: skip
    assert seen.info["Title"] == "of Title"
    assert "metadata_dropped" not in result.warnings


RDF = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:d="http://purl.org/dc/elements/1.1/"><rdf:Description {}</rdf:RDF></x:xmpmeta>'
)


def test_a_packet_is_read_by_its_spaces_in_every_spelling() -> None:
    attribute = RDF.format('d:rights="mine" d:format="SECRET"/>')
    assert b"<dc:rights>mine</dc:rights>" in keep_xmp_credits(attribute.encode())
    assert b"SECRET" not in keep_xmp_credits(attribute.encode())
    element = RDF.format(
        "><d:creator><rdf:Seq><rdf:li>A&amp;B</rdf:li><rdf:li>C</rdf:li></rdf:Seq></d:creator></rdf:Description>"
    )
    wanted = b"<dc:creator><rdf:Seq><rdf:li>A&amp;B</rdf:li><rdf:li>C</rdf:li></rdf:Seq></dc:creator>"
    assert wanted in keep_xmp_credits(b"\xef\xbb\xbf" + element.encode() + bytes(9))


BOMB = '<!DOCTYPE x [<!ENTITY a "' + "a" * 99 + '"><!ENTITY b "' + "&a;" * 99 + '">]>'


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"<x",
        b"\xff\xfe<",
        b"<a>" * 90_000,
        (BOMB + RDF.format('d:rights="&b;"/>')).encode(),
        RDF.format(
            "><d:rights><rdf:Alt><rdf:li><x:a>no text</x:a></rdf:li></rdf:Alt></d:rights></rdf:Description>"
        ).encode(),
        b'<?xml version="1.0" encoding="x-unknown"?><a/>',
        RDF.format('d:rights="mine"/>').encode() + b" " * (1 << 20) + b"<!-- -->",
    ],
    ids=["none", "cut", "odd", "deep", "document type", "elements for texts", "character set", "too large"],
)
def test_a_bad_packet_has_no_credits(packet: bytes) -> None:
    assert keep_xmp_credits(packet) == b""


@pytest.mark.parametrize("order", ["little", "big"])
def test_exif_of_both_orders_is_written_anew_and_a_broken_one_has_none(order: str) -> None:
    little = (
        b"II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x04\0\0\0abc\0\x3b\x01\x02\0\x06\0\0\0\x26\0\0\0" + bytes(4) + b"Alice\0"
    )
    big = (
        b"MM\0*\0\0\0\x08\0\x02\x01\x0f\0\x02\0\0\0\x04abc\0\x01\x3b\0\x02\0\0\0\x06\0\0\0\x26" + bytes(4) + b"Alice\0"
    )
    block = little if order == "little" else big
    kept = keep_exif_credits(block)
    assert b"Alice\0" in kept
    assert b"abc" not in kept
    assert keep_exif_credits(kept) == kept
    for end in range(len(block) - 6):
        assert b"Alice" not in keep_exif_credits(block[:end])
    assert (
        keep_exif_credits(block.replace(b"\x3b\x01\x02", b"\x3b\x01\x07").replace(b"\x3b\0\x02", b"\x3b\0\x07")) == b""
    )


def test_iptc_ends_where_it_makes_no_sense() -> None:
    good = b"\x1c\x01\x5a\0\x03\x1b%G" + b"\x1c\x02\x50\0\x03Ann" + b"\x1c\x02\x5a\0\x04Bonn" + b"\x1c\x02\x74\0\x02cc"
    wanted = b"\x1c\x01\x5a\0\x03\x1b%G" + b"\x1c\x02\x50\0\x03Ann" + b"\x1c\x02\x74\0\x02cc"
    assert keep_records(good, CREDITS) == wanted
    assert keep_records(good[:-1], CREDITS) == wanted[:-7]
    assert keep_records(b"\x1c\x01\x5a\0\x03\x1b%G\x1c\x02\x5a\0\x04Bonn", CREDITS) == b""
    assert keep_records(b"\x1c\x02\x50\x80\x04\0\0\0\x01A", CREDITS) == b""
