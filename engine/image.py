"""An opened upload: the facts of its header, and a way to read its frames one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from typing import Self

from PIL import Image

from core.failures import OptionMismatch
from core.losses import Loss
from engine.color.colorimetry import Hdr
from engine.errors import ConversionError
from engine.metadata import Metadata
from engine.pixels.alpha import has_transparency
from engine.pixels.deep import DeepImage, Picture

Dpi = tuple[float, float]
"""Dots per inch across and down."""


def turn_dpi(dpi: Dpi | None, *, by_quarter: bool) -> Dpi | None:
    """Return the resolution of a picture after a turn."""
    return (dpi[1], dpi[0]) if dpi is not None and by_quarter else dpi


class FrameKind(StrEnum):
    """The relation of a file's frames. A stereo pair or a preview (album) is neither film nor document."""

    STILL = "still"
    ANIMATION = "animation"
    PAGES = "pages"
    ALBUM = "album"


@dataclass(frozen=True, slots=True)
class Original:
    """The JPEG that a decoder made the pixels of a frame from.

    `pixels` are the decoded ones (an image's `im`), to tell whether a frame still has them. `read` returns the file,
    or b"" if there is none after all. `orientation` (an EXIF value) has been applied to the pixels, and is still to be
    applied to the file. `restored` says that the upload is no JPEG, but holds one packed without loss.
    """

    pixels: object
    read: Callable[[], bytes]
    orientation: int = 1
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture of a file. `pixels` are an array for color of 16 bits.

    `duration` is in milliseconds; `orientation` is the EXIF value (1 to 8) that is still to be applied;
    `problem` says why the color that the file describes cannot be used, where that is so;
    `hdr` describes samples for HDR screens, in the place of a profile;
    `depth` and `full_scale` are the bits and the largest value of a sample in the file, where that is not 8 and 255;
    `dpi` is that of a page as stored that says its own, None of one that says nothing sensible;
    `stretched` are the values of black and white, where samples of another range were brought to these;
    `gaps` says that some samples have no value, and are black;
    `original` is the JPEG that the pixels come from; ask `untouched` whether they are still its own;
    `losses` are what was lost on the way from the file to these pixels.
    """

    pixels: Picture
    duration: Fraction = Fraction(0)
    profile: bytes | None = None
    problem: str = ""
    hdr: Hdr | None = None
    orientation: int = 1
    depth: int = 8
    full_scale: int = 65_535
    white_is_zero: bool = False
    dpi: Dpi | None = None
    stretched: tuple[float, float] | None = None
    gaps: bool = False
    losses: tuple[Loss, ...] = ()
    original: Original | None = None

    @property
    def untouched(self) -> Original | None:
        """Return the original if nothing but the orientation has changed the pixels. A step need not know of it."""
        original = self.original
        if original is None or isinstance(self.pixels, DeepImage):
            return None
        return original if original.pixels is self.pixels.im else None

    def with_mode(self, mode: str) -> Self:
        """Return the frame with its pixels in that mode of Pillow's."""
        return self if mode == self.pixels.mode else replace(self, pixels=self.image.convert(mode))

    @property
    def image(self) -> Image.Image:
        """Return the pixels as Pillow's image. Only targets that list a 16-bit mode are given others."""
        if isinstance(self.pixels, DeepImage):
            raise TypeError(self.pixels.mode)
        return self.pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The header of an upload. `size` is as stored. `pixels` counts all frames to be decoded.

    `loop_count` 0 means forever; `opaque` says that no frame can have transparency, `stays_opaque` that none can where
    the first has none;
    `dpi` is as stored, None where the file says nothing sensible. `read_smaller` is there where the decoder can make the one frame
    2, 4 or 8 times smaller at less cost, which divides both sides. `losses` are those that the header tells.
    `open_entry` reads the header of an album's entry, counted from 0, as that of a file of its own.
    `deep` says that its samples may be of 16 bits, and not of grey alone.
    """

    format: str
    size: tuple[int, int]
    pixels: int
    read: Callable[[], Iterator[Frame]]
    read_smaller: Callable[..., Iterator[Frame]] | None = None
    kind: FrameKind = FrameKind.STILL
    frames: int = 1
    orientation: int = 1
    loop_count: int = 0
    opaque: bool = False
    stays_opaque: bool = False
    deep: bool = False
    dpi: Dpi | None = None
    metadata: Metadata = field(default_factory=Metadata)
    losses: tuple[Loss, ...] = ()
    open_entry: "Callable[[int], Self] | None" = None

    def choose_film_mode(self, first: Image.Image) -> str:
        """Return Pillow's mode for all frames of the film, whose first one is given."""
        opaque = self.opaque or (self.stays_opaque and not has_transparency(first))
        return "RGB" if opaque else "RGBA"

    def with_format(self, name: str) -> Self:
        """Return the same picture as part of a file of another format."""
        return replace(self, format=name)

    def with_one_frame(self) -> Self:
        """Return the same picture with one frame.

        An icon holds no film.
        """
        if self.frames == 1:
            return self
        area = self.size[0] * self.size[1]
        return replace(self, frames=1, kind=FrameKind.STILL, pixels=area, read=lambda: islice(self.read(), 1))

    def with_page(self, number: int) -> Self:
        """Return the same picture with one page, frame or entry of its file, counted from 1.

        The size is then that of the first, unless it is an entry. Raise ConversionError when there is no such page.
        """
        if number > self.frames:
            has = f"it has {self.frames} pages, frames or pictures" if self.frames > 1 else "it holds one picture"
            raise ConversionError(OptionMismatch(option="page", why=has))
        if self.frames == 1:
            return self
        if self.open_entry is not None:
            return self.open_entry(number - 1).with_one_frame()
        kind = FrameKind.PAGES if self.kind is FrameKind.PAGES else FrameKind.STILL
        return replace(self, frames=1, kind=kind, read=lambda: islice(self.read(), number - 1, number))

    @property
    def display_dpi(self) -> Dpi | None:
        """Return the resolution after orientation."""
        return turn_dpi(self.dpi, by_quarter=self.orientation >= 5)

    @property
    def display_size(self) -> tuple[int, int]:
        """Return width and height in pixels after orientation."""
        width, height = self.size
        return (height, width) if self.orientation >= 5 else (width, height)
