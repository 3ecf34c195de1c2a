"""16 bits a sample beside what else pictures bring: pages, masks, borders, turns, HDR."""

import io
from typing import Any

import numpy as np
import pytest
import tifffile

from conformance.profiles import grey_profile, rgb_profile
from conformance.running import Boxed
from tests.engine.conftest import Converter
from tests.engine.deep import COLORS, GREY_SOFT, PICTURES, SOFT, WHITE, apart, png16, seen, tiff
from tests.engine.test_hdr import tagged_profile

HALF = np.where(np.arange(70) < 35, 1, 0).astype(bool)[:, None].repeat(90, axis=1)
BT2020, PQ = 9, 16


@pytest.mark.parametrize("kind", ["RGB", "RGBA"])
def test_a_planar_tiff(run: Converter, kind: str) -> None:
    picture = PICTURES[kind]
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
    alpha = ["unassalpha"] if kind == "RGBA" else None
    result = run(tiff(planes, photometric="rgb", planarconfig="separate", extrasamples=alpha), "tiff")
    assert apart(seen(result), picture) == 0
    assert result.warnings == []


def test_floats_keep_16_bits_and_say_so(run: Converter) -> None:
    result = run(tiff((COLORS / WHITE).astype(np.float32)), "png")
    assert apart(seen(result), COLORS) == 0
    assert result.warnings == ["depth_reduced"]


def test_alpha_is_divided_out(run: Converter) -> None:
    picture = np.zeros((4, 4, 4), np.uint16)
    picture[...] = (20_000, 10_000, 0, 40_000)
    assert seen(run(tiff(picture, extrasamples=["assocalpha"]), "png"))[0, 0].tolist() == [32_768, 16_384, 0, 40_000]


@pytest.mark.parametrize("kind", ["grey", "RGB", "RGBA"])
def test_a_mask_becomes_transparency_of_16_bits(run: Converter, kind: str) -> None:
    picture = COLORS[..., :1] if kind == "grey" else PICTURES[kind]
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        alpha = ["unassalpha"] if kind == "RGBA" else None
        photometric = "minisblack" if kind == "grey" else "rgb"
        writer.write(picture[..., 0] if kind == "grey" else picture, photometric=photometric, extrasamples=alpha)
        writer.write(HALF, photometric="mask", subfiletype=4)
    result = run(file.getvalue(), "png")
    shown = seen(result)
    opacity = SOFT[:35, :, 3] if kind == "RGBA" else np.full((35, 90), WHITE)
    assert apart(shown[:35, :, :-1], picture[:35, :, : shown.shape[2] - 1]) == 0
    assert apart(shown[:35, :, -1], opacity) == 0
    assert not shown[35:].any()
    assert result.warnings == []


@pytest.mark.parametrize(
    ("kind", "background", "border"),
    [
        ("RGB", None, [0, 0, 0, 0]),
        ("RGB", "#102030", [0x1010, 0x2020, 0x3030]),
        ("RGBA", "#102030", [0x1010, 0x2020, 0x3030, WHITE]),
        ("LA", None, [0, 0]),
        ("LA", "#808080", [0x8080, WHITE]),
        ("LA", "#102030", [0x1010, 0x2020, 0x3030, WHITE]),
    ],
)
def test_a_border(run: Converter, kind: str, background: str | None, border: list[int]) -> None:
    options: dict[str, Any] = {} if background is None else {"background": background}
    result = run(png16(PICTURES[kind]), "png", width=90, height=90, fit="pad", **options)
    shown = seen(result)
    assert shown[0, 0].tolist() == shown[-1, -1].tolist() == border
    assert apart(shown[10:80, :, 0], PICTURES[kind][..., 0]) == 0
    assert result.warnings == []


def test_grey_keeps_its_profile_on_a_color(run: Converter) -> None:
    data = tiff(GREY_SOFT, iccprofile=grey_profile())
    result = run(data, "png", width=90, height=90, fit="pad", background="#ff0000", color="keep")
    assert seen(result)[0, 0].tolist() == [76 * 257, WHITE]


def test_turned_and_cropped(run: Converter) -> None:
    assert apart(seen(run(png16(COLORS), "tiff", rotate=90)), np.rot90(COLORS, -1)) == 0
    assert apart(seen(run(png16(COLORS), "tiff", crop="10,5,20,30")), COLORS[5:35, 10:30]) == 0


def test_fewer_colors_are_8_bits(run: Converter) -> None:
    result = run(png16(COLORS), "png", colors=16)
    colors = result.image().convert("RGB").getcolors(16)
    assert colors is not None
    assert result.warnings == ["depth_reduced"]


def test_hdr_by_a_profile_becomes_8_bits(run: Converter) -> None:
    result = run(tiff(COLORS, iccprofile=tagged_profile(BT2020, PQ)), "png")
    assert sorted(result.warnings) == ["depth_reduced", "hdr_reduced"]
    assert result.image().mode == "RGB"


def test_grey_with_a_profile_for_color(run: Converter) -> None:
    straight = np.ascontiguousarray(np.dstack([GREY_SOFT[..., 0]] * 3 + [GREY_SOFT[..., 1]]))
    profile = rgb_profile()
    grey = seen(run(tiff(GREY_SOFT, iccprofile=profile), "png"))
    color = seen(run(tiff(straight, iccprofile=profile), "png"))
    assert apart(grey[..., 0], color[..., 1]) <= 2


@pytest.mark.parametrize("target", ["tiff", "png", "jxl", "jp2"])
def test_in_the_sandbox(boxed: Boxed, target: str) -> None:
    """Nothing is loaded late: a child may open no file."""
    result = boxed(tiff(SOFT, compression="zlib", predictor=2, iccprofile=rgb_profile()), source="tiff", target=target)
    assert result.outcome.failure is None
