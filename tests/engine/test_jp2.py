"""JPEG 2000 of every depth: white is white."""

import struct

import numpy as np
import pytest
from imagecodecs import jpeg2k_encode
from numpy.typing import NDArray

from engine.containers.bmff import pack_box
from tests.engine.conftest import Converter

SHAPES = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}


def ramp(depth: int, mode: str, *, signed: bool = False) -> NDArray[np.integer]:
    """From black to white, along rows in every channel; alpha starts at a quarter of its range."""
    values = (np.arange(64) * ((1 << depth) - 1) / 63).round().astype(np.int64)
    samples = np.broadcast_to(values[None, :, None], (8, 64, *(SHAPES[mode] or (1,)))).copy()
    if mode in {"LA", "RGBA"}:
        samples[..., -1] = np.maximum(samples[..., -1], 1 << max(depth - 2, 0))
    samples = samples[..., 0] if mode == "L" else samples
    return (
        (samples - (1 << depth - 1)).astype(np.int8 if depth <= 8 else np.int16)
        if signed
        else samples.astype(np.uint8 if depth <= 8 else np.uint16)
    )


def encode(samples: NDArray[np.integer], depth: int, *, bare: bool = False, lossy: bool = False) -> bytes:
    return bytes(
        jpeg2k_encode(
            np.ascontiguousarray(samples), 90 if lossy else 0, codecformat="j2k" if bare else "jp2",
            reversible=not lossy, bitspersample=depth, mct=False,
        )
    )  # fmt: skip


def check(run: Converter, data: bytes, wanted: NDArray[np.integer], depth: int, within: int) -> None:
    result = run(data, "webp", lossless=True)
    assert result.warnings == (["depth_reduced"] if depth > 8 else [])
    seen = np.asarray(result.image().convert({1: "L", 2: "RGBA", 3: "RGB", 4: "RGBA"}[wanted.shape[2]])).astype(int)
    seen = seen.reshape(*seen.shape[:2], -1)
    seen = seen[..., [0, -1]] if wanted.shape[2] == 2 else seen
    full = (1 << depth) - 1
    assert np.abs(seen - np.rint(wanted.astype(float) * 255 / full)).max() <= within


@pytest.mark.parametrize("mode", SHAPES)
@pytest.mark.parametrize("depth", range(1, 17))
def test_samples_of_every_depth_reach_from_black_to_white(run: Converter, depth: int, mode: str) -> None:
    samples = ramp(depth, mode)
    wanted = samples.reshape(8, 64, -1)
    check(run, encode(samples, depth), wanted, depth, 1 if depth > 8 else 0)
    check(run, encode(samples, depth, bare=True), wanted, depth, 1 if depth > 8 else 0)
    check(run, encode(samples, depth, lossy=True), wanted, depth, max(3, 510 // ((1 << depth) - 1)) if depth > 1 else 0)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("depth", range(2, 17))
def test_signed_samples_reach_from_black_to_white(run: Converter, depth: int, mode: str) -> None:
    data = encode(ramp(depth, mode, signed=True), depth)
    check(run, data, ramp(depth, mode).reshape(8, 64, -1), depth, 1 if depth > 8 else 0)


def with_boxes(codestream: bytes, components: int, *boxes: bytes) -> bytes:
    """A file of those boxes behind the first of the header, for an image of 64 x 8."""
    header = pack_box(b"ihdr", struct.pack(">IIHBBBB", 8, 64, components, 7, 7, 0, 0))
    return (
        pack_box(b"jP  ", b"\r\n\x87\n") + pack_box(b"ftyp", b"jp2 \0\0\0\0jp2 ")
        + pack_box(b"jp2h", header, *boxes) + pack_box(b"jp2c", codestream)
    )  # fmt: skip


def colored(number: int) -> bytes:
    return pack_box(b"colr", b"\1\0\0" + struct.pack(">I", number))


@pytest.mark.parametrize("colors", [3, 4])
@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_of_every_depth(run: Converter, depth: int, bits: int, colors: int) -> None:
    count, full = 1 << depth, (1 << bits) - 1
    table = np.random.default_rng(5).integers(0, full + 1, (count, colors))
    table[:, 3:] |= 1
    indices = ramp(depth, "L")
    data = with_boxes(
        encode(indices, depth, bare=True), 1, colored(16),
        pack_box(b"pclr", struct.pack(">HB", count, colors), bytes([bits - 1]) * colors, table.astype(np.uint8).tobytes()),
        pack_box(b"cmap", *(struct.pack(">HBB", 0, 1, column) for column in range(colors))),
    )  # fmt: skip
    check(run, data, table[indices], bits, 0)


@pytest.mark.parametrize("depth", [2, 4, 7, 8, 10])
def test_luma_and_chroma_of_every_depth(run: Converter, depth: int) -> None:
    """Grey: chroma is in the middle of its range."""
    samples = ramp(depth, "RGB")
    samples[..., 1:] = 1 << depth - 1
    data = with_boxes(encode(samples, depth, bare=True), 3, colored(18))
    check(run, data, ramp(depth, "RGB"), depth, 1)
