"""JPEG damage: what libjpeg sees is a failure, what is merely odd is not."""

import pytest
from PIL import Image

from tests import images
from tests.engine.conftest import Converter
from tests.engine.running import apart

NOISE = Image.effect_noise((160, 120), 80)
KINDS = {
    "colour": images.encoded(NOISE.convert("RGB"), "JPEG"),
    "all of the colour": images.encoded(NOISE.convert("RGB"), "JPEG", subsampling=0),
    "grey": images.encoded(NOISE, "JPEG"),
    "progressive": images.encoded(NOISE.convert("RGB"), "JPEG", progressive=True),
    "restarts": images.encoded(NOISE.convert("RGB"), "JPEG", restart_marker_rows=1),
    "ink": images.encoded(NOISE.convert("CMYK"), "JPEG"),
    "two pictures": images.encoded(
        NOISE.convert("RGB"), "MPO", save_all=True, append_images=[Image.new("RGB", NOISE.size)]
    ),
}


def scan_of(data: bytes) -> int:
    """Where the coded samples start."""
    at = data.index(b"\xff\xda")
    return at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")


@pytest.mark.parametrize("kind", KINDS)
def test_samples_cut_out_of_the_middle_are_damage(run: Converter, kind: str) -> None:
    data = KINDS[kind]
    middle = scan_of(data) + 2000
    assert run(data[:middle] + data[middle + 300 :], "png").failure in {"corrupt_image", "truncated_image"}


@pytest.mark.parametrize("kind", ["colour", "grey", "progressive", "ink"])
def test_a_marker_among_the_samples_is_damage(run: Converter, kind: str) -> None:
    data = KINDS[kind]
    at = scan_of(data) + 3000
    assert run(data[:at] + b"\xff\xd5" + data[at + 2 :], "png").failure in {
        "corrupt_image", "truncated_image",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_before_the_end_and_bytes_behind_it_are_no_damage(run: Converter, kind: str) -> None:
    data = KINDS[kind]
    end = data.rindex(b"\xff\xd9")
    plain = run(data, "png").image()
    padded = data[:end] + bytes(7) + data[end:]
    for odd in (padded, data + b"a motion photo's film", padded + bytes(100)):
        assert apart(run(odd, "png").image(), plain) == 0


@pytest.mark.parametrize("kind", ["colour", "all of the colour", "grey", "progressive", "restarts"])
def test_the_pixels_are_those_of_pillow(run: Converter, kind: str) -> None:
    assert apart(run(KINDS[kind], "png").image(), images.decoded(KINDS[kind])) == 0
