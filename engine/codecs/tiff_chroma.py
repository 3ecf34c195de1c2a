"""YCbCr of a TIFF whose color has fewer samples than its brightness, not packed: neither of our decoders reads it.

TIFF 6.0, section 21: a unit is a block of brightness (4:2:0 has 2 x 2), then one sample of each color.
"""

import math

import numpy as np

from engine.codecs.tiff_layout import NONE, YCBCR, Layout
from engine.errors import truncated, unsupported
from engine.pixels.samples import Samples

SUBSAMPLING, REFERENCE = 530, 532
DEFAULT_SUBSAMPLING = (2, 2)
FULL_RANGE = (0, 255, 128, 255, 128, 255)
SIDES = frozenset({1, 2, 4})


def read_subsampling(layout: Layout) -> tuple[int, int]:
    """Return how many pixels across and down share a sample of color. Raise ConversionError for a range of its own."""
    found = tuple(layout.directory.read_numbers(SUBSAMPLING, 2))
    across, down = found if len(found) == 2 else DEFAULT_SUBSAMPLING
    if across not in SIDES or down not in SIDES:
        raise unsupported("tiff", f"its color is sampled {across} x {down} pixels at a time")
    return across, down


def is_subsampled(layout: Layout) -> bool:
    """Say whether pixels that are not packed share samples of color."""
    return layout.photometric == YCBCR and layout.compression == NONE and read_subsampling(layout) != (1, 1)


def has_own_range(layout: Layout) -> bool:
    """Say whether black and white of YCbCr are others than 0 and 255."""
    found = layout.directory.read_ratios(REFERENCE, 6)
    return layout.photometric == YCBCR and bool(found) and tuple(map(round, found)) != FULL_RANGE


def decode_subsampled(layout: Layout) -> Samples:
    """Return the samples as an array (rows, columns, 3). Raise ConversionError when a strip is too short."""
    if layout.planar or layout.tile is not None or layout.bits != 8 or layout.samples != 3:
        raise unsupported("tiff", "it is YCbCr of a rare kind")
    across, down = read_subsampling(layout)
    samples = np.empty((layout.height, layout.width, 3), np.uint8)
    for index, (start, count) in enumerate(zip(layout.offsets, layout.counts, strict=True)):
        top = index * layout.rows
        rows = min(layout.rows, layout.height - top)
        units = math.ceil(rows / down), math.ceil(layout.width / across), across * down + 2
        if count < math.prod(units):
            raise truncated()
        strip = np.frombuffer(layout.directory.data, np.uint8, math.prod(units), start).reshape(units)
        luma = strip[:, :, :-2].reshape(*units[:2], down, across).swapaxes(1, 2).reshape(units[0] * down, -1)
        samples[top : top + rows, :, 0] = luma[:rows, : layout.width]
        for place in (1, 2):
            color = np.repeat(np.repeat(strip[:, :, place - 3], down, axis=0), across, axis=1)
            samples[top : top + rows, :, place] = color[:rows, : layout.width]
    return samples
