"""Whether a composite is blank although the layers are not: some programs save it so, and do not say it.

The layers are not drawn here. It is enough to see whether one that is shown has a pixel of another color.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.codecs.psd_planes import Plane, read_planes
from engine.containers.psd import PsdFile
from engine.containers.psd_layers import CLOSED_GROUP, GROUP_END, OPEN_GROUP, Layer, list_layers
from engine.errors import ConversionError
from engine.request import Limits

ALPHA = -1
Marks = NDArray[np.bool_]


def find_value(plane: Plane) -> float | None:
    """Return the value that all samples have, None if there are several."""
    return float(plane.flat[0]) if plane.size and (plane == plane.flat[0]).all() else None


def is_extreme(value: float, depth: int) -> bool:
    """Say whether that is the least or the most that a sample of so many bits can be: black or white."""
    return value in {0.0, 1.0 if depth == 32 else float((1 << depth) - 1)}


def show_more(file: PsdFile, blank: float, colors: int, limits: Limits) -> bool:
    """Say whether the layers that are shown have pixels of another value, and nothing that is blank covers them."""
    more = False
    for layer in _list_shown(list_layers(file.layers, large=file.large)):
        width, height = layer.size
        if width * height == 0:
            continue
        if width * height > limits.max_pixels:
            more = True
            continue
        try:
            differs, covers = _compare_layer(file, layer, blank, colors)
        except ConversionError:
            differs, covers = True, False
        more = differs or (more and not covers)
    return more


def _list_shown(layers: list[Layer]) -> list[Layer]:
    """Return the layers that are shown, the lowest first: they and the groups around them are."""
    groups, found = list[bool](), list[Layer]()
    for layer in reversed(layers):
        if layer.divider in {OPEN_GROUP, CLOSED_GROUP}:
            groups.append(layer.shown)
        elif layer.divider == GROUP_END:
            del groups[-1:]
        elif layer.shown and all(groups):
            found.append(layer)
    return found[::-1]


def _compare_layer(file: PsdFile, layer: Layer, blank: float, colors: int) -> tuple[bool, bool]:
    """Return whether a pixel that is not clear has another value, and whether the layer hides all below it."""
    clear: Marks | None = _read_channel(file, layer, ALPHA) == 0 if ALPHA in layer.channels else None
    for channel in range(colors):
        if channel in layer.channels:
            other: Marks = _read_channel(file, layer, channel) != blank
            if (other if clear is None else other & ~clear).any():
                return True, False
    left, top, right, bottom = layer.box
    is_whole = left <= 0 and top <= 0 and right >= file.size[0] and bottom >= file.size[1]
    has_all = all(channel in layer.channels for channel in range(colors))
    return False, layer.plain and is_whole and has_all and _is_opaque(file, layer)


def _is_opaque(file: PsdFile, layer: Layer) -> bool:
    """Say whether a layer has neither clear pixels nor a mask."""
    if any(channel < ALPHA for channel in layer.channels):
        return False
    if ALPHA not in layer.channels:
        return True
    alpha = _read_channel(file, layer, ALPHA)
    return bool((alpha == (1 if file.depth == 32 else (1 << file.depth) - 1)).all())


def _read_channel(file: PsdFile, layer: Layer, channel: int) -> Plane:
    """Return the samples of one channel: it is stored as a composite of one is."""
    alone = replace(file, size=layer.size, channels=1, start=layer.channels[channel])
    (plane,) = read_planes(file.layers, alone, 1)
    return plane
