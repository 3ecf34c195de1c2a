"""PSD: the composite, its alpha, its selections and its metadata."""

import struct

import pytest
from PIL import Image

from conformance import images
from conformance.psd import on_white, psd
from conformance.running import apart, near
from engine.containers.photoshop import pack_iptc, read_iptc, read_resources
from tests.engine.conftest import Converter


@pytest.mark.parametrize("target", ["png", "jpeg", "webp", "tiff", "pdf"])
def test_the_composite_of_a_psd_is_read(run: Converter, target: str) -> None:
    result = run(psd(images.quarters()), target)
    assert result.warnings == []
    if target == "png":
        assert apart(result.image().convert("RGB"), images.quarters()) == 0


def test_a_psd_keeps_its_alpha_and_loses_the_white_below(run: Converter) -> None:
    disc = Image.new("RGBA", (16, 16), (*images.RED, 128))
    disc.paste((0, 0, 0, 0), (0, 0, 4, 16))
    seen = run(psd(on_white(disc), layers=-1), "png").image()
    assert seen.getpixel((1, 1)) == (0, 0, 0, 0)
    assert near(seen.getpixel((10, 8)), (*images.RED, 128), 2)


def test_a_selection_saved_in_a_psd_is_no_alpha(run: Converter) -> None:
    marked = images.quarters().convert("RGBA")
    marked.putalpha(Image.linear_gradient("L").resize(marked.size))
    assert apart(run(psd(marked), "png").image().convert("RGB"), images.quarters()) == 0
    assert "A" not in run(psd(marked), "png").image().mode


def test_metadata_of_a_psd_is_kept_or_gone(run: Converter) -> None:
    parts = {0x0404: images.IPTC, 0x0424: images.XMP, 0x0422: images.exif(1).tobytes()[6:]}
    block = b"".join(
        b"8BIM" + struct.pack(">H2xI", kind, len(part)) + part + bytes(len(part) % 2) for kind, part in parts.items()
    )
    data = psd(images.quarters(), resources=block)
    kept = run(data, "tiff", metadata="keep")
    assert kept.warnings == []
    assert b"Millstone" in kept.data
    assert b"secret" in kept.data
    assert not {word for word in (b"Millstone", b"secret") if word in run(data, "tiff").data}


OTHER = b"8BIM\x03\xed\0\0\0\0\0\x03abc\0"


def test_iptc_is_found_behind_other_resources() -> None:
    assert read_iptc(OTHER + b"8BIM\x04\x04\0\0\0\0\0\x04iptc") == b"iptc"
    assert read_iptc(OTHER) == b""


@pytest.mark.parametrize("iptc", [b"", b"odd", b"even"])
def test_iptc_is_read_as_it_was_packed(iptc: bytes) -> None:
    assert read_resources(pack_iptc(iptc) + OTHER) == {0x0404: iptc, 0x03ED: b"abc"}


def test_the_first_of_equal_resources_counts() -> None:
    assert read_iptc(pack_iptc(b"first") + pack_iptc(b"second")) == b"first"


def test_a_name_before_a_resource_is_passed_over() -> None:
    assert read_resources(b"8BIM\x04\x04\x04name\0\0\0\0\x02ok" + OTHER) == {0x0404: b"ok", 0x03ED: b"abc"}


@pytest.mark.parametrize(
    ("block", "found"), [(b"", {}), (b"8BIM", {}), (b"8BIX" + bytes(20), {}), (OTHER[:-2], {0x03ED: b"ab"})]
)
def test_resources_that_are_cut_off(block: bytes, found: dict[int, bytes]) -> None:
    assert read_resources(block) == found
