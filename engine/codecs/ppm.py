"""PBM, PGM and PPM, whichever of them the picture needs.

Pillow brings every depth above 8 to 16 bits, and gives grey as integers of 32. Of color it keeps 8 bits, so
color of more is read and written here.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image

from engine.codecs.pillow import load_image, open_image, write_packed
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.errors import decoding, truncated
from engine.image import Frame, FrameKind, Opened
from engine.limits import check_frames
from engine.pixels.deep import FULL, DeepImage, make_deep
from engine.pixels.samples import ROWS
from engine.request import Limits

EIGHT_BITS = 255

PACKED = frozenset({"1", "L"})
"""What is written in fewer bits."""

RAW = frozenset({b"P4", b"P5", b"P6"})
"""Kinds whose samples are no text."""

BITMAPS = frozenset({b"P1", b"P4"})
"""Kinds of one bit, which tell no largest value."""

SPACE = rb"(?:\s|#[^\r\n]*[\r\n])"
NUMBER = SPACE + rb"+(\d{1,10})"
HEADER = re.compile(
    rb"\s*(?:(P[14])" + NUMBER * 2 + rb"|(P[2356])" + NUMBER * 3 + rb")" + SPACE,
)
"""A header, with the one space behind it."""


class Header(NamedTuple):
    """What stands before the samples, which begin at `end`. `largest` is the value of white."""

    kind: bytes
    width: int
    height: int
    largest: int
    end: int

    @property
    def row(self) -> int:
        """Return the bytes of a row of samples that are no text."""
        if self.kind == b"P4":
            return (self.width + 7) // 8
        return self.width * (3 if self.kind == b"P6" else 1) * (1 if self.largest <= EIGHT_BITS else 2)


def open_ppm(data: bytes, limits: Limits) -> Opened:
    """Read the header of a PBM, PGM or PPM. Raise ConversionError when it has too many pictures."""
    starts = _find_pictures(data, limits.max_frames)
    if len(starts) < 2:
        return _open_first(data, limits)

    def open_entry(index: int) -> Opened:
        return _open_first(data[starts[index] :], limits)

    return replace(open_entry(0), frames=len(starts), kind=FrameKind.ALBUM, open_entry=open_entry)


def _read_header(data: bytes, start: int = 0) -> Header | None:
    """Read a header by the letter: a comment may stand wherever a space may, and ends a number too."""
    found = HEADER.match(data, start)
    if found is None:
        return None
    kind = found[1] or found[4]
    width, height = int(found[2] or found[5]), int(found[3] or found[6])
    return Header(kind, width, height, int(found[7] or 1), found.end())


def _find_pictures(data: bytes, most: int) -> list[int]:
    """Return where the pictures start, one behind the other. Of those as text, a file has one."""
    starts: list[int] = []
    at, header = 0, _read_header(data)
    while header is not None:
        starts.append(at)
        check_frames(len(starts), most)
        at = header.end + header.row * header.height
        header = _read_header(data, at) if header.kind in RAW else None
    return starts


def _strip_comments(data: bytes, header: Header) -> bytes:
    """Return the file without comments in its header and spaces before it. Pillow knows comments behind a space only."""
    if data.startswith(b"P") and b"#" not in data[: header.end]:
        return data
    largest = b" %d" % header.largest if header.kind not in BITMAPS else b""
    return b"%s %d %d%s\n" % (header.kind, header.width, header.height, largest) + data[header.end :]


def _open_first(data: bytes, limits: Limits) -> Opened:
    header = _read_header(data)
    data = _strip_comments(data, header) if header else data
    depth = max(8, header.largest.bit_length() if header else 0)
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


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture in the fewest bits. Return its size in pixels."""
    if not isinstance(frame.pixels, DeepImage):
        return write_packed(PACKED, frame, plan, sink)
    samples = frame.pixels.samples
    sink.write(b"P6\n%d %d\n%d\n" % (*frame.pixels.size, FULL))
    sink.writelines(samples[top : top + ROWS].astype(">u2").tobytes() for top in range(0, len(samples), ROWS))
    return frame.pixels.size


CODEC = Codec(open=open_ppm, encoder=Encoder(pillow="PPM", write_still=write_still))
