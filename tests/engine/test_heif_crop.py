"""The clean aperture of AVIF and HEIC: what is to be seen of a picture."""

import io
import struct

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.codecs.heic import find_library
from engine.containers.bmff import pack_box
from tests.engine.conftest import Converter

SIDES = (64, 64)
"""libheif gives other pictures an aperture of their own."""
PLACES = np.dstack([*np.meshgrid(np.arange(64) * 4, np.arange(64) * 4), np.zeros((64, 64))])
PICTURE = Image.fromarray(PLACES.astype(np.uint8))
MIDDLE = (40, 1, 20, 1, -4, 1, -2, 1)
"""40 x 20 pixels, 4 to the left of the middle and 2 above it: from (8, 20) on."""


def cropped(name: str, aperture: tuple[int, ...], orientation: int = 1, *, film: bool = False) -> bytes:
    """A file whose profile, which has as many bytes, is made an aperture."""
    exif = Image.Exif()
    exif[0x112] = orientation
    buffer = io.BytesIO()
    more = {"save_all": True, "append_images": [PICTURE.transpose(Image.Transpose.ROTATE_180)]} if film else {}
    PICTURE.save(buffer, name, quality=100, icc_profile=bytes(28), exif=exif.tobytes(), **more)
    data = buffer.getvalue()
    profile = pack_box(b"colr", b"prof", bytes(28))
    assert profile in data
    # libavif wants it to be marked as essential. It is the fourth property there.
    return data.replace(profile, pack_box(b"clap", struct.pack(">4I4i", *aperture))).replace(
        b"\1\2\x83\4", b"\1\2\x83\x84"
    )


def corners(image: Image.Image) -> NDArray[np.int_]:
    """Where in the picture the corners of what is seen come from, about."""
    seen = np.asarray(image.convert("RGB")).astype(int)
    return np.rint(seen[[0, 0, -1, -1], [0, -1, 0, -1], :2] / 4)


ORIENTED = {
    1: [(8, 20), (47, 20), (8, 39), (47, 39)], 3: [(47, 39), (8, 39), (47, 20), (8, 20)],
    6: [(8, 39), (8, 20), (47, 39), (47, 20)], 5: [(8, 20), (8, 39), (47, 20), (47, 39)],
    7: [(47, 39), (47, 20), (8, 39), (8, 20)],
}  # fmt: skip


@pytest.fixture(params=["AVIF", "HEIF"])
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "HEIF" and find_library().__name__ != "pillow_heif":
        pytest.skip("an encoder for HEIC is not installed")
    return str(request.param)


@pytest.mark.parametrize("orientation", ORIENTED)
def test_only_the_clean_aperture_is_seen_and_turned(run: Converter, name: str, orientation: int) -> None:
    result = run(cropped(name, MIDDLE, orientation), "png")
    assert result.warnings == []
    seen = result.image()
    assert seen.size == ((20, 40) if orientation > 4 else (40, 20))
    assert np.abs(corners(seen) - ORIENTED[orientation]).max() <= 1


def test_an_aperture_beyond_the_picture_ends_with_it(run: Converter) -> None:
    assert run(cropped("AVIF", (40, 1, 64, 1, 20, 1, 0, 1)), "png").image().size == (32, 64)


def test_an_aperture_without_sense_is_said_and_not_followed(run: Converter) -> None:
    for aperture in ((0, 1, 20, 1, 0, 1, 0, 1), (40, 0, 20, 1, 0, 1, 0, 1), (40, 1, 20, 1, 900, 1, 0, 1)):
        result = run(cropped("AVIF", aperture), "png")
        assert result.warnings == ["image_damaged"]
        assert result.image().size == SIDES


def test_a_film_has_an_aperture_too(run: Converter) -> None:
    frames = run(cropped("AVIF", MIDDLE, film=True), "webp").frames()
    assert [frame.size for frame in frames] == [(40, 20)] * 2
    assert np.abs(corners(frames[0]) - ORIENTED[1]).max() <= 4
