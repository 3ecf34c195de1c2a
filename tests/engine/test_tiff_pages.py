"""What belongs to each page of a TIFF: its resolution."""

import io

import pytest
from PIL import Image, TiffImagePlugin

from conformance.matrix.limits import DEFAULT_LIMITS
from engine.codecs.registry import open_source, prepare_codecs
from engine.codecs.tiff_packing import PageWriter

ACROSS, DOWN, UNIT = 282, 283, 296


def one_page(*resolution: tuple[int, object]) -> bytes:
    tags, buffer = TiffImagePlugin.ImageFileDirectory_v2(), io.BytesIO()
    for tag, value in resolution:
        tags[tag] = value
    Image.new("L", (8, 8)).save(buffer, "TIFF", tiffinfo=tags)
    return buffer.getvalue()


def pages_of(*dpi: tuple[int, int] | None) -> bytes:
    buffer = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(buffer) as file:
        for sides in dpi:
            Image.new("L", (8, 8)).save(file, "TIFF", **({"dpi": sides} if sides else {}))
            file.newFrame()
    return buffer.getvalue()


def dpi_of_frames(data: bytes) -> list[tuple[float, float] | None]:
    prepare_codecs()
    return [frame.dpi for frame in open_source("tiff", data, DEFAULT_LIMITS).read()]


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        (((ACROSS, 300), (DOWN, 150), (UNIT, 2)), (300, 150)),
        (((ACROSS, 100), (DOWN, 100), (UNIT, 3)), (254, 254)),
        (((ACROSS, 300), (DOWN, 300)), (300, 300)),
        (((ACROSS, 300), (DOWN, 300), (UNIT, 1)), None),
        (((ACROSS, 1), (DOWN, 1), (UNIT, 2)), None),
        (((ACROSS, 300), (UNIT, 2)), None),
        ((), None),
    ],
)
def test_resolution_is_read_with_its_unit(
    resolution: tuple[tuple[int, object], ...], expected: tuple[int, int] | None
) -> None:
    (found,) = dpi_of_frames(one_page(*resolution))
    assert found == (None if expected is None else pytest.approx(expected))


def test_each_page_has_its_own_resolution() -> None:
    assert dpi_of_frames(pages_of((300, 300), None, (72, 144))) == [(300, 300), None, (72, 144)]


def test_pages_of_a_failed_conversion_are_given_up_in_silence() -> None:
    """Python closes what is left of a writer, when its file may be closed already."""
    sink = io.BytesIO()
    writer = PageWriter(sink)
    Image.new("L", (8, 8)).save(writer, "TIFF")
    sink.close()
    writer.close()
