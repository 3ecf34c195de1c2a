"""From HDR to sRGB: the curves PQ and HLG undone, brightness fitted to ordinary screens, primaries converted.

Curves: ITU-R BT.2100-2, tables 4 and 5. HLG is shown as on its nominal screen of 1,000 cd/m2. Reference white is
203 cd/m2 (ITU-R BT.2408). Brightness is fitted by the curve of ITU-R BT.2390 (section 5.4.1) from 1,000 cd/m2 to twice
reference white, on the largest of red, green and blue, so that hues stay. What is darker than reference white keeps its
ratios, and reference white becomes half of sRGB's light (188 of 255), about as browsers show it.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.losses import HdrReduced
from engine.color.colorimetry import PRIMARIES, Curve, Hdr, compute_to_srgb
from engine.image import Frame
from engine.pixels import deep
from engine.pixels.deep import DeepImage, Picture
from engine.pixels.samples import Floats, Samples

REFERENCE_WHITE = 203.0
SOURCE_PEAK = 1_000.0
"""In cd/m2, as all light here."""

TARGET_PEAK = 2 * REFERENCE_WHITE
PQ_PEAK = 10_000.0

M1, M2 = 2610 / 16_384, 2523 / 32
C1, C2, C3 = 3424 / 4096, 2413 / 128, 2392 / 128
"""PQ's constants."""

A, B, C = 0.17883277, 0.28466892, 0.55991073
"""HLG's constants."""

SYSTEM_GAMMA = 1.2
LUMINANCE = (0.2627, 0.6780, 0.0593)
"""Shares of BT.2020's red, green and blue."""

TOP = 65_535
PIXELS = 1 << 16
"""Converted at a time, so that the memory stays small whatever the size."""

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
SIXTEEN = frozenset({"I;16", *deep.MODES.values()})
IMAGE_MODES = frozenset({*MODES.values(), *SIXTEEN})


def reduce_samples(samples: Samples, bright: Hdr, full_scale: float) -> NDArray[np.uint8]:
    """Return samples (rows, columns, channels) in sRGB, grey in its grey. A second or fourth channel is alpha."""
    flat = samples.reshape(-1, samples.shape[2])
    result = np.empty(flat.shape, np.uint8)
    colors = 3 if samples.shape[2] > 2 else 1
    for start in range(0, len(flat), PIXELS):
        part = np.nan_to_num(flat[start : start + PIXELS].astype(np.float32)) / np.float32(full_scale)
        codes = np.round(np.clip(part, 0, 1) * TOP).astype(np.uint16)
        result[start : start + PIXELS, :colors] = _reduce_pixels(codes[:, :colors], bright)
        result[start : start + PIXELS, colors:] = np.round(codes[:, colors:] / 257)
    return result.reshape(samples.shape)


def make_frame(make: Callable[..., Frame], samples: Samples, bright: Hdr, full_scale: float) -> Frame:
    """Make a frame of samples (rows, columns, channels) in all their depth, in sRGB.

    `make` gets an image, and what to say of its color.
    """
    shaped = samples.reshape(*samples.shape[:2], -1)
    image = _make_image(reduce_samples(shaped, bright, full_scale))
    return make(image, profile=None, hdr=None, losses=(HdrReduced(curve=bright.curve),))


def reduce_image(image: Picture, bright: Hdr) -> Image.Image:
    """Return L, LA, RGB, RGBA, I;16 or 16-bit color in sRGB, with 8 bits a sample."""
    samples = image.samples if isinstance(image, DeepImage) else np.asarray(image)
    shaped = samples.reshape(image.height, image.width, -1)
    return _make_image(reduce_samples(shaped, bright, TOP if image.mode in SIXTEEN else 255))


def _make_image(samples: NDArray[np.uint8]) -> Image.Image:
    height, width, channels = samples.shape
    return Image.frombuffer(MODES[channels], (width, height), samples, "raw", MODES[channels], 0, 1)


def _reduce_pixels(codes: NDArray[np.uint16], bright: Hdr) -> NDArray[np.uint8]:
    light = _light_of(bright.curve)[codes]
    if bright.curve == "HLG":
        light *= _compute_luminance(light) ** np.float32(SYSTEM_GAMMA - 1) * np.float32(SOURCE_PEAK)
    brightest, gains = _tone_curve()
    light *= np.interp(light.max(axis=1), brightest, gains).astype(np.float32)[:, None]
    if light.shape[1] == 3:
        light = light @ _matrix_to_srgb(bright.primaries)
    return _srgb_codes()[np.round(np.clip(light, 0, 1) * TOP).astype(np.uint16)]


def _compute_luminance(light: Floats) -> Floats:
    if light.shape[1] == 1:
        return light
    return (light @ np.array(LUMINANCE, np.float32))[:, None]


@lru_cache(maxsize=2)
def _light_of(curve: Curve) -> Floats:
    """Return the light of each of 65,536 samples: in cd/m2 for PQ, of the scene (0 to 1) for HLG."""
    codes = np.arange(TOP + 1) / TOP
    if curve == "PQ":
        return _undo_pq(codes).astype(np.float32)
    return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - C) / A) + B) / 12).astype(np.float32)


def _undo_pq(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    powered = codes ** (1 / M2)
    return PQ_PEAK * (np.maximum(powered - C1, 0) / (C2 - C3 * powered)) ** (1 / M1)


def _apply_pq(light: NDArray[np.float64]) -> NDArray[np.float64]:
    powered = (light / PQ_PEAK) ** M1
    return ((C1 + C2 * powered) / (1 + C3 * powered)) ** M2


@lru_cache(maxsize=1)
def _tone_curve() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return steps of light in cd/m2, and the factor at each that brings it to sRGB's 0 to 1."""
    light = np.concatenate(([0.0], np.geomspace(1, PQ_PEAK, 4096)))
    source, target = _apply_pq(np.array([SOURCE_PEAK, TARGET_PEAK]))
    codes = np.minimum(_apply_pq(light) / source, 1)
    peak = target / source
    knee = 1.5 * peak - 0.5
    along = (codes - knee) / (1 - knee)
    bent = (
        (2 * along**3 - 3 * along**2 + 1) * knee
        + (along**3 - 2 * along**2 + along) * (1 - knee)
        + (3 * along**2 - 2 * along**3) * peak
    )
    fitted = _undo_pq(np.where(codes < knee, codes, bent) * source)
    # At black the ratio of two zeros is that of the straight part.
    gains = np.where(light > 0, fitted / np.maximum(light, 1), 1.0)
    return light, gains / TARGET_PEAK


@lru_cache(maxsize=4)
def _matrix_to_srgb(primaries: int) -> Floats:
    return np.array(compute_to_srgb(*PRIMARIES[primaries]), np.float32).T


@lru_cache(maxsize=1)
def _srgb_codes() -> NDArray[np.uint8]:
    """Return sRGB's sample of 8 bits for each of 65,536 steps of light."""
    light = np.arange(TOP + 1) / TOP
    codes = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(codes * 255).astype(np.uint8)
