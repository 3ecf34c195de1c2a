"""The pictures of the matrix as arrays, so that the content of every cell is known without any codec.

An array is height x width x 4 (RGBA, straight alpha), `uint16`, 65535 full scale; an 8-bit value v is v * 257.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint16]
Primaries = Sequence[tuple[float, float]]
"""Red, green and blue as x and y."""

FULL = 65_535
BACKGROUND = "#4080c0"
HIDDEN = (0, 255, 0)
"""The colour that lies under alpha 0; it must never be seen."""


def from_bytes(values: NDArray[np.uint8]) -> Pixels:
    """8-bit samples, with or without alpha, as an array of this module."""
    if values.shape[2] == 3:
        values = np.dstack([values, np.full(values.shape[:2], 255, np.uint8)])
    return values.astype(np.uint16) * np.uint16(257)


def eight(pixels: Pixels) -> NDArray[np.uint8]:
    """Rounded to 8 bits a sample: 40000 of 65535 is 156 of 255."""
    return ((pixels.astype(np.uint32) * 255 + 32_767) // FULL).astype(np.uint8)


def image(pixels: Pixels, mode: str = "RGB") -> Image.Image:
    """As Pillow holds it, for the writers of source files."""
    return Image.fromarray(eight(pixels), "RGBA").convert(mode)


def blocks(width: int = 128, height: int = 128, side: int = 16) -> Pixels:
    """Flat squares, each of its own colour, no two ways round alike; few enough for a palette."""
    rows, columns = np.mgrid[0:height, 0:width] // side
    most_r, most_c = max(1, rows.max()), max(1, columns.max())
    red = 30 + columns * 200 // most_c
    green = 30 + rows * 200 // most_r
    blue = 40 + ((columns * 3 + rows) % 8) * 25
    return from_bytes(np.dstack([red, green, blue]).astype(np.uint8))


def smooth(width: int = 90, height: int = 60) -> Pixels:
    """A soft picture with far more than 256 colours."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = x * 255 // (width - 1), y * 255 // (height - 1)
    blue = 128 + (100 * np.sin(x / 23) * np.cos(y / 17)).astype(int)
    return from_bytes(np.dstack([red, green, blue]).astype(np.uint8))


def soft_alpha(width: int = 128, height: int = 128) -> Pixels:
    """Return `blocks` with alpha from 0 at the left to 255. The last quarter at the right is opaque."""
    pixels = eight(blocks(width, height))
    ramp = np.clip(np.arange(width) * 340 // (width - 1), 0, 255).astype(np.uint8)
    ramp[: width // 8] = 0
    pixels[..., 3] = ramp
    pixels[pixels[..., 3] == 0, :3] = HIDDEN
    return from_bytes(pixels)


def hard_alpha(width: int = 60, height: int = 44) -> Pixels:
    """`blocks` with a clear corner at the upper left: alpha is 0 or 255, as in a palette."""
    pixels = eight(blocks(width, height))
    pixels[: height // 2, : width // 3] = (*HIDDEN, 0)
    return from_bytes(pixels)


def deep_grey(width: int = 96, height: int = 40) -> Pixels:
    """Return grey of 16 bits. Neighbours differ by less than an 8-bit step."""
    y, x = np.mgrid[0:height, 0:width]
    grey = (x * 655 + y * 37 + 300).astype(np.uint16)
    return np.dstack([grey, grey, grey, np.full_like(grey, FULL)])


def deep_colour(width: int = 40, height: int = 30) -> Pixels:
    """Colour of 16 bits a sample."""
    y, x = np.mgrid[0:height, 0:width]
    red, green, blue = x * 1601 + y, y * 2111 + x, 65_000 - x * 801 - y * 301
    return np.dstack([red, green, blue, np.full_like(red, FULL)]).astype(np.uint16)


def bits(width: int = 70, height: int = 33) -> Pixels:
    """Return an L in black and white: every turn changes it."""
    grey = np.full((height, width, 3), 255, np.uint8)
    grey[4:, 8:24] = 0
    grey[height - 9 :, 8:60] = 0
    return from_bytes(grey)


def inks() -> tuple[NDArray[np.uint8], Pixels]:
    """CMYK samples (255 is all ink) and about what they look like: white, black, cyan, magenta, yellow, red."""
    shown = [(255, 255, 255), (0, 0, 0), (0, 255, 255), (255, 0, 255), (255, 255, 0), (255, 0, 0)]
    stored = [(0, 0, 0, 0), (0, 0, 0, 255), (255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 255, 255, 0)]
    wide = np.repeat(np.array(stored, np.uint8)[None, :, :], 24, 0).repeat(16, 1)
    seen = np.repeat(np.array(shown, np.uint8)[None, :, :], 24, 0).repeat(16, 1)
    return wide, from_bytes(seen)


def film(count: int = 4, width: int = 64, height: int = 40) -> tuple[Pixels, ...]:
    """A square of 16 that walks over a ground with a mark in one corner."""
    frames = []
    for index in range(count):
        frame = np.full((height, width, 3), (20, 60, 200), np.uint8)
        frame[:8, :16] = (240, 220, 40)
        frame[16:32, index * 16 : index * 16 + 16] = (230, 40, 30)
        frames.append(from_bytes(frame))
    return tuple(frames)


def clear_film(count: int = 3, width: int = 64, height: int = 40) -> tuple[Pixels, ...]:
    """The same square over nothing: what it leaves must become clear again."""
    frames = []
    for index in range(count):
        frame = np.zeros((height, width, 4), np.uint8)
        frame[8:32, index * 16 : index * 16 + 16] = (230, 40, 30, 255)
        frames.append(from_bytes(frame))
    return tuple(frames)


def pages() -> tuple[Pixels, ...]:
    """Three pages, each of another size."""
    return blocks(64, 48), blocks(48, 80), blocks(32, 32)


def p3_as_srgb(stored: Pixels, primaries: Primaries, gamma: float) -> Pixels:
    """What samples of an RGB space (primaries x, y; D65; a plain gamma) are in sRGB (IEC 61966-2-1), clipped."""
    srgb = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
    matrix = np.linalg.inv(_to_xyz(srgb)) @ _to_xyz(primaries)
    linear = ((stored[..., :3] / FULL) ** gamma) @ matrix.T
    linear = np.clip(linear, 0, 1)
    curved = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.dstack([np.rint(curved * FULL).astype(np.uint16), stored[..., 3]])


def _to_xyz(primaries: Primaries) -> NDArray[np.float64]:
    """The matrix from linear RGB to XYZ with white D65."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    return np.asarray(columns * np.linalg.solve(columns, white))


def laid_on(pixels: Pixels, background: str = BACKGROUND) -> Pixels:
    """Flattened on a colour, by the definition: colour times alpha and background times the rest."""
    ground = np.array([int(background[at : at + 2], 16) * 257 for at in (1, 3, 5)])
    alpha = pixels[..., 3:].astype(np.float64) / FULL
    mixed = np.rint(pixels[..., :3] * alpha + ground * (1 - alpha)).astype(np.uint16)
    return np.dstack([mixed, np.full(mixed.shape[:2], FULL, np.uint16)])


def on_or_off(pixels: Pixels, background: str = BACKGROUND) -> Pixels:
    """As a GIF shows it: half and more is opaque and lies on the background, the rest is clear."""
    flat = laid_on(pixels, background)
    flat[eight(pixels)[..., 3] < 128] = 0
    return flat
