"""An opened upload: the facts of its header, and a way to read its frames one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from typing import Self

from PIL import Image

from core.losses import Loss
from engine.metadata import Metadata
from engine.pixels.deep import DeepImage, Picture


class FrameKind(StrEnum):
    """The relation of a file's frames. A stereo pair or a preview (album) is neither film nor document."""

    STILL = "still"
    ANIMATION = "animation"
    PAGES = "pages"
    ALBUM = "album"


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded picture of a file. `pixels` are an array for color of 16 bits.

    `duration` is in milliseconds; `orientation` is the EXIF value (1 to 8) that is still to be applied;
    `problem` says why the color that the file describes cannot be used, where that is so;
    `depth` and `full_scale` are the bits and the largest value of a sample in the file, where that is not 8 and 255;
    `losses` are what was lost on the way from the file to these pixels.
    """

    pixels: Picture
    duration: Fraction = Fraction(0)
    profile: bytes | None = None
    problem: str = ""
    orientation: int = 1
    depth: int = 8
    full_scale: int = 65_535
    white_is_zero: bool = False
    losses: tuple[Loss, ...] = ()

    @property
    def image(self) -> Image.Image:
        """Return the pixels as Pillow's image. Only targets that list a 16-bit mode are given others."""
        if isinstance(self.pixels, DeepImage):
            raise TypeError(self.pixels.mode)
        return self.pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The header of an upload. `size` is as stored. `pixels` counts all frames to be decoded.

    `loop_count` 0 means forever; `opaque` says that no frame can have transparency;
    `dpi` is None where the file says nothing sensible. `read_smaller` is there where the decoder can make the one frame
    2, 4 or 8 times smaller at less cost, which divides both sides. `losses` are those that the header tells.
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
    deep: bool = False
    dpi: tuple[float, float] | None = None
    metadata: Metadata = field(default_factory=Metadata)
    losses: tuple[Loss, ...] = ()

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

    @property
    def display_size(self) -> tuple[int, int]:
        """Return width and height in pixels after orientation."""
        width, height = self.size
        return (height, width) if self.orientation >= 5 else (width, height)
