"""YCbCr of a TIFF whose color has fewer samples than its brightness, not packed, or that has black and white of its own.

Neither of our decoders reads it. TIFF 6.0, section 21: a unit is a block of brightness (4:2:0 has 2 x 2), then one sample of each color.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.codecs.tiff_decoding import decode_samples
from engine.codecs.tiff_layout import BLACK_IS_ZERO, JPEG, NONE, OLD_JPEG, WEBP, YCBCR, Layout
from engine.errors import corrupt, truncated, unsupported
from engine.pixels.samples import ROWS, Samples

COEFFICIENTS, SUBSAMPLING, REFERENCE = 529, 530, 532
DEFAULT_SUBSAMPLING = (2, 2)
FULL_RANGE: tuple[float, ...] = (0, 255, 128, 255, 128, 255)
BT_601: tuple[float, ...] = (0.299, 0.587, 0.114)
CODES = (255, 127, 127)
"""From black to white of brightness, from grey to the full of a color."""

SIDES = frozenset({1, 2, 4})


def read_subsampling(layout: Layout) -> tuple[int, int]:
    """Return how many pixels across and down share a sample of color. Raise ConversionError for rare numbers."""
    found = tuple(layout.directory.read_numbers(SUBSAMPLING, 2))
    across, down = found if len(found) == 2 else DEFAULT_SUBSAMPLING
    if across not in SIDES or down not in SIDES:
        raise unsupported("tiff", f"its color is sampled {across} x {down} pixels at a time")
    return across, down


def is_subsampled(layout: Layout) -> bool:
    """Say whether pixels share samples of color in a way that a JPEG does not do by itself."""
    is_jpeg = layout.compression in {JPEG, OLD_JPEG, WEBP}
    return layout.photometric == YCBCR and not is_jpeg and read_subsampling(layout) != (1, 1)


def has_own_colors(layout: Layout) -> bool:
    """Say whether YCbCr has black and white others than 0 and 255, or is mixed of other shares than ITU-R BT.601 has."""
    is_plain = _read_range(layout) == FULL_RANGE and _read_shares(layout) == BT_601
    return layout.photometric == YCBCR and not is_plain


def _read_range(layout: Layout) -> tuple[float, ...]:
    """Return black and white of brightness and both colors. Numbers of another count say nothing."""
    found = tuple(layout.directory.read_ratios(REFERENCE, 7))
    return FULL_RANGE if len(found) != len(FULL_RANGE) or tuple(map(round, found)) == FULL_RANGE else found


def _read_shares(layout: Layout) -> tuple[float, ...]:
    """Return the shares of red, green and blue in the brightness."""
    found = tuple(layout.directory.read_ratios(COEFFICIENTS, 4))
    near = all(abs(share - usual) < 0.0005 for share, usual in zip(found, BT_601, strict=False))
    return BT_601 if len(found) != len(BT_601) or near else found


def mix_own_colors(layout: Layout, samples: Samples) -> NDArray[np.uint8]:
    """Return YCbCr of 8 bits as red, green and blue (TIFF 6.0, section 21, and 20 for black and white)."""
    blacks, whites = np.array(_read_range(layout)).reshape(3, 2).T
    red, green, blue = _read_shares(layout)
    if green <= 0 or (blacks == whites).any():
        raise corrupt("its colors cannot be mixed as it says")
    mixed = np.empty((*samples.shape[:2], 3), np.uint8)
    for start in range(0, len(samples), ROWS):
        luma, cb, cr = np.moveaxis((samples[start : start + ROWS] - blacks) / (whites - blacks) * CODES, 2, 0)
        first, last = luma + (2 - 2 * red) * cr, luma + (2 - 2 * blue) * cb
        middle = (luma - red * first - blue * last) / green
        mixed[start : start + ROWS] = np.clip(np.stack((first, middle, last), axis=2) + 0.5, 0, 255)
    return mixed


def decode_subsampled(layout: Layout) -> Samples:
    """Return the samples as an array (rows, columns, 3). Raise ConversionError when a strip is too short."""
    if layout.planar or layout.tile is not None or layout.bits != 8 or layout.samples != 3 or layout.predictor > 1:
        raise unsupported("tiff", "it is YCbCr of a rare kind")
    across, down = read_subsampling(layout)
    columns, size = math.ceil(layout.width / across), across * down + 2
    samples = np.empty((layout.height, layout.width, 3), np.uint8)
    for top, units in _read_units(layout, columns * size, down):
        rows = min(layout.rows, layout.height - top)
        blocks = units.reshape(-1, columns, size)
        luma = blocks[:, :, :-2].reshape(-1, columns, down, across).swapaxes(1, 2).reshape(len(blocks) * down, -1)
        samples[top : top + rows, :, 0] = luma[:rows, : layout.width]
        for place in (1, 2):
            color = np.repeat(np.repeat(blocks[:, :, place - 3], down, axis=0), across, axis=1)
            samples[top : top + rows, :, place] = color[:rows, : layout.width]
    return samples


def _read_units(layout: Layout, width: int, down: int) -> Iterator[tuple[int, Samples]]:
    """Yield the first row of each strip and its units, as rows of that many bytes."""
    if layout.compression != NONE:
        yield from _unpack_units(layout, width, down)
        return
    for index, (start, count) in enumerate(zip(layout.offsets, layout.counts, strict=True)):
        top = index * layout.rows
        height = math.ceil(min(layout.rows, layout.height - top) / down)
        if count < width * height:
            raise truncated()
        yield top, np.frombuffer(layout.directory.data, np.uint8, width * height, start).reshape(height, width)


def _unpack_units(layout: Layout, width: int, down: int) -> Iterator[tuple[int, Samples]]:
    """Yield units of packed strips. To the decoder, they are a picture of grey, or each is one if units end amid a strip."""
    height, rows = math.ceil(layout.height / down), math.ceil(layout.rows / down)
    grey = replace(layout, width=width, height=height, rows=rows, samples=1, colors=1, photometric=BLACK_IS_ZERO)
    if layout.rows % down == 0 or layout.pieces == 1:
        units = decode_samples(grey, 1)
        for top in range(0, layout.height, layout.rows):
            yield top, units[top // down : top // down + rows]
        return
    for index, top in enumerate(range(0, layout.height, layout.rows)):
        height, at = math.ceil(min(layout.rows, layout.height - top) / down), slice(index, index + 1)
        strip = replace(grey, height=height, rows=height, offsets=layout.offsets[at], counts=layout.counts[at])
        yield top, decode_samples(strip, 1)
