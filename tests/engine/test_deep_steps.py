"""The steps on color of 16 bits: it is turned, resized, brought to sRGB and laid on a background as such."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from conformance import images, profiles
from tests.engine.conftest import Converter
from tests.engine.deep import COLORS, GREY_SOFT, PICTURES, SOFT, WHITE, Picture, apart, iccp, png16, seen

TURNED: dict[int, Callable[[Picture], Picture]] = {
    1: lambda picture: picture, 2: np.fliplr, 3: lambda picture: np.rot90(picture, 2), 4: np.flipud,
    5: lambda picture: picture.swapaxes(0, 1), 6: lambda picture: np.rot90(picture, -1),
    7: lambda picture: np.rot90(picture, 2).swapaxes(0, 1), 8: np.rot90,
}  # fmt: skip


@pytest.mark.parametrize("orientation", TURNED)
def test_it_is_turned(run: Converter, orientation: int) -> None:
    tag = images.exif(orientation).tobytes().removeprefix(b"Exif\0\0")
    result = run(png16(SOFT, images.chunk(b"eXIf", tag)), "png")
    assert apart(seen(result), TURNED[orientation](SOFT)) == 0


def resized(samples: Picture, size: tuple[int, int]) -> NDArray[Any]:
    """Premultiplied floats, channel by channel, by Pillow."""
    floats = samples.astype(np.float64)
    alpha = floats[..., -1:] / WHITE
    layers = np.concatenate([floats[..., :-1] * alpha, alpha], 2).astype(np.float32)
    small = np.dstack(
        [
            np.asarray(Image.fromarray(layer).resize(size, Image.Resampling.LANCZOS))
            for layer in layers.transpose(2, 0, 1)
        ]
    )
    return np.concatenate([small[..., :-1] / small[..., -1:], small[..., -1:] * WHITE], 2).clip(0, WHITE)


@pytest.mark.parametrize("size", [(45, 35), (30, 20), (180, 140)])
def test_it_is_resized(run: Converter, size: tuple[int, int]) -> None:
    options = {"width": size[0], "height": size[1], "fit": "fill", "enlarge": True}
    opaque = np.dstack([COLORS, np.full(COLORS.shape[:2], WHITE, np.uint16)])
    assert apart(seen(run(png16(COLORS), "png", **options)), resized(opaque, size)[..., :3]) <= 2
    wanted = resized(SOFT, size)
    wanted[wanted[..., 3] < 0.5] = 0
    there = wanted[..., 3] > 20
    found = seen(run(png16(SOFT), "tiff", **options))
    assert apart(found[there], wanted[there]) <= 2
    assert apart(found[..., 3], wanted[..., 3]) <= 1


def test_a_part_is_cut_while_resizing(run: Converter) -> None:
    small = seen(run(png16(COLORS), "png", width=35, height=35, fit="cover"))
    whole = np.asarray(
        Image.fromarray(COLORS[..., 0].astype(np.float32)).resize((35, 35), Image.Resampling.LANCZOS, (10, 0, 80, 70))
    )
    assert small.shape == (35, 35, 3)
    assert apart(small[..., 0], whole.clip(0, WHITE)) <= 2


def test_no_hidden_color_shows(run: Converter) -> None:
    picture = SOFT.copy()
    picture[:, 45:] = (65_535, 0, 65_535, 0)
    assert not seen(run(png16(picture), "png"))[:, 45:].any()
    small = seen(run(png16(picture), "png", width=30))
    clear = small[..., 3] == 0
    assert clear.any()
    assert not small[clear].any()
    # What is half clear at the border keeps its color.
    assert int(small[..., 0][~clear].max()) <= int(SOFT[:, :45, 0].max()) + 2_000


@pytest.mark.parametrize("background", ["#ffffff", "#336699"])
@pytest.mark.parametrize("kind", ["RGBA", "LA"])
def test_a_ppm_is_laid_on_the_background(run: Converter, kind: str, background: str) -> None:
    picture = PICTURES[kind]
    result = run(png16(picture), "ppm", background=background)
    ground = np.array([int(background[at : at + 2], 16) * 257 for at in (1, 3, 5)])
    alpha = picture[..., -1:] / WHITE
    wanted = np.rint(picture[..., :-1] * alpha + ground * (1 - alpha))
    grey = kind == "LA" and background == "#ffffff"
    assert apart(seen(result), wanted[..., :1] if grey else wanted) <= 1
    assert result.warnings == ["alpha_flattened"]


def test_an_opaque_picture_loses_its_alpha_in_silence(run: Converter) -> None:
    opaque = np.dstack([COLORS, np.full(COLORS.shape[:2], WHITE, np.uint16)])
    result = run(png16(opaque), "ppm")
    assert apart(seen(result), COLORS) == 0
    assert result.warnings == []


def matched(samples: Picture, primaries: Any) -> NDArray[Any]:
    """The same colors in sRGB, by the formulas."""
    wide, srgb = (np.array(profiles._find_columns(points)) for points in (primaries, SRGB))
    light = (samples / WHITE) ** (563 / 256) @ wide @ np.linalg.inv(srgb)
    light = light.clip(0, 1)
    return np.asarray(np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * WHITE)


SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))


@pytest.mark.parametrize("primaries", [profiles.DISPLAY_P3, profiles.ADOBE_RGB])
def test_profiles_are_matched_at_16_bits(run: Converter, primaries: Any) -> None:
    result = run(png16(SOFT, iccp(profiles.rgb_profile(primaries))), "png")
    # Profiles hold their numbers in steps of 1/65536 and D50 in five places or four, which the darkest samples show.
    difference = np.abs(seen(result)[..., :3] - matched(SOFT[..., :3], primaries))
    assert difference.max() <= 60
    assert difference.mean() < 6
    assert apart(seen(result)[..., 3], SOFT[..., 3]) == 0
    assert result.warnings == []


def test_a_grey_profile_is_matched_at_16_bits(run: Converter) -> None:
    result = run(png16(GREY_SOFT, iccp(profiles.grey_profile(1.0))), "png")
    light = GREY_SOFT[..., 0] / WHITE
    wanted = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * WHITE
    assert apart(seen(result)[..., 0], wanted) <= 2
    assert apart(seen(result)[..., 1], GREY_SOFT[..., 1]) == 0


def test_a_profile_of_tables_is_matched_too(run: Converter) -> None:
    profile = profiles.rgb_table_profile()
    result = run(png16(COLORS, iccp(profile)), "png")
    eight = Image.fromarray(np.rint(COLORS / 257).astype(np.uint8))
    short = run(images.encoded(eight, "PNG", icc_profile=profile), "png")
    assert result.warnings == short.warnings == []
    assert np.abs(seen(result) / 257 - np.asarray(short.image())).mean() < 0.5
    assert apart(seen(result), COLORS) > 5_000
    assert (seen(result) % 257 != 0).any()


@pytest.mark.parametrize("profile", [profiles.srgb_profile(), profiles.camera_srgb_profile()])
def test_what_is_srgb_already_does_not_move(run: Converter, profile: bytes) -> None:
    assert apart(seen(run(png16(SOFT, iccp(profile)), "tiff")), SOFT) == 0


@pytest.mark.parametrize(("target", "tag"), [("png", "icc_profile"), ("tiff", "icc_profile")])
def test_a_profile_is_kept(run: Converter, target: str, tag: str) -> None:
    profile = profiles.rgb_profile(profiles.DISPLAY_P3)
    result = run(png16(SOFT, iccp(profile)), target, color="keep")
    assert apart(seen(result), SOFT) == 0
    assert Image.open(io.BytesIO(result.data)).info[tag] == profile


@pytest.mark.parametrize("profile", [b"no profile at all", profiles.grey_profile()])
def test_a_profile_of_no_use_is_said(run: Converter, profile: bytes) -> None:
    result = run(png16(COLORS, iccp(profile)), "png")
    assert apart(seen(result), COLORS) == 0
    assert result.warnings == ["profile_ignored"]
