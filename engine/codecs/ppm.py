"""PBM, PGM and PPM, whichever of them the picture needs.

Pillow brings every depth above 8 to 16 bits, and gives grey as integers of 32. Of color it keeps 8 bits, so
color of more is read and written here.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

import numpy as np
from PIL import Image

from engine.codecs.pillow import load_image, open_image, write_packed
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.errors import decoding, truncated
from engine.image import Frame, Opened
from engine.pixels.deep import FULL, DeepImage, make_deep
from engine.pixels.samples import ROWS
from engine.request import Limits

EIGHT_BITS = 255

PACKED = frozenset({"1", "L"})
"""What is written in fewer bits."""


def open_ppm(data: bytes, limits: Limits) -> Opened:
    """Read the header of a PBM, PGM or PPM."""
    depth = max(8, _read_depth(data))
    opened = open_image("ppm", data, limits, lambda image: Frame(_to_grey16(image), depth=depth))
    image = load_image("ppm", data)
    if image.mode != "RGB" or not isinstance(image.tile[0].args, tuple):
        return opened
    largest = image.tile[0].args[1]
    if not isinstance(largest, int) or largest <= EIGHT_BITS:
        return opened
    return replace(opened, deep=True, read=partial(_read_deep, data, opened.size, image.tile[0].offset, largest))


def _read_deep(data: bytes, size: tuple[int, int], start: int, largest: int) -> Iterator[Frame]:
    """Read color of more than 8 bits. The samples begin at `start`, and `largest` is white."""
    width, height = size
    if data.startswith(b"P3"):
        # Pillow keeps the depth of grey: numbers as text are read as such, three to a pixel.
        grey = load_image("ppm", b"P2 %d %d %d\n" % (3 * width, height, largest) + data[start:])
        with decoding("ppm"):
            samples, largest = np.asarray(grey).astype(np.uint16), FULL
    elif len(data) < start + 6 * width * height:
        raise truncated()
    else:
        samples = np.frombuffer(data, ">u2", 3 * width * height, start)
    yield Frame(make_deep(samples.reshape(height, width, 3), largest), depth=largest.bit_length())


def _to_grey16(image: Image.Image) -> Image.Image:
    return image.convert("I;16") if image.mode == "I" else image


def _read_depth(data: bytes) -> int:
    """Return the depth by the largest value, the fourth word of the header.

    Bitmaps have none.
    """
    if data[1:2] in {b"1", b"4"}:
        return 1
    words: list[bytes] = []
    for line in data[:2048].splitlines():
        words += line.partition(b"#")[0].split()
        if len(words) >= 4:
            return int(words[3]).bit_length() if words[3].isdigit() else 8
    return 8


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture in the fewest bits. Return its size in pixels."""
    if not isinstance(frame.pixels, DeepImage):
        return write_packed(PACKED, frame, plan, sink)
    samples = frame.pixels.samples
    sink.write(b"P6\n%d %d\n%d\n" % (*frame.pixels.size, FULL))
    sink.writelines(samples[top : top + ROWS].astype(">u2").tobytes() for top in range(0, len(samples), ROWS))
    return frame.pixels.size


CODEC = Codec(open=open_ppm, encoder=Encoder(pillow="PPM", write_still=write_still))
