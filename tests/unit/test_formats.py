import pytest

from core.formats import FORMATS, READABLE, SNIFF_BYTES, find, find_target, sniff
from core.options import BY_NAME

HEADS = {
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "gif": b"GIF89a\x01\x00\x01\x00",
    "tiff": b"II*\x00\x08\x00\x00\x00",
    "bmp": b"BM" + bytes(12) + b"\x28\x00\x00\x00",
    "avif": b"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00avifmif1miaf",
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    "jxl": b"\xff\x0a\xf9\x01",
    "jp2": b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 ",
    "ico": b"\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00\x20\x00\x68\x04\x00\x00\x16\x00\x00\x00",
    "icns": b"icns\x00\x00\x01\x00",
    "ppm": b"P6\n# a comment\n8 8\n255\n",
    "pcx": b"\x0a\x05\x01\x08\x00\x00\x00\x00\x07\x00\x07\x00",
    "dds": b"DDS \x7c\x00\x00\x00",
    "psd": b"8BPS\x00\x01",
    "qoi": b"qoif\x00\x00\x00\x08\x00\x00\x00\x08\x03\x00",
    "sgi": b"\x01\xda\x00\x01\x00\x03\x00\x08\x00\x08\x00\x03",
    "tga": b"\x00\x00\x0a" + bytes(9) + b"\x30\x00\x20\x00\x20\x08",
}


@pytest.mark.parametrize("name", [fmt.name for fmt in READABLE])
def test_each_format_is_told_by_its_first_bytes(name: str) -> None:
    found = sniff(HEADS[name].ljust(SNIFF_BYTES, b"\0"))
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"hello, this is text",
        b"%PDF-1.7",
        b"BM is how this text begins, and it is no bitmap",
        b"RIFF\x24\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"II\x00\x00",
        b"P7\nWIDTH 8\n",
        b"Perhaps a text",
        b"8BPS\x00\x03",
        b"\x00\x00\x02\x00\x01\x00\x10\x10\x00\x00\x01\x00\x01\x00\x30\x01\x18\x00\x16\x00\x00\x00",  # a cursor
        b"\x00\x00\x01\x00\x00\x00\x06\x8a\x00\x00\x05\x8a\x00\x00\x00\x46",  # a resource fork
        b"\x00\x00\x01\x00\x00\x01\x06\x8a\x00\x01\x05\x8a\x00\x00\x00\x46" + bytes(48),  # a long one
        b"\x00\x00\x01\x00\x00\x00\x00\x46\x00\x00\x00\x2e\x00\x00\x00\x80",  # JBIG, 70 pixels wide
        b"\x00\x00\x01\x00\x00\xd4\x00\x20\x00\x00\x00\x00\x30\x00\x30\x00\x08\x00\x00\x00\xe5\xff",  # a TGA without its palette
        bytes(SNIFF_BYTES),
    ],
)
def test_other_files_are_no_image(head: bytes) -> None:
    assert sniff(head) is None


def test_an_avif_is_told_by_a_compatible_brand_too() -> None:
    found = sniff(b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1miafavis")
    assert found is not None
    assert found.name == "avif"


def test_a_tga_is_told_by_its_footer_too() -> None:
    footer = bytes(8) + b"TRUEVISION-XFILE.\0"
    assert sniff(b"\x05\x00\x02\xff".ljust(SNIFF_BYTES, b"x")) is None
    found = sniff(b"\x05\x00\x02\xff".ljust(SNIFF_BYTES, b"x"), footer)
    assert found is not None
    assert found.name == "tga"


def test_what_can_only_be_read_is_no_target() -> None:
    assert find("psd") is not None
    assert find_target("psd") is None
    assert find_target("PDF") is not None


def test_names_and_aliases_are_found_in_any_case() -> None:
    assert [fmt.name if (fmt := find(name)) else None for name in ("JPG", " jpeg ", "tif", "docx", "")] == [
        "jpeg",
        "jpeg",
        "tiff",
        None,
        None,
    ]


def test_the_table_is_consistent() -> None:
    names = [name for fmt in FORMATS for name in (fmt.name, *fmt.aliases)]
    assert len(names) == len(set(names))
    for fmt in FORMATS:
        assert fmt.options <= BY_NAME.keys()
