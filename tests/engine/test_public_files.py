"""What public test images have shown to go wrong, in files made here."""

import random
import re
import struct
import subprocess
import sys
import zlib

import pytest
from PIL import Image

from conformance import images
from conformance.profiles import rgb_profile
from engine.containers.jpeg import SCAN, count_scans
from engine.metadata import strip_xmp_orientation
from tests.engine.conftest import Converter

PADDED = "from engine.metadata import strip_xmp_orientation; strip_xmp_orientation(b'<x>' + b' ' * 3_000_000 + b'</x>' + b'a' * 3_000_000)"


def test_blanks_in_an_xmp_packet_cost_no_more_than_other_bytes() -> None:
    """Cameras pad their packets; by an expression that goes back over blanks, a second became hours."""
    subprocess.run([sys.executable, "-c", PADDED], check=True, timeout=120)


@pytest.mark.parametrize(
    "told", [b'<a \n tiff:Orientation = "6" b="1"/>', b"<a><tiff:Orientation> 6 </tiff:Orientation></a>"]
)
def test_no_orientation_is_left_in_a_padded_packet(told: bytes) -> None:
    packet = strip_xmp_orientation(told + b" " * 4000)
    assert b"Orientation" not in packet
    assert packet.startswith(b"<a")
    assert packet.endswith(b" " * 4000)


def test_a_picture_without_a_size_is_damaged(run: Converter) -> None:
    heic = images.encoded(Image.new("RGB", (64, 64), images.RED), "HEIF")
    result = run(heic.replace(b"ispe", b"xspe"), "png")
    assert result.failure == "corrupt_image"
    assert result.outcome.failure is not None
    assert "it has no size" in result.outcome.failure.detail


def png_with_profile(packed: bytes) -> bytes:
    png = images.encoded(Image.new("RGB", (4, 4), (200, 100, 50)), "PNG")
    return png[:33] + images.chunk(b"iCCP", b"name\0\0" + packed) + png[33:]


@pytest.mark.parametrize("packed", [b"no zlib", zlib.compress(bytes(100))[:-6], zlib.compress(bytes(5 << 20)), b""])
def test_a_profile_that_cannot_be_unpacked_is_said_and_left(run: Converter, packed: bytes) -> None:
    result = run(png_with_profile(packed), "png", color="keep")
    assert result.warnings == ["profile_ignored"]
    assert result.image().getpixel((1, 1)) == (200, 100, 50)


def test_a_profile_of_two_million_bytes_is_used(run: Converter) -> None:
    noise = random.Random(1).randbytes(2_000_000)  # noqa: S311 - filling that does not pack, no secret
    profile = rgb_profile() + noise
    profile = struct.pack(">I", len(profile)) + profile[4:]
    result = run(png_with_profile(zlib.compress(profile)), "png")
    assert result.warnings == []
    assert result.image().getpixel((1, 1)) != (200, 100, 50)


def test_what_only_looks_like_scans_is_not_counted() -> None:
    plain = images.noisy_jpeg()
    segment = b"\xff\xef" + struct.pack(">H", 602) + SCAN * 300
    assert count_scans(plain, 200) == 1
    assert count_scans(plain[:2] + segment + plain[2:] + SCAN * 300, 200) == 1


def test_scans_are_counted_by_their_marks() -> None:
    progressive = images.encoded(Image.new("L", (64, 64), 90), "JPEG", progressive=True)
    first, second = (found.start() for found in list(re.finditer(SCAN, progressive))[1:3])
    assert count_scans(progressive[:second] + progressive[first:second] * 300 + progressive[second:], 200) > 300
