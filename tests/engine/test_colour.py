"""Colour profiles: every colour checked against one that was worked out without a colour engine."""

import itertools
import random
from typing import Any

import pytest
from PIL import Image

from conformance import images, profiles
from conformance.running import apart, near
from tests.engine.conftest import Converter


@pytest.mark.parametrize("source", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_wide_colours_become_srgb(run: Converter, source: str) -> None:
    settings: dict[str, dict[str, Any]] = {
        "WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}, "AVIF": {"quality": 98},
    }  # fmt: skip
    image = Image.new("RGB", (32, 32), (200, 100, 50))
    wide = images.encoded(
        image, source, icc_profile=profiles.rgb_profile(profiles.DISPLAY_P3), **settings.get(source, {})
    )
    # Worked out by hand: P3 (gamma 2.2) to linear, its primaries to sRGB's, the sRGB curve.
    wanted = expected_srgb((200, 100, 50), profiles.DISPLAY_P3)
    result = run(wide, "png")
    assert near(result.image().getpixel((5, 5)), wanted, 5)
    assert not near(wanted, (200, 100, 50), 8)
    assert "icc_profile" not in result.image().info
    assert result.warnings == []


def test_adobe_rgb_with_alpha(run: Converter) -> None:
    image = Image.new("RGBA", (8, 8), (120, 160, 90, 77))
    data = images.encoded(image, "PNG", icc_profile=profiles.rgb_profile(profiles.ADOBE_RGB))
    seen = run(data, "png").image().getpixel((3, 3))
    assert near(seen, (*expected_srgb((120, 160, 90), profiles.ADOBE_RGB), 77), 2)


def expected_srgb(colour: tuple[int, int, int], primaries: object) -> tuple[int, ...]:
    linear = [(sample / 255) ** 2.2 for sample in colour]
    wide = profiles._find_columns(primaries)  # type: ignore[arg-type]
    srgb = profiles._find_columns(((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)))
    xyz = tuple(sum(wide[band][row] * linear[band] for band in range(3)) for row in range(3))
    back = profiles._solve_system(srgb, xyz)
    clipped = [min(1.0, max(0.0, value)) for value in back]
    return tuple(
        round(255 * (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055)) for value in clipped
    )


@pytest.mark.parametrize("profile", [profiles.srgb_profile(), profiles.camera_srgb_profile()])
def test_pixels_that_are_srgb_already_do_not_move(run: Converter, profile: bytes) -> None:
    every = Image.frombytes("RGB", (300, 300), random.Random(3).randbytes(270_000))  # noqa: S311 - no secret
    assert apart(run(images.encoded(every, "PNG", icc_profile=profile), "png").image(), every) == 0


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_profiles(run: Converter, mode: str) -> None:
    value: Any = {"L": 55, "LA": (55, 90), "I;16": 55 * 257}[mode]
    data = images.encoded(Image.new(mode, (8, 8), value), "PNG", icc_profile=profiles.grey_profile(gamma=1.0))
    result = run(data, "png")
    seen = result.image().getpixel((2, 2))
    # Linear 55 of 255 is 128 of 255 in sRGB.
    wanted = {"L": (128,), "LA": (128, 90), "I;16": (128 * 257,)}[mode]
    assert near(seen if isinstance(seen, tuple) else (seen,), wanted, 200 if mode == "I;16" else 2)
    assert result.warnings == []


@pytest.mark.parametrize(
    ("mode", "profile"),
    [
        ("L", profiles.cmyk_profile()),
        ("RGB", profiles.cmyk_profile()),
        ("RGB", profiles.grey_profile()),
        ("RGB", b"this is no profile at all" * 10),
        ("RGB", profiles.rgb_profile()[:200]),
    ],
)
def test_a_profile_that_cannot_be_used_is_said(run: Converter, mode: str, profile: bytes) -> None:
    image = images.quarters(mode=mode)
    for options in ({}, {"color": "keep"}):
        result = run(images.encoded(image, "PNG", icc_profile=profile), "png", **options)
        assert result.warnings == ["profile_ignored"]
        assert apart(result.image(), image) == 0


def blank_tags(profile: bytes, *names: bytes, fill: bytes = b"\0") -> bytes:
    """The same profile with these tags' values gone."""
    changed = bytearray(profile)
    for at in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12):
        if profile[at : at + 4] in names:
            start = int.from_bytes(profile[at + 4 : at + 8], "big") + 8
            end = start + int.from_bytes(profile[at + 8 : at + 12], "big") - 8
            changed[start:end] = fill * (end - start)
    return bytes(changed)


COLUMNS = (b"rXYZ", b"gXYZ", b"bXYZ")


@pytest.mark.parametrize("options", [{}, {"color": "keep"}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "I;16", "CMYK"])
@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[1:2]])
def test_a_profile_without_a_white_is_ignored(
    run: Converter, mode: str, columns: tuple[bytes, ...], options: dict[str, Any]
) -> None:
    """By its zeros every picture would be black, or of one tint."""
    profile = blank_tags(profiles.rgb_profile(), *columns)
    if mode == "CMYK":
        profile = blank_tags(profiles.cmyk_profile(), b"A2B0", b"A2B1", fill=b"\x02")
    image = images.quarters(mode=mode) if mode != "I;16" else Image.new("I;16", (8, 8), 40_000)
    result = run(images.encoded(image, "TIFF", icc_profile=profile), "tiff", **options)
    assert result.warnings == ["profile_ignored"]
    assert "icc_profile" not in result.image().info
    bare = run(images.encoded(image, "TIFF"), "tiff").image()
    assert result.image().tobytes() == bare.tobytes()


@pytest.mark.parametrize("options", [{}, {"color": "keep"}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    ("kind", "name"), [(b"link", "a device link"), (b"abst", "an abstract profile"), (b"nmcl", "named colours")]
)
def test_a_profile_of_another_class_is_named(
    run: Converter, kind: bytes, name: str, mode: str, options: dict[str, Any]
) -> None:
    profile = profiles.rgb_profile()
    image = images.quarters(mode=mode)
    data = images.encoded(image, "PNG", icc_profile=profile[:12] + kind + profile[16:])
    result = run(data, "png", **options)
    assert [name in warning.detail for warning in result.outcome.warnings] == [True]
    assert "icc_profile" not in result.image().info
    assert apart(result.image(), image) == 0


@pytest.mark.parametrize("mode", ["L", "LA", "I;16", "1"])
@pytest.mark.parametrize("color", ["srgb", "keep"])
@pytest.mark.parametrize("source", ["PNG", "TIFF"])
def test_grey_by_a_profile_for_rgb(run: Converter, mode: str, color: str, source: str) -> None:
    """Many programs embed one. Its curve counts, its primaries have nothing to say, and no grey file may hold it."""
    value: Any = {"L": 55, "LA": (55, 255), "I;16": 55 * 257, "1": 255}[mode]
    for gamma, wanted in ((1.0, 128), (2.2, 52)):
        profile = profiles.rgb_profile(profiles.ADOBE_RGB, gamma)
        result = run(images.encoded(Image.new(mode, (8, 8), value), source, icc_profile=profile), "png", color=color)
        assert result.warnings == []
        assert "icc_profile" not in result.image().info
        seen = result.image().getpixel((2, 2))
        grey = float(seen[0] if isinstance(seen, tuple) else seen or 0)
        assert near([grey / 257 if mode == "I;16" else grey], [255 if mode == "1" else wanted], 1)


@pytest.mark.parametrize("target", ["jpeg", "tiff"])
@pytest.mark.parametrize("options", [{}, {"width": 8}])
@pytest.mark.parametrize(
    "data",
    [
        images.cmyk_jpeg(adobe=True), images.cmyk_jpeg(adobe=False),
        images.encoded(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "TIFF"),
    ],
)  # fmt: skip
def test_ink_without_a_profile_is_kept(run: Converter, data: bytes, target: str, options: dict[str, Any]) -> None:
    result = run(data, target, color="keep", **options)
    assert result.warnings == []
    assert result.image().mode == "CMYK"
    assert near(result.image().getpixel((5, 5)), (255, 0, 0, 0), 3)
    assert run(data, target, **options).image().mode == "RGB"


@pytest.mark.parametrize(("adobe", "keep"), list(itertools.product([True, False], [True, False])))
def test_cmyk_without_a_profile(run: Converter, adobe: bool, keep: bool) -> None:
    result = run(images.cmyk_jpeg(adobe=adobe), "png", color="keep" if keep else "srgb")
    assert near(result.image().getpixel((5, 5)), (0, 255, 255), 3)


def test_cmyk_by_its_profile(run: Converter) -> None:
    profile = profiles.cmyk_profile()
    for data in (
        images.cmyk_jpeg(profile=profile),
        images.encoded(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "TIFF", icc_profile=profile),
    ):
        result = run(data, "png")
        seen = result.image().getpixel((5, 5))
        assert result.warnings == []
        assert not near(seen, (0, 255, 255), 40), "the profile's cyan is no pure cyan"
        assert seen[0] < seen[1]  # type: ignore[index]
        wrong = run(data.replace(b"acsp", b"xxxx"), "png")
        assert wrong.warnings == ["profile_ignored"]
        assert near(wrong.image().getpixel((5, 5)), (0, 255, 255), 3)


@pytest.mark.parametrize("target", ["jpeg", "png", "webp", "tiff", "avif"])
def test_color_keep_keeps_profile_and_values(run: Converter, target: str) -> None:
    profile = profiles.rgb_profile()
    data = images.encoded(Image.new("RGB", (32, 32), (200, 100, 50)), "PNG", icc_profile=profile)
    seen = run(data, target, color="keep").image()
    assert seen.info["icc_profile"] == profile
    assert near(seen.convert("RGB").getpixel((5, 5)), (200, 100, 50), 8)


@pytest.mark.parametrize("target", ["gif", "bmp"])
def test_color_keep_matches_where_no_profile_can_stay(run: Converter, target: str) -> None:
    data = images.encoded(Image.new("RGB", (8, 8), (200, 100, 50)), "PNG", icc_profile=profiles.rgb_profile())
    seen = run(data, target, color="keep").image().convert("RGB")
    assert near(seen.getpixel((5, 5)), expected_srgb((200, 100, 50), profiles.DISPLAY_P3), 3)


def test_color_keep_keeps_ink_where_it_can(run: Converter) -> None:
    profile = profiles.cmyk_profile()
    for target in ("jpeg", "tiff"):
        seen = run(images.cmyk_jpeg(profile=profile), target, color="keep").image()
        assert (seen.mode, seen.info["icc_profile"]) == ("CMYK", profile)
        assert near(seen.getpixel((5, 5)), (255, 0, 0, 0), 3)
    assert run(images.cmyk_jpeg(profile=profile), "webp", color="keep").image().mode == "RGB"


def test_each_page_keeps_its_own_profile(run: Converter) -> None:
    pages = [Image.new("RGB", (8, 8), images.RED), Image.new("L", (8, 8), 90), Image.new("RGB", (8, 8), images.BLUE)]
    pages[0].info["icc_profile"] = profiles.rgb_profile()
    data = images.encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    seen = run(data, "tiff", color="keep").image()
    found = []
    for index in range(3):
        seen.seek(index)
        found.append("icc_profile" in seen.info and seen.tag_v2.get(34_675) is not None)  # type: ignore[attr-defined]
    assert found == [True, False, False]
