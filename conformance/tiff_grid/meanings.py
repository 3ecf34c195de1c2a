"""One picture, and what the samples of a TIFF can mean: how they are stored, and how they have to look."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 37, 29
"""Odd, so that no strip, tile or byte ends with a row."""

X, Y = (
    grid.astype(float) / (last - 1)
    for grid, last in zip(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), (WIDTH, HEIGHT), strict=True)
)
RED, GREEN, BLUE = X, Y, np.abs(X - Y)
ALPHA = 0.25 + 0.75 * X * Y
OPAQUE = np.ones((HEIGHT, WIDTH))
PAPER = np.array([0.9642, 1.0, 0.8249])
"""D50 of the ICC's profile connection space."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """`store` is the picture as samples of 0 to 1, `show` as red, green, blue and alpha.

    `dropped` says that the file has channels which no picture has.
    """

    name: str
    photometric: int
    extras: tuple[int, ...]
    store: Callable[[], Floats]
    show: Callable[[], Floats]
    kinds: frozenset[str]
    dropped: bool = False
    thorough: bool = False

    @property
    def colors(self) -> int:
        """The samples of color."""
        return int(self.store().shape[2]) - len(self.extras)


def _stack(*planes: Floats) -> Floats:
    return np.stack(planes, axis=2)


def _show(red: Floats, green: Floats, blue: Floats, alpha: Floats = OPAQUE) -> Callable[[], Floats]:
    return lambda: _stack(red, green, blue, alpha)


def _inks() -> Floats:
    return _stack(1 - RED, 1 - GREEN, 1 - BLUE, 0.3 * X)


def _show_inks(alpha: Floats = OPAQUE) -> Callable[[], Floats]:
    black = 1 - 0.3 * X
    return _show(RED * black, GREEN * black, BLUE * black, alpha)


LAB = _stack(35 + 45 * Y, 24 * (X - 0.5), 24 * (Y - 0.5))


def _show_lab() -> Floats:
    """By the formulas of CIE 15 and IEC 61966-2-1, with Bradford's matrix from D50 to D65."""
    across = (LAB[:, :, 0] + 16) / 116
    steps = _stack(across + LAB[:, :, 1] / 500, across, across - LAB[:, :, 2] / 200)
    xyz = np.where(steps > 6 / 29, steps**3, 3 * (6 / 29) ** 2 * (steps - 4 / 29)) * PAPER
    to_rgb = np.array(
        [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
    )
    light = np.clip(xyz @ to_rgb.T, 0, 1)
    seen = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.concatenate((seen, OPAQUE[:, :, None]), axis=2)


def _ycbcr() -> Floats:
    """By ITU-R BT.601, full range."""
    luma = 0.299 * RED + 0.587 * GREEN + 0.114 * BLUE
    return _stack(luma, 128 / 255 + (BLUE - luma) / 1.772, 128 / 255 + (RED - luma) / 1.402)


WHOLE = frozenset({"u8", "u16"})
DEEP = WHOLE | {"u32", "f32"}
EVERY = DEEP | {"u12", "i8", "i16", "i32", "f16", "f64", "u64"}

MEANINGS = (
    Meaning("grey", 1, (), lambda: _stack(GREEN), _show(GREEN, GREEN, GREEN), EVERY | {"u1", "u2", "u4", "u10"}, thorough=True),
    Meaning("white is zero", 0, (), lambda: _stack(1 - GREEN), _show(GREEN, GREEN, GREEN), EVERY | {"u1", "u2", "u4"}),
    Meaning("grey and alpha", 1, (2,), lambda: _stack(GREEN, ALPHA), _show(GREEN, GREEN, GREEN, ALPHA), DEEP),
    Meaning("grey by alpha", 1, (1,), lambda: _stack(GREEN * ALPHA, ALPHA), _show(GREEN, GREEN, GREEN, ALPHA), WHOLE),
    Meaning("grey and two bands", 1, (0, 0), lambda: _stack(GREEN, X, ALPHA), _show(GREEN, GREEN, GREEN), DEEP, dropped=True),
    Meaning("RGB", 2, (), lambda: _stack(RED, GREEN, BLUE), _show(RED, GREEN, BLUE), EVERY, thorough=True),
    Meaning("RGB and alpha", 2, (2,), lambda: _stack(RED, GREEN, BLUE, ALPHA), _show(RED, GREEN, BLUE, ALPHA), DEEP),
    Meaning("RGB by alpha", 2, (1,), lambda: _stack(RED * ALPHA, GREEN * ALPHA, BLUE * ALPHA, ALPHA), _show(RED, GREEN, BLUE, ALPHA), WHOLE),
    Meaning("RGB and infrared", 2, (0,), lambda: _stack(RED, GREEN, BLUE, 1 - X), _show(RED, GREEN, BLUE), DEEP, dropped=True),
    Meaning("RGB, infrared, alpha", 2, (0, 2), lambda: _stack(RED, GREEN, BLUE, 1 - X, ALPHA), _show(RED, GREEN, BLUE, ALPHA), DEEP, dropped=True),
    Meaning("CMYK", 5, (), _inks, _show_inks(), WHOLE),
    Meaning("CMYK and alpha", 5, (2,), lambda: np.dstack((_inks(), ALPHA)), _show_inks(ALPHA), WHOLE),
    Meaning("CMYK and a spot plate", 5, (0,), lambda: np.dstack((_inks(), X)), _show_inks(), WHOLE, dropped=True),
    Meaning("CIELab", 8, (), lambda: LAB, _show_lab, WHOLE),
    Meaning("ICCLab", 9, (), lambda: LAB, _show_lab, WHOLE),
    Meaning("YCbCr", 6, (), _ycbcr, _show(RED, GREEN, BLUE), frozenset({"u8"})),
    Meaning("palette", 3, (), lambda: _stack(GREEN), _show(GREEN, 1 - GREEN, GREEN), frozenset({"u1", "u2", "u4", "u8"})),
    Meaning("palette of bytes", 3, (), lambda: _stack(GREEN), _show(GREEN, 1 - GREEN, GREEN), frozenset({"u1", "u2", "u4", "u8"})),
)  # fmt: skip
