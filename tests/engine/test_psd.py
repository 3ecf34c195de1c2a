"""PSD: the composite, its alpha, its selections and its metadata."""

import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from conformance import images
from conformance.psd import document, on_white, psd, resource
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


QUARTERS = np.asarray(images.quarters()).astype(np.int64)
RED, GREEN, BLUE = (QUARTERS[:, :, band] for band in range(3))
GREY = np.asarray(images.quarters(mode="L")).astype(np.int64)
WHITE = np.full_like(GREY, 255)
CLEAR = np.asarray(Image.linear_gradient("L").resize((48, 32))).astype(np.int64)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("packing", [0, 1, 2, 3])
@pytest.mark.parametrize("depth", [8, 16, 32])
def test_every_packing_and_depth_is_read(run: Converter, depth: int, packing: int, large: bool) -> None:
    scale = {8: 1, 16: 257, 32: 1 / 255}[depth]
    for planes, mode in (([RED, GREEN, BLUE], 3), ([GREY], 1)):
        data = document([plane * scale for plane in planes], mode=mode, depth=depth, packing=packing, large=large)
        result = run(data, "png")
        assert result.warnings == ["depth_reduced"] * (depth > 8 and (mode == 3 or depth == 32))
        wanted = images.quarters() if mode == 3 else images.quarters(mode="L")
        seen = result.image()
        if seen.mode.startswith("I"):
            seen = Image.fromarray((np.asarray(seen) / 257).round().astype(np.uint8))
        assert apart(seen, wanted) == 0


def test_floats_beyond_white_are_stretched_and_that_is_said(run: Converter) -> None:
    result = run(document([RED / 100, GREEN / 100, BLUE / 100], depth=32), "png")
    assert "2.55 white" in result.outcome.warnings[0].detail
    assert apart(result.image(), images.quarters()) == 0
    clear = run(document([RED / 100, GREEN / 100, BLUE / 100, CLEAR / 255], depth=32, layers=-1), "png").image()
    assert np.abs(np.asarray(clear).astype(int)[:, :, 3] - CLEAR).max() <= 1
    assert run(document([RED * np.nan, GREEN, BLUE], depth=32), "png").failure == "unsupported_image"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_floats_that_are_no_numbers_are_black(run: Converter, bad: float) -> None:
    planes = [plane / 255 for plane in (RED, GREEN, BLUE)]
    for plane in planes:
        plane[3, 5] = bad
    wanted = np.asarray(images.quarters()).copy()
    wanted[3, 5] = 0
    result = run(document(planes, depth=32), "png")
    assert "samples without a value became black" in result.outcome.warnings[0].detail
    assert np.array_equal(np.asarray(result.image()), wanted)
    grey = np.asarray(run(document(planes[:1], mode=1, depth=32), "png").image())
    assert (grey[3, 5], grey[3, 4] / 257) == (0, RED[3, 4])


@pytest.mark.parametrize("packing", [0, 1, 2])
def test_a_bitmap_is_black_where_it_is_set(run: Converter, packing: int) -> None:
    bits = (np.arange(13 * 5).reshape(5, 13) % 3 == 0).astype(np.int64)
    seen = run(document([bits], mode=0, depth=1, packing=packing), "png").image().convert("L")
    assert (np.asarray(seen) == np.where(bits, 0, 255)).all()


def merged(key: bytes, body: bytes = b"", *, large: bool = False) -> bytes:
    return b"8BIM" + key + struct.pack(">Q" if large else ">I", len(body)) + body + bytes(-len(body) % 4)


@pytest.mark.parametrize("depth", [8, 16, 32])
@pytest.mark.parametrize(
    ("mode", "count"), [(1, 1), (3, 3), (4, 4), (8, 1), (9, 3)], ids=["grey", "RGB", "CMYK", "duotone", "Lab"]
)
def test_alpha_of_every_color_mode_is_kept(run: Converter, mode: int, count: int, depth: int) -> None:
    scale = {8: 1, 16: 257, 32: 1 / 255}[depth]
    neutral = [WHITE, WHITE // 2 + 1, WHITE // 2 + 1] if mode == 9 else [WHITE] * count
    result = run(document([plane * scale for plane in (*neutral, CLEAR)], mode=mode, depth=depth, layers=-1), "png")
    assert ("channels_dropped" in result.warnings) == (mode == 8)
    seen = np.asarray(result.image().convert("RGBA")).astype(int)
    assert np.abs(seen[:, :, 3] - CLEAR).max() <= 1
    assert (seen[seen[:, :, 3] > 200] >= [253, 253, 253, 0]).all()


@pytest.mark.parametrize(
    ("blocks", "large"),
    [
        (merged(b"Mtrn"), False),
        (merged(b"shmd", b"odd") + merged(b"Mt16"), False),
        (merged(b"LMsk", b"12", large=True) + merged(b"Mt32", large=True), True),
        (merged(b"Lr16", struct.pack(">h", -3) + bytes(9)), False),
    ],
)
def test_alpha_is_told_by_a_block_behind_the_layers_too(run: Converter, blocks: bytes, large: bool) -> None:
    data = document([WHITE, WHITE, WHITE, CLEAR], blocks=blocks, large=large)
    assert run(data, "png").image().mode == "RGBA"
    other = blocks.replace(b"Mt", b"No").replace(b"\xff\xfd", b"\0\3")
    data = document([WHITE, WHITE, WHITE, CLEAR], blocks=other, large=large)
    assert run(data, "png").image().mode != "RGBA"


def test_a_composite_that_lies_on_nothing_keeps_its_colors(run: Converter) -> None:
    """As ImageMagick and GIMP write it."""
    seen = run(document([WHITE // 3, GREEN, WHITE // 5, WHITE // 2], layers=-1), "png").image()
    assert seen.getpixel((1, 1)) == (85, images.RED[1], 51, 127)


def test_a_palette_is_read_with_its_clear_color(run: Converter) -> None:
    colors = bytes((10, 20)) + bytes(254) + bytes((30, 40)) + bytes(254) + bytes((50, 60)) + bytes(254)
    plane = np.eye(5, 9, dtype=np.int64)
    seen = run(document([plane], mode=2, colors=colors), "png").image().convert("RGBA")
    assert (seen.getpixel((1, 0)), seen.getpixel((1, 1))) == ((10, 30, 50, 255), (20, 40, 60, 255))
    clear = document([plane], mode=2, colors=colors, resources=resource(0x0417, b"\0\1"))
    assert run(clear, "png").image().convert("RGBA").getpixel((1, 1)) == (0, 0, 0, 0)


def test_plates_without_a_picture_are_taken_as_process_inks_or_refused(run: Converter) -> None:
    inks = [255 - plane for plane in (255 - RED, 255 - GREEN, 255 - BLUE)]
    names = resource(0x03EE, b"\4Cyan\7Magenta\6Yellow")
    for data in (document(inks, mode=7), document(inks, mode=7, resources=names)):
        assert apart(run(data, "png").image(), images.quarters()) == 0
    assert run(document([*inks, WHITE], mode=7), "png").warnings == []
    other = resource(0x03EE, b"\4Cyan\3Red\6Yellow")
    for data in (document(inks, mode=7, resources=other), document(inks[:2], mode=7), document(inks * 2, mode=7)):
        assert run(data, "png").failure == "unsupported_image"


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (b"", "2 saved selections"), (b"\0\2", "1 saved selection, 1 spot plate"), (b"\2\2", "2 spot plates"),
    ],
)  # fmt: skip
def test_selections_and_spot_plates_are_named(run: Converter, kinds: bytes, words: str) -> None:
    block = resource(0x0435, bytes(4) + b"".join(bytes(12) + bytes((kind,)) for kind in kinds)) if kinds else b""
    result = run(document([RED, GREEN, BLUE, GREY, GREY], resources=block), "png")
    assert result.warnings == ["channels_dropped"]
    assert f"({words})" in result.outcome.warnings[0].detail
    assert apart(result.image(), images.quarters()) == 0


@pytest.mark.parametrize("flat", [WHITE, WHITE * 0])
def test_a_file_without_its_composite_is_refused_with_what_to_do(run: Converter, flat: Any) -> None:
    without = resource(0x0421, struct.pack(">IB", 1, 0))
    result = run(document([flat] * 3, layers=1, resources=without), "png")
    assert result.failure == "unsupported_image"
    assert result.outcome.failure is not None
    assert "Maximize Compatibility" in result.outcome.failure.detail
    assert apart(run(document([RED, GREEN, BLUE], layers=1, resources=without), "png").image(), images.quarters()) == 0
    assert run(document([flat] * 3, resources=without.replace(b"\0\1\0", b"\0\1\1")), "png").warnings == []


@pytest.mark.parametrize("packing", [0, 1, 2, 3])
@pytest.mark.parametrize("large", [False, True])
def test_a_composite_without_its_end_is_a_failure(run: Converter, packing: int, large: bool) -> None:
    data = document([RED, GREEN, BLUE], packing=packing, large=large)
    for length in (len(data) - 12, len(data) - 40, len(data) // 2, 40, 27, 20):
        assert run(data[:length], "png").failure in {"truncated_image", "corrupt_image"}


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (12, 0, "corrupt_image"),
        (12, 2, "unsupported_image"),
        (12, 57, "corrupt_image"),
        (22, 12, "unsupported_image"),
        (22, 1, "unsupported_image"),
        (24, 6, "unsupported_image"),
        (24, 4, "unsupported_image"),
    ],
)
def test_a_header_of_no_known_kind_is_named(run: Converter, place: int, value: int, code: str) -> None:
    data = bytearray(document([RED, GREEN, BLUE]))
    data[place : place + 2] = struct.pack(">H", value)
    assert run(bytes(data), "png").failure == code


def test_an_unknown_packing_is_named_and_wrong_runs_are_damage(run: Converter) -> None:
    assert run(document([GREY], mode=1, packing=7), "png").failure == "unsupported_image"
    data = bytearray(document([GREY], mode=1, packing=1))
    data[-2] ^= 0x40
    assert run(bytes(data), "png").failure == "corrupt_image"
