"""Color of 16 bits a sample, for which Pillow has no mode: the samples in an array, and what the steps do to them.

Grey of 16 bits without transparency stays with Pillow, as its mode I;16.
"""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from engine.pixels.samples import ROWS, Samples, eight_bits_by_rows
from engine.pixels.sizing import Box

FULL = 65_535
"""The largest sample, which is white and opaque."""

DeepSamples = NDArray[np.uint16]
Sample = TypeVar("Sample", bound=np.generic)

MODES = {2: "LA;16", 3: "RGB;16", 4: "RGBA;16"}
"""The mode of each number of channels, named after Pillow's of 8 bits."""

TURNED = {
    Image.Transpose.FLIP_LEFT_RIGHT: (False, False, True), Image.Transpose.FLIP_TOP_BOTTOM: (False, True, False),
    Image.Transpose.ROTATE_90: (True, True, False), Image.Transpose.ROTATE_180: (False, True, True),
    Image.Transpose.ROTATE_270: (True, False, True), Image.Transpose.TRANSPOSE: (True, False, False),
    Image.Transpose.TRANSVERSE: (True, True, True),
}  # fmt: skip
"""Each transposition as: rows and columns change places, then rows are reversed, then columns are."""


class DeepImage:
    """A picture of 16 bits a sample: an array (rows, columns, 2 to 4 channels) of full scale, alpha last and straight.

    Names are those of Pillow's images.
    """

    def __init__(self, samples: DeepSamples) -> None:
        if samples.dtype != np.uint16 or samples.ndim != 3 or samples.shape[2] not in MODES:
            raise ValueError("these are no samples of 16-bit color")
        self.samples = samples

    @property
    def mode(self) -> str:
        """Return LA;16, RGB;16 or RGBA;16."""
        return MODES[self.samples.shape[2]]

    @property
    def width(self) -> int:
        """Return the columns."""
        return int(self.samples.shape[1])

    @property
    def height(self) -> int:
        """Return the rows."""
        return int(self.samples.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return self.width, self.height

    @property
    def has_alpha(self) -> bool:
        """Say whether the last channel is alpha."""
        return self.mode != "RGB;16"

    def has_transparency(self) -> bool:
        """Say whether any pixel is not fully opaque."""
        return self.has_alpha and int(self.samples[..., -1].min()) < FULL

    def to_eight_bits(self) -> Image.Image:
        """Return LA, RGB or RGBA, rounded: 40000 of 65535 is 156 of 255."""
        mode = self.mode.removesuffix(";16")
        return Image.frombuffer(
            mode, self.size, eight_bits_by_rows(self.samples, lambda rows: rows / 257), "raw", mode, 0, 1
        )

    def transpose(self, method: Image.Transpose) -> "DeepImage":
        """Flip or turn by quarters."""
        swapped, upside_down, mirrored = TURNED[method]
        turned = self.samples.swapaxes(0, 1) if swapped else self.samples
        return DeepImage(np.ascontiguousarray(turned[:: -1 if upside_down else 1, :: -1 if mirrored else 1]))

    def crop(self, box: tuple[int, int, int, int]) -> "DeepImage":
        """Return the part (left, top, right, bottom) of the picture. It must lie inside."""
        left, top, right, bottom = box
        return DeepImage(np.ascontiguousarray(self.samples[top:bottom, left:right]))

    def resize(self, size: tuple[int, int], box: Box | None = None) -> "DeepImage":
        """Resize by Lanczos, channel by channel, premultiplied if there is transparency. `size` is in pixels."""
        result = np.empty((size[1], size[0], self.samples.shape[2]), np.uint16)
        if self.has_transparency():
            self._resize_premultiplied(result, box)
            return DeepImage(result)
        for channel in range(result.shape[2]):
            image = make_grey16(self.samples[..., channel])
            result[..., channel] = np.asarray(image.resize(size, Image.Resampling.LANCZOS, box))
        return DeepImage(result)

    def _resize_premultiplied(self, result: DeepSamples, box: Box | None) -> None:
        """Resize in floats: integers would leave no color to nearly clear pixels."""
        size, last = (result.shape[1], result.shape[0]), result.shape[2] - 1
        alpha = np.asarray(self._premultiply(last).resize(size, Image.Resampling.LANCZOS, box))
        for channel in range(last):
            color = np.asarray(self._premultiply(channel).resize(size, Image.Resampling.LANCZOS, box))
            result[..., channel] = _round(color * FULL / np.maximum(alpha, 1.0))
        result[..., last] = _round(alpha)

    def _premultiply(self, channel: int) -> Image.Image:
        """Return a channel as floats, colors times their opacity."""
        image = Image.new("F", self.size)
        for top, rows in _by_rows(self.samples):
            values = rows[..., channel].astype(np.float32)
            if channel < rows.shape[2] - 1:
                values *= rows[..., -1] / np.float32(FULL)
            image.paste(Image.fromarray(values), (0, top))
        return image

    def pad(self, canvas: tuple[int, int], border: tuple[int, ...]) -> "DeepImage":
        """Return the picture in the middle of a canvas. `border` is the samples of its pixels."""
        result = np.empty((canvas[1], canvas[0], len(border)), np.uint16)
        result[...] = border
        top, left = (canvas[1] - self.height) // 2, (canvas[0] - self.width) // 2
        result[top : top + self.height, left : left + self.width] = self.samples
        return DeepImage(result)

    def clear_hidden(self) -> None:
        """Make pixels black at alpha 0, in place."""
        for _, rows in _by_rows(self.samples):
            rows[rows[..., -1] == 0] = 0

    def flatten_alpha(self, background: str) -> "Picture":
        """Lay the picture on `background` (#rrggbb). Return RGB;16, or I;16 for grey on grey."""
        ground = [value * 257 for value in ImageColor.getrgb(background)[:3]]
        colors = self.samples.shape[2] - 1 if len(set(ground)) == 1 else 3
        result = np.empty((self.height, self.width, colors), np.uint16)
        for top, rows in _by_rows(self.samples):
            alpha = rows[..., -1:].astype(np.uint32)
            laid = rows[..., :-1] * alpha + np.array(ground[:colors], np.uint32) * (FULL - alpha)
            result[top : top + ROWS] = (laid + FULL // 2) // FULL
        return make_picture(result)

    def with_alpha(self) -> "DeepImage":
        """Return the same picture with alpha, opaque if it had none."""
        if self.has_alpha:
            return self
        return DeepImage(np.dstack([self.samples, np.full(self.samples.shape[:2], FULL, np.uint16)]))

    def with_colors(self) -> "DeepImage":
        """Return grey as color."""
        return DeepImage(self.samples[..., (0, 0, 0, 1)]) if self.mode == "LA;16" else self

    def without_alpha(self) -> "Picture":
        """Return the colors alone, whatever alpha hides: RGB;16 or I;16."""
        return make_picture(np.ascontiguousarray(self.samples[..., :-1] if self.has_alpha else self.samples))


Picture = Image.Image | DeepImage


def make_deep(samples: Samples, full: int = FULL, *, premultiplied: bool = False) -> DeepImage:
    """Return integers of at most 16 bits, of which `full` is white, or floats from 0 to 1, as a picture.

    `samples` is an array (rows, columns, 2 to 4 channels).
    """
    if samples.dtype.kind == "u" and full == FULL and not premultiplied:
        # Steps change samples in place: not those that belong to a file.
        return DeepImage(np.require(samples, np.uint16, ["C", "W"]))
    scale = np.float32(FULL if samples.dtype.kind == "f" else FULL / full)
    result = np.empty(samples.shape, np.uint16)
    for top, rows in _by_rows(samples):
        values = np.nan_to_num(rows.astype(np.float32)) * scale
        if premultiplied:
            values[..., :-1] *= FULL / np.maximum(values[..., -1:], 1.0)
        result[top : top + ROWS] = _round(values)
    return DeepImage(result)


def _by_rows(samples: NDArray[Sample]) -> Iterator[tuple[int, NDArray[Sample]]]:
    """Yield parts of some rows, each with the number of its first row."""
    for top in range(0, len(samples), ROWS):
        yield top, samples[top : top + ROWS]


def _round(values: NDArray[np.floating]) -> DeepSamples:
    rounded: DeepSamples = np.clip(values + np.float32(0.5), 0, FULL).astype(np.uint16)
    return rounded


def make_picture(samples: DeepSamples) -> Picture:
    """Return an array (rows, columns, 1 to 4 channels) of full scale, alpha last, as a picture."""
    return make_grey16(samples[..., 0]) if samples.shape[2] == 1 else DeepImage(samples)


def lay_mask(picture: Picture, mask: Image.Image) -> DeepImage:
    """Return I;16 or 16-bit color with a mask (L) of the same size as its transparency, besides that which it has."""
    samples = picture.samples if isinstance(picture, DeepImage) else np.asarray(picture, np.uint16)[..., None]
    colors = samples.shape[2] - (samples.shape[2] in {2, 4})
    result = np.empty((*samples.shape[:2], colors + 1), np.uint16)
    result[..., :colors] = samples[..., :colors]
    result[..., colors] = np.asarray(mask, np.uint16) * np.uint16(257)
    if samples.shape[2] > colors:
        for top, rows in _by_rows(result):
            shares = samples[top : top + ROWS, :, colors].astype(np.uint32)
            rows[..., colors] = (rows[..., colors] * shares + FULL // 2) // FULL
    return DeepImage(result)


def make_grey16(samples: DeepSamples) -> Image.Image:
    """Return an array (rows, columns) as I;16."""
    height, width = samples.shape
    return Image.frombuffer("I;16", (width, height), samples.astype("<u2", order="C"), "raw", "I;16", 0, 1)
