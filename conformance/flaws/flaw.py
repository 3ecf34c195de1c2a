"""One bad file, and what must become of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import shake_128

from PIL import Image, ImageFilter

from conformance import images

SIZE = (96, 64)
JUNK = b"\x12\x9a\x31\x77\xc4\x02\x5b\xe8\x6d\x1f\xa6"


class Owed(StrEnum):
    """What a conversion owes: the pixels with a warning, without one, with or without, or a failure."""

    WARNED = "the picture, with `image_damaged`"
    SILENT = "the picture, without a word"
    WHOLE = "the picture"
    FAILURE = "a failure"


@dataclass(frozen=True, slots=True)
class Flaw:
    """A file of that format, damaged at that place. `sound` is the same file without the flaw."""

    format: str
    kind: str
    place: str
    owed: Owed
    data: bytes
    sound: bytes


Make = Callable[[], Iterator[Flaw]]


def make_photo() -> Image.Image:
    """Light and a sensor's noise, the same each time."""
    noise = Image.frombytes("RGB", SIZE, shake_128(b"noise").digest(SIZE[0] * SIZE[1] * 3))
    return Image.blend(images.quarters(SIZE), noise.filter(ImageFilter.GaussianBlur(1)), 0.4)
