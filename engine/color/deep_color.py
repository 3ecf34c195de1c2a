"""ICC profiles for 16 bits a sample, by LittleCMS through imagecodecs. Pillow's takes 8."""

import numpy as np
from imagecodecs import CMS, cms_transform
from numpy.typing import NDArray

from engine.pixels.deep import FULL, DeepSamples
from engine.pixels.samples import ROWS

# Left to itself, LittleCMS makes a table of 33 steps a side, and is up to 5,400 of 65,535 beside the true value.
FLAGS = CMS.FLAGS.BLACKPOINTCOMPENSATION | CMS.FLAGS.NOOPTIMIZE
INTENT = CMS.INTENT.RELATIVE_COLORIMETRIC

LUMA = (0.299, 0.587, 0.114)
"""Shares of red, green and blue, as Pillow makes grey of color."""


def match_samples(samples: DeepSamples, profile: bytes, srgb: bytes) -> None:
    """Bring the first three channels to the profile `srgb`, in place. `samples` are (rows, columns, 3 or 4 channels).

    The rendering is relative colorimetric with black point compensation. Raise CmsError for a damaged profile.
    """
    for top in range(0, len(samples), ROWS):
        colors = samples[top : top + ROWS, :, :3]
        colors[...] = _transform(colors, profile, srgb, "rgb")


def make_grey_ramp(profile: bytes, srgb: bytes, *, has_colors: bool = False, levels: int = FULL + 1) -> DeepSamples:
    """Return what each of so many greys, from black to white, is in sRGB. Raise CmsError for a damaged profile.

    `has_colors` says that the profile is one for RGB, of which the grey axis is meant.
    """
    greys = np.round(np.linspace(0, FULL, levels)).astype(np.uint16).reshape(1, levels)
    if not has_colors:
        return np.ascontiguousarray(_transform(greys, profile, srgb, "gray")[0, :, 1])
    colors = _transform(np.dstack([greys] * 3), profile, srgb, "rgb")[0]
    ramp: DeepSamples = np.round(colors @ LUMA).astype(np.uint16)
    return ramp


def _transform(samples: DeepSamples, profile: bytes, srgb: bytes, space: str) -> DeepSamples:
    changed: NDArray[np.uint16] = cms_transform(
        np.ascontiguousarray(samples), profile, srgb,
        colorspace=space, outcolorspace="rgb", outdtype=np.uint16, intent=INTENT, flags=FLAGS,
    )  # fmt: skip
    return changed
