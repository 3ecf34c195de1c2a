"""From the samples of a TIFF page to a frame: what they mean (TIFF 6.0, sections 4 to 8, 16, 18, 20 to 23)."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.losses import ChannelsDropped, Loss
from engine.codecs.tiff_chroma import has_own_colors, mix_own_colors
from engine.codecs.tiff_layout import (
    CIELAB,
    ICCLAB,
    INKS,
    JPEG,
    PALETTE,
    UNSIGNED,
    WHITE_IS_ZERO,
    YCBCR,
    Layout,
    read_nodata,
)
from engine.color import profiles
from engine.errors import corrupt, unsupported
from engine.pixels.deep import Picture, make_picture
from engine.pixels.gaps import find_valued, measure_samples
from engine.pixels.levels import Leveled, Levels, divide_by_alpha, level_alpha, level_measured, level_unsigned
from engine.pixels.samples import ROWS, Samples, make_image

COLOR_MAP = 320
BESIDE = {INKS: "cyan, magenta, yellow and black", PALETTE: "the palette", CIELAB: "L*a*b*", ICCLAB: "L*a*b*",
          YCBCR: "its colours", 2: "red, green and blue"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Colored:
    """The pixels of a page.

    `stretched` are the values that became black and white, if these were moved; `depth` are the bits that the samples
    need, if these are less than they have. `gaps` says that some samples had no value. `profile` is the profile still to
    be used; `problem` says why it could not be.
    """

    pixels: Picture
    stretched: tuple[float, float] | None = None
    depth: int | None = None
    profile: bytes | None = None
    problem: str = ""
    gaps: bool = False


def list_losses(layout: Layout) -> tuple[Loss, ...]:
    """Return what of a page's samples is left out."""
    if not layout.dropped:
        return ()
    return (ChannelsDropped(what=f"{layout.dropped} beside {BESIDE.get(layout.photometric, 'grey')}"),)


def color_samples(layout: Layout, samples: Samples, profile: bytes | None) -> Colored:
    """Return the picture of these samples: those of the color, then that of the transparency where there is one."""
    if layout.photometric == PALETTE:
        return Colored(_look_up(layout, samples), profile=profile)
    if layout.photometric in {CIELAB, ICCLAB}:
        lab = _join_alpha(layout, make_image(_order_lab(layout, samples), "LAB"), samples, profile)
        return replace(lab, gaps=measure_samples(samples, "tiff").gaps)
    leveled = _level_samples(layout, samples)
    levels, stretched, gaps = leveled.samples, leveled.stretched, leveled.gaps
    if layout.photometric == WHITE_IS_ZERO:
        np.invert(levels[:, :, :1], out=levels[:, :, :1])
    if layout.associated and layout.alpha >= 0:
        divide_by_alpha(levels, layout.colors)
    if layout.photometric == INKS:
        return replace(
            _join_alpha(layout, make_image(levels[:, :, :4], "CMYK"), levels, profile), stretched=stretched, gaps=gaps
        )
    depth = 8 if levels.dtype == np.uint8 and stretched is None and not gaps else None
    return Colored(_make_picture(layout, levels), stretched, depth, profile, gaps=gaps)


def _make_picture(layout: Layout, levels: Levels) -> Picture:
    """Return grey, red, green and blue, or YCbCr as a picture."""
    if layout.photometric == YCBCR and layout.compression != JPEG:
        if layout.alpha >= 0:
            raise unsupported("tiff", "it is YCbCr with transparency")
        if levels.dtype != np.uint8:
            raise unsupported("tiff", f"it is YCbCr of {layout.bits} bits a sample")
        if has_own_colors(layout):
            return make_image(mix_own_colors(layout, levels))
        return make_image(levels, "YCbCr")
    if levels.dtype == np.uint16:
        return make_picture(np.require(levels, np.uint16, ["C", "W"]))
    image = make_image(levels)
    return image.convert("1", dither=Image.Dither.NONE) if layout.bits == 1 and layout.samples == 1 else image


def _level_samples(layout: Layout, samples: Samples) -> Leveled:
    """Return all samples at 8 or 16 bits. Transparency is never stretched."""
    if layout.kind == UNSIGNED and layout.bits <= 16:
        return Leveled(_make_writable(level_unsigned(samples, layout.bits)))
    inverted = layout.photometric in {WHITE_IS_ZERO, INKS}
    leveled = level_measured(samples[:, :, : layout.colors], "tiff", read_nodata(layout), black_is_high=inverted)
    if layout.alpha < 0:
        return leveled
    levels = np.empty((*samples.shape[:2], layout.colors + 1), leveled.samples.dtype)
    levels[:, :, :-1] = leveled.samples
    levels[:, :, -1:] = level_alpha(samples[:, :, layout.colors :], int(np.iinfo(levels.dtype.str).max))
    return replace(leveled, samples=levels)


def _make_writable(levels: Levels) -> Levels:
    return levels if levels.flags.writeable else levels.copy()


def _look_up(layout: Layout, samples: Samples) -> Image.Image:
    """Return the picture of a palette: P if 256 colors are enough and there is no transparency."""
    if layout.kind != UNSIGNED or layout.bits > 16:
        raise unsupported("tiff", f"it has a palette and {layout.bits} bits a sample")
    count = 1 << layout.bits
    numbers = np.asarray(layout.directory.read_numbers(COLOR_MAP, 3 * count + 1), np.uint16)
    if len(numbers) != 3 * count:
        raise corrupt("its palette has too few or too many colors")
    # Some writers store bytes. libtiff takes a palette as such when no value needs more.
    colors = (numbers if numbers.max() < 256 else numbers >> 8).astype(np.uint8).reshape(3, count).T
    if layout.alpha < 0 and count <= 256:
        image = Image.fromarray(np.ascontiguousarray(samples[:, :, 0]), "P")
        image.putpalette(colors.tobytes())
        return image
    found = colors[samples[:, :, 0]]
    if layout.alpha < 0:
        return make_image(found)
    alpha = level_unsigned(samples[:, :, 1:], layout.bits)
    return make_image(
        np.concatenate((found, alpha if alpha.dtype == np.uint8 else (alpha >> 8).astype(np.uint8)), axis=2)
    )


def _order_lab(layout: Layout, samples: Samples) -> Samples:
    """Return L*a*b* of 8 bits with signed a* and b*, as CIELab of 8 bits is stored.

    CIELab of 16 bits has L* to 65535 and signed a*, b* times 256; ICCLab has L* to 65280 and a*, b* from 32768
    (Adobe's TIFF Technical Note 4, and of 8 bits likewise).
    """
    is_float = samples.dtype.kind == "f"
    is_read = layout.photometric == CIELAB and layout.alpha < 0 if is_float else layout.bits in {8, 16}
    if not is_read:
        raise unsupported("tiff", f"it is L*a*b* of {layout.bits} bits a sample{' of floats' if is_float else ''}")
    lab = np.empty((*samples.shape[:2], 3), np.uint8)
    for start in range(0, len(samples), ROWS):
        lab[start : start + ROWS] = _shorten_lab(layout, samples[start : start + ROWS, :, :3])
    if layout.photometric == ICCLAB:
        lab[:, :, 1:] ^= 0x80
    return lab


def _shorten_lab(layout: Layout, samples: Samples) -> NDArray[np.uint8]:
    """Return rows of L*a*b* as bytes. Floats are the values themselves: L* to 100."""
    if samples.dtype.kind == "f":
        numbers = np.where(find_valued(samples).all(axis=2, keepdims=True), samples, 0)
        bytewise = np.round(numbers.astype(np.float64) * (2.55, 1, 1))
        return np.clip(bytewise, (0, -128, -128), (255, 127, 127)).astype(np.int16).astype(np.uint8)
    if layout.bits == 8:
        return samples.astype(np.uint8)
    deep = samples.astype(np.uint16).astype(np.int32)
    if layout.photometric == CIELAB:
        deep[:, :, :1] = deep[:, :, :1] * 256 // 257
        deep[:, :, 1:] = (deep[:, :, 1:] + 0x8000 & 0xFFFF) - 0x8000
    top = 255 if layout.photometric == ICCLAB else 127
    shortened: NDArray[np.int32] = np.minimum((deep + 128) >> 8, (255, top, top))
    return shortened.astype(np.uint8)


def _join_alpha(layout: Layout, image: Image.Image, samples: Samples, profile: bytes | None) -> Colored:
    """Return CMYK or L*a*b* as it is, or with transparency as RGBA: no mode of Pillow holds the two."""
    if layout.alpha < 0:
        return Colored(image, profile=profile)
    matched = profiles.to_srgb(image, profile)
    alpha = level_unsigned(samples[:, :, -1:], 8 if samples.dtype.itemsize == 1 else 16)
    result = matched.image.convert("RGB")
    result.putalpha(make_image(alpha if alpha.dtype == np.uint8 else (alpha >> 8).astype(np.uint8)))
    return Colored(result, problem=matched.ignored)
