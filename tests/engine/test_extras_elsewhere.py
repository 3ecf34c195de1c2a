"""What stands behind a picture that is no JPEG, and the gain maps of PNG and JPEG XL: named as well."""

import struct
import zlib

import pytest

from conformance import heif
from engine.containers.jxl import insert_boxes
from tests.engine.conftest import Converter
from tests.engine.extras import BIG, SMALL, packet


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


TRACK = heif.box(b"trak", heif.box(b"mdia", heif.box(b"minf", heif.box(b"stbl", heif.box(
    b"stsz", struct.pack(">III", 0, 0, 30) + bytes(120))))))  # fmt: skip
WHOLE_FILM = (
    heif.box(b"ftyp", b"mp42" + bytes(4) + b"mp42isom") + heif.box(b"moov", TRACK) + heif.box(b"mdat", bytes(90))
)


@pytest.mark.parametrize("target", ["heic", "avif", "png", "webp", "jpeg"])
def test_a_film_behind_the_end_is_named(run: Converter, target: str) -> None:
    data = run(BIG, target).data
    result = run(data + WHOLE_FILM, "png")
    assert result.warnings == ["extras_dropped"]
    assert "short film" in result.outcome.warnings[0].detail
    assert result.outcome.source is not None
    assert result.outcome.source.frames == 1
    assert run(data, "png").warnings == []


def test_the_gain_map_of_a_png_is_named(run: Converter) -> None:
    data, small = run(BIG, "png").data, run(SMALL, "png").data
    result = run(data[:33] + chunk(b"gmAP", bytes(30)) + data[33:-12] + chunk(b"gdAT", small) + data[-12:], "jpeg")
    assert result.warnings == ["extras_dropped"]
    assert "gain map" in result.outcome.warnings[0].detail


@pytest.mark.parametrize(
    "box", [heif.box(b"jhgm", bytes(40)), heif.box(b"brob", b"jhgm" + bytes(40))], ids=["plain", "packed"]
)
def test_the_gain_map_of_a_jpeg_xl_is_named(run: Converter, box: bytes) -> None:
    data = insert_boxes(run(BIG, "jxl").data, b"", packet("")) + box
    result = run(data, "png")
    assert result.warnings == ["extras_dropped"]
    assert "gain map" in result.outcome.warnings[0].detail
