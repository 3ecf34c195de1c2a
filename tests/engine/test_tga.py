"""TGA: what its fourth sample is."""

import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from conformance import images
from conformance.running import apart
from tests.engine.conftest import Converter

QUARTERS = np.asarray(images.quarters()).astype(np.uint16)


def packed(alpha: NDArray[Any] | int) -> bytes:
    """Samples of 5 bits, and one bit of alpha above."""
    red, green, blue = (QUARTERS[:, :, band] >> 3 for band in range(3))
    return (red << 10 | green << 5 | blue | np.uint16(alpha) << 15).astype("<u2").tobytes()


def full(alpha: NDArray[Any] | int, *, premultiplied: bool = False) -> bytes:
    pixels = np.empty((32, 48, 4), np.uint8)
    share = np.asarray(alpha)[..., None] / 255 if premultiplied else 1
    pixels[:, :, 2::-1] = np.rint(QUARTERS * share)
    pixels[:, :, 3] = alpha
    return pixels.tobytes()


def tga(
    body: bytes, depth: int, bits: int, kind: int | None = None, *, colors: bytes = b"", map_depth: int = 0
) -> bytes:
    """A TGA from above; with a `kind` of its fourth sample, one of version 2."""
    mapped = (1, 1, 0, len(colors) * 8 // -(-map_depth // 8 * 8), map_depth) if colors else (0, 2, 0, 0, 0)
    head = struct.pack("<BBBHHBHHHHBB", 0, *mapped, 0, 0, 48, 32, depth, 0x20 | bits) + colors + body
    if kind is None:
        return head
    area = struct.pack("<H", 495) + bytes(492) + bytes((kind,))
    return head + area + struct.pack("<II", len(head), 0) + b"TRUEVISION-XFILE.\0"


RAMP = np.asarray(Image.linear_gradient("L").resize((48, 32)))
HALF = np.broadcast_to(np.arange(48) >= 24, (32, 48))
OPAQUE = {
    "16 bits, all set": tga(packed(1), 16, 1),
    "16 bits, none set": tga(packed(0), 16, 1),
    "16 bits without alpha": tga(packed(HALF), 16, 0),
    "15 bits": tga(packed(HALF), 15, 0),
    "32 bits without alpha": tga(full(RAMP), 32, 0),
    "32 bits, all 0": tga(full(0), 32, 8),
    "32 bits, undefined": tga(full(RAMP), 32, 8, 1),
    "32 bits, undefined but kept": tga(full(RAMP), 32, 8, 2),
    "32 bits, no alpha": tga(full(RAMP), 32, 8, 0),
}
CLEAR = {
    "32 bits": tga(full(RAMP), 32, 8),
    "32 bits, alpha by the extension area": tga(full(RAMP), 32, 8, 3),
    "32 bits, premultiplied": tga(full(RAMP, premultiplied=True), 32, 8, 4),
}


@pytest.mark.parametrize("kind", OPAQUE)
def test_what_is_no_alpha_is_left_out(run: Converter, kind: str) -> None:
    seen = run(OPAQUE[kind], "png").image().convert("RGBA")
    assert seen.getchannel("A").getextrema() == (255, 255)
    assert apart(seen.convert("RGB"), images.quarters()) <= 7


@pytest.mark.parametrize("kind", CLEAR)
def test_what_is_alpha_is_kept(run: Converter, kind: str) -> None:
    seen = np.asarray(run(CLEAR[kind], "png").image()).astype(int)
    assert (seen[:, :, 3] == RAMP).all()
    assert np.abs(seen[:, :, :3] - QUARTERS)[RAMP > 50].max() <= 3


def test_a_set_bit_is_opaque(run: Converter) -> None:
    seen = np.asarray(run(tga(packed(HALF), 16, 1), "png").image())
    assert (seen[:, :, 3] == np.where(HALF, 255, 0)).all()


@pytest.mark.parametrize(("bits", "mode"), [(0, "RGB"), (1, "RGBA")])
@pytest.mark.parametrize("map_depth", [15, 16, 32])
def test_a_palette_has_alpha_where_the_header_says_so(run: Converter, map_depth: int, bits: int, mode: str) -> None:
    colors = struct.pack("<2H", 0x7C00, 0x83E0) if map_depth < 32 else bytes((0, 0, 255, 0, 0, 255, 0, 255))
    indices = HALF.astype(np.uint8).tobytes()
    data = tga(indices, 8, bits if map_depth != 15 else 0, colors=colors, map_depth=map_depth)
    seen = run(data, "png").image().convert("RGBA")
    clear = mode == "RGBA" and map_depth != 15
    assert seen.getpixel((1, 1)) == ((0, 0, 0, 0) if clear else (255, 0, 0, 255))
    assert seen.getpixel((40, 1)) == (0, 255, 0, 255)


@pytest.mark.parametrize("map_depth", [15, 16, 24, 32])
@pytest.mark.parametrize("version", [1, 2])
def test_a_map_that_is_not_used_is_passed_over(run: Converter, map_depth: int, version: int) -> None:
    for depth, alpha in ((24, None), (32, RAMP), (16, None)):
        body = (
            full(RAMP)
            if depth == 32
            else packed(1)
            if depth == 16
            else np.asarray(images.quarters())[..., ::-1].tobytes()
        )
        data = tga(body, depth, 8 if depth == 32 else 0, 3 if version == 2 else None)
        colors = bytes(range(7 * -(-map_depth // 8)))
        # An extension area is found by its place in the file.
        end = (
            data[18:-26] + struct.pack("<I", len(data) - 521 + len(colors)) + data[-22:] if version == 2 else data[18:]
        )
        seen = run(b"\0\1\2" + struct.pack("<HHB", 3, 7, map_depth) + data[8:18] + colors + end, "png").image()
        assert apart(seen.convert("RGB"), run(data, "png").image().convert("RGB")) == 0
        assert alpha is None or (np.asarray(seen)[:, :, 3] == alpha).all()


def runs(indices: NDArray[Any]) -> bytes:
    """Each pixel once more, as a run of two."""
    return b"".join(b"\x81" + index.tobytes() for index in indices.ravel()[::2])


@pytest.mark.parametrize(("bits", "mode"), [(0, "RGB"), (1, "RGBA")])
@pytest.mark.parametrize("map_depth", [15, 16, 24, 32])
@pytest.mark.parametrize("kind", [1, 9])
def test_indices_of_16_bits(run: Converter, kind: int, map_depth: int, bits: int, mode: str) -> None:
    colors = {
        16: struct.pack("<2H", 0x7C00, 0x83E0), 24: bytes((0, 0, 255, 0, 255, 0)), 32: bytes((0, 0, 255, 0, 0, 255, 0, 255)),
    }[16 if map_depth == 15 else map_depth]  # fmt: skip
    indices = np.where(HALF, 701, 700).astype("<u2")
    body = runs(indices) if kind == 9 else indices.tobytes()
    clear = mode == "RGBA" and map_depth in {16, 32}
    data = tga(body, 16, bits if clear else 0, colors=colors, map_depth=map_depth)
    seen = run(data[:2] + bytes((kind,)) + struct.pack("<H", 700) + data[5:], "png").image().convert("RGBA")
    assert seen.size == (48, 32)
    assert seen.getpixel((1, 1)) == ((0, 0, 0, 0) if clear else (255, 0, 0, 255))
    assert seen.getpixel((40, 1)) == (0, 255, 0, 255)


def test_indices_without_their_end_or_colors_are_a_failure(run: Converter) -> None:
    data = tga(HALF.astype("<u2").tobytes(), 16, 0, colors=bytes(6), map_depth=24)
    assert run(data, "png").image().convert("RGB").getextrema() == ((0, 0),) * 3
    assert run(data[:-1], "png").failure == "truncated_image"
    assert run(data[:21], "png").failure == "truncated_image"
