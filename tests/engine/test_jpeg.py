"""JPEG damage: what libjpeg sees is a failure, what is merely odd is not."""

from typing import Any

import pytest
import simplejpeg
from PIL import Image, ImageChops, ImageFilter, ImageStat

from conformance import images
from conformance.running import apart
from core.options import Options
from engine.pixels.sizing import choose_reduction, choose_size
from tests.engine.conftest import Converter

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
    seen, wanted = run(KINDS[kind], "png").image(), images.decoded(KINDS[kind])
    assert apart(seen.convert("RGB"), wanted.convert("RGB")) == 0


def soft(size: tuple[int, int]) -> Image.Image:
    """Light and fine structure, as of a photograph."""
    noise = Image.merge("RGB", [Image.effect_noise(size, 60) for _ in range(3)]).filter(ImageFilter.GaussianBlur(1))
    return Image.blend(images.quarters(size), noise, 0.4)


def distance(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of samples."""
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


@pytest.mark.parametrize(
    ("size", "options", "factor"),
    [
        ((4032, 3024), {"width": 1024}, 2),
        ((4032, 3024), {"width": 1200}, 1),
        ((4032, 3024), {"width": 100}, 8),
        ((4032, 3024), {"width": 500, "height": 3000, "fit": "fill"}, 1),
        ((4032, 3024), {"width": 400, "height": 400, "fit": "cover"}, 4),
        ((4033, 3024), {"width": 100}, 1),
        ((4034, 3022), {"width": 100}, 2),
        ((4032, 3024), {}, 1),
        ((4032, 3024), {"width": 9000, "enlarge": True}, 1),
    ],
)
def test_how_much_smaller_a_picture_may_be_decoded(size: tuple[int, int], options: dict[str, Any], factor: int) -> None:
    assert choose_reduction(size, choose_size(size, Options(**options))) == factor


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
@pytest.mark.parametrize("options", [{"width": 200}, {"width": 160, "height": 160, "fit": "cover"}])
def test_what_is_decoded_smaller_is_the_same_picture(
    run: Converter, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], orientation: int
) -> None:
    """Beside the way of other formats, which are decoded whole."""
    asked: list[int] = []
    decode = simplejpeg.decode_jpeg

    def listen(*given: Any, **named: Any) -> Any:
        asked.append(named["min_width"])
        return decode(*given, **named)

    monkeypatch.setattr("engine.codecs.jpeg.simplejpeg.decode_jpeg", listen)
    data = images.encoded(soft((1600, 1280)), "JPEG", quality=92, exif=images.exif(orientation))
    whole = images.encoded(images.decoded(data), "PNG", exif=images.exif(orientation))
    seen, wanted = run(data, "png", **options), run(whole, "png", **options)
    assert asked[0] <= 800
    assert seen.image().size == wanted.image().size
    assert distance(seen.image(), wanted.image()) < 1
    assert (seen.outcome.source and seen.outcome.source.width) == (1280 if orientation >= 5 else 1600)


@pytest.mark.parametrize("kind", ["colour", "grey", "progressive"])
def test_damage_is_seen_in_what_is_decoded_smaller(run: Converter, kind: str) -> None:
    data = KINDS[kind]
    middle = scan_of(data) + 2000
    assert run(data[:middle] + data[middle + 300 :], "png", width=20).failure in {"corrupt_image", "truncated_image"}
    assert run(data[:-2000], "png", width=20).failure == "truncated_image"
