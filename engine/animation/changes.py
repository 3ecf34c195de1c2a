"""Find what each frame of a film changes, and what becomes of it afterwards, for formats that store no more.

A frame is compared with what stays on the canvas, so the way it goes away depends on the next one. Three frames are
held at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.containers.disposal import Disposal

Canvas = NDArray[np.uint32]
"""Pixels as one number each: red, green, blue and alpha from the lowest byte on. 0 is clear."""

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
Time = TypeVar("Time")
OPAQUE = 0xFF000000


@dataclass(frozen=True, slots=True)
class Change(Generic[Time]):
    """A frame as it is stored: its region, and which pixels of that are another color than what is below them.

    `pixels` and `changed` are arrays (rows, columns) of the region, `corner` is its left upper one.
    `duration` is in the unit of the frames that were given. `covers` says that the changed pixels alone, laid over what
    is below, give the frame.
    """

    pixels: Canvas
    changed: Mask
    corner: tuple[int, int]
    duration: Time
    disposal: Disposal
    covers: bool = True


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


def find_changes(frames: Iterator[tuple[Canvas, Time]], *, replaces: bool) -> Iterator[Change[Time]]:
    """Yield each frame as the part that changes the canvas, at least one pixel.

    `replaces` says that a frame of this format can make a pixel clear again, and that the first frame is always whole.
    Where it cannot, the frame before is disposed of in a way that does.
    """
    canvas, duration = next(frames)
    below, first = np.zeros_like(canvas), True
    for following, next_duration in frames:
        box = _find_region(below, canvas, whole=first and replaces)
        way = _choose_way(below, canvas, following, box, first=first, replaces=replaces)
        yield _cut_change(below, canvas, way.box, duration, way.disposal)
        below, canvas, duration, first = way.left, following, next_duration, False
    box = _find_region(below, canvas, whole=first and replaces)
    yield _cut_change(below, canvas, box, duration, Disposal.KEEP)


def _find_region(below: Canvas, canvas: Canvas, *, whole: bool) -> Box:
    return (0, 0, canvas.shape[1], canvas.shape[0]) if whole else _find_box(below != canvas)


def _cut_change(below: Canvas, canvas: Canvas, box: Box, duration: Time, disposal: Disposal) -> Change[Time]:
    left, top, right, bottom = box
    pixels, ground = (layer[top:bottom, left:right] for layer in (canvas, below))
    changed = pixels != ground
    covers = bool(((pixels >= OPAQUE) | (ground == 0) | ~changed).all())
    return Change(pixels, changed, (left, top), duration, disposal, covers)


def _choose_way(below: Canvas, canvas: Canvas, following: Canvas, box: Box, *, first: bool, replaces: bool) -> _Way:
    """Choose the way that leaves the fewest pixels to the next frame. To keep is the usual way."""
    ways = [(Disposal.KEEP, canvas)]
    if not first:
        # Of a first frame, decoders differ over what was before it.
        ways.append((Disposal.RESTORE, below))
    fitting = [
        _Way(disposal, box, left, _count_changes(left, following))
        for disposal, left in ways
        if replaces or not _clears(left, following)
    ]
    if (canvas == 0).any() or (following == 0).any():
        fitting.append(_clear_region(canvas, following, box))
    return min(fitting, key=lambda way: way.cost)


def _clear_region(canvas: Canvas, following: Canvas, box: Box) -> _Way:
    """Clear a region that holds the change and all that is clear in the next frame."""
    cleared = (canvas != 0) & (following == 0)
    cleared[box[1] : box[3], box[0] : box[2]] = True
    box = _find_box(cleared)
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
