"""Bring any of Pillow's pixel modes to the few of the steps, and samples to the depth of a target.

The steps know L, LA, RGB, RGBA, I;16 (16-bit grey), CMYK, LAB, and the modes of engine.pixels.deep. Everything hidden
is made plain here: palettes, a transparent color in `info`, premultiplied samples, samples of 12 bits in 16, floats.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from engine.image import Frame
from engine.pixels.deep import MODES, DeepImage, Picture, make_grey16
from engine.pixels.gaps import Measured, measure_samples
from engine.pixels.levels import scale_samples
from engine.pixels.samples import Samples

WHITE_16 = 65_535
STRAIGHT = {
    "1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB", "PA": "RGBA",
}  # fmt: skip
DEEP = {"I;16", *MODES.values()}
"""The modes of the steps with 16 bits."""

SIXTEEN = {"I;16", "I;16L", "I;16B", "I;16N"}


@dataclass(frozen=True, slots=True)
class Scaled:
    """Samples brought to 16-bit grey. `stretched` are the values of black and white, if these were moved.

    `gaps` says that some samples had no value.
    """

    image: Image.Image
    stretched: tuple[float, float] | None = None
    gaps: bool = False


def to_plain_mode(frame: Frame) -> Picture:
    """Return the frame's pixels as L, LA, RGB, RGBA, I;16, CMYK, LAB or deep. I and F stay (see `to_grey16`)."""
    image = frame.pixels
    if isinstance(image, DeepImage):
        return image
    if image.mode in SIXTEEN:
        return _with_transparent_grey(image, _grey16_of(frame))
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in {"1", "L", "RGB"} and "transparency" in image.info:
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    if image.mode in STRAIGHT:
        return image.convert(STRAIGHT[image.mode])
    return image


def _grey16_of(frame: Frame) -> Image.Image:
    image = frame.image
    if image.mode != "I;16":
        raw = "I;16B" if image.mode == "I;16B" else "I;16"
        image = Image.frombytes("I;16", image.size, image.tobytes(), "raw", raw)
    scale = WHITE_16 / frame.full_scale
    if frame.white_is_zero:
        return image.point(lambda value: value * -scale + WHITE_16)
    return image if frame.full_scale == WHITE_16 else image.point(lambda value: value * scale + 0.5)


def _with_transparent_grey(image: Image.Image, grey: Image.Image) -> Picture:
    """Return 16-bit grey, with alpha when one value is transparent (PNG's tRNS)."""
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey
    samples = np.asarray(grey, np.uint16)
    return DeepImage(np.dstack([samples, np.where(samples == clear, np.uint16(0), np.uint16(WHITE_16))]))


def to_eight_bits(image: Picture) -> Image.Image:
    """Return 16-bit grey or color with 8 bits, rounded: 40000 of 65535 is 156 of 255. Others stay."""
    if isinstance(image, DeepImage):
        return image.to_eight_bits()
    if image.mode != "I;16":
        return image
    return image.point(lambda value: value * (255 / WHITE_16) + 0.5).convert("L")


def to_grey16(image: Image.Image, name: str) -> Scaled:
    """Bring integers of 32 bits or floats (modes I, F) to 16-bit grey.

    Floats from 0 to 1 and integers from 0 to 65535 are black to white; anything else is stretched to that.
    Samples that are no numbers become black. Raise ConversionError when all are that.
    """
    samples = np.asarray(image)
    measured = measure_samples(samples, name)
    low, high, top = measured.low, measured.high, 1.0 if image.mode == "F" else float(WHITE_16)
    if low >= 0 and high <= top:
        return Scaled(_scale_grey(samples, WHITE_16 / top, 0.0, measured), gaps=measured.gaps)
    scale = WHITE_16 / (high - low) if high > low else 0.0
    return Scaled(_scale_grey(samples, scale, -low * scale, measured), (low, high), measured.gaps)


def _scale_grey(samples: Samples, scale: float, offset: float, measured: Measured) -> Image.Image:
    return make_grey16(np.asarray(scale_samples(samples, scale, offset, WHITE_16, measured), np.uint16))


def strip_picture(picture: Picture) -> Picture:
    """Return the same pixels and nothing else.

    What stays in `info` or on a decoder's image, encoders would write.
    """
    if isinstance(picture, DeepImage):
        return picture
    bare = Image.Image()
    bare.im, bare._mode, bare._size = picture.im, picture.mode, picture.size  # noqa: SLF001 - as Pillow's plugins do
    return bare
