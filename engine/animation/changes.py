"""Find what each frame of a film changes, and what becomes of it afterwards, for formats that store no more.

A frame is compared with what stays on the canvas, so the way it goes away depends on the next one. Three frames are
held at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.containers.disposal import Disposal

Canvas = NDArray[np.uint32]
"""Pixels as one number each: red, green, blue and alpha from the lowest byte on. 0 is clear."""

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Change:
    """A frame as it is stored: its region, and which pixels of that are another color than what is below them.

    `pixels` and `changed` are arrays (rows, columns) of the region, `corner` is its left upper one.
    `duration` is in the unit of the frames that were given.
    """

    pixels: Canvas
    changed: Mask
    corner: tuple[int, int]
    duration: int
    disposal: Disposal


@dataclass(frozen=True, slots=True)
class _Way:
    """One way for a frame to go: what is left on the canvas, and how many pixels the next frame draws on that."""

    disposal: Disposal
    box: Box
    left: Canvas
    cost: int


def pack_pixels(image: Image.Image) -> Canvas:
    """Return the pixels of a picture. Its clear ones have to be black."""
    canvas: Canvas = np.asarray(image.convert("RGBA")).view("<u4")[:, :, 0]
    return canvas


def find_changes(frames: Iterator[tuple[Canvas, int]], *, replaces: bool) -> Iterator[Change]:
    """Yield each frame as the part that changes the canvas, at least one pixel.

    `replaces` says that a frame of this format can make a pixel clear again. Where it cannot, the frame before is
    disposed of in a way that does.
    """
    canvas, duration = next(frames)
    below = np.zeros_like(canvas)
    first = True
    for following, next_duration in frames:
        way = _choose_way(below, canvas, following, first=first, replaces=replaces)
        yield _cut_change(below, canvas, way.box, duration, way.disposal)
        below, canvas, duration, first = way.left, following, next_duration, False
    yield _cut_change(below, canvas, _find_box(below != canvas), duration, Disposal.KEEP)


def _cut_change(below: Canvas, canvas: Canvas, box: Box, duration: int, disposal: Disposal) -> Change:
    left, top, right, bottom = box
    part = np.s_[top:bottom, left:right]
    return Change(canvas[part], below[part] != canvas[part], (left, top), duration, disposal)


def _choose_way(below: Canvas, canvas: Canvas, following: Canvas, *, first: bool, replaces: bool) -> _Way:
    """Choose the way that leaves the fewest pixels to the next frame. To keep is the usual way."""
    changed = _find_box(below != canvas)
    ways = [(Disposal.KEEP, changed, canvas)]
    if not first:
        # Of a first frame, decoders differ over what was before it.
        ways.append((Disposal.RESTORE, changed, below))
    fitting = [
        _Way(disposal, box, left, _count_changes(left, following))
        for disposal, box, left in ways
        if replaces or not _clears(left, following)
    ]
    best = min(fitting, key=lambda way: way.cost, default=None)
    if (canvas == 0).any() or (following == 0).any():
        cleared = _clear_region(below, canvas, following)
        best = cleared if best is None or cleared.cost < best.cost else best
    if best is None:
        raise ValueError("a pixel becomes clear in a film that has no clear one")
    return best


def _clear_region(below: Canvas, canvas: Canvas, following: Canvas) -> _Way:
    """Clear a region that holds the change and all that is clear in the next frame."""
    box = _find_box((below != canvas) | ((canvas != 0) & (following == 0)))
    left = canvas.copy()
    left[box[1] : box[3], box[0] : box[2]] = 0
    return _Way(Disposal.CLEAR, box, left, _count_changes(left, following))


def _clears(left: Canvas, following: Canvas) -> bool:
    return bool(((left != 0) & (following == 0)).any())


def _count_changes(left: Canvas, following: Canvas) -> int:
    return int(np.count_nonzero(left != following))


def _find_box(mask: Mask) -> Box:
    """Return the smallest box (left, top, right, bottom) of all that is marked, one pixel if nothing is."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
