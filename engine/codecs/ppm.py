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

from core.losses import ExtrasDropped
from engine.codecs.pillow import load_image, open_image, write_packed
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.containers import pnm
from engine.errors import decoding, truncated
from engine.image import Frame, FrameKind, Opened
from engine.limits import check_pixels
from engine.pixels.deep import FULL, DeepImage, make_deep
from engine.pixels.samples import ROWS
from engine.request import Limits

EIGHT_BITS = 255

PACKED = frozenset({"1", "L"})
"""What is written in fewer bits."""


def open_ppm(data: bytes, limits: Limits) -> Opened:
    """Read the header of a PBM, PGM or PPM. Raise ConversionError when it has too many pictures."""
    starts = pnm.find_pictures(data, limits.max_frames)
    if len(starts) < 2:
        return _open_first(data, limits)

    def open_entry(index: int) -> Opened:
        return _open_first(data[starts[index] :], limits)

    return replace(open_entry(0), frames=len(starts), kind=FrameKind.ALBUM, open_entry=open_entry)


def _open_first(data: bytes, limits: Limits) -> Opened:
    header = pnm.parse_header(data)
    check_pixels(header.width * header.height, limits.max_pixels)
    losses = (ExtrasDropped(what="further pictures"),) if pnm.has_more_text(data, header) else ()
    data = pnm.simplify_file(data, header)
    depth = max(8, header.largest.bit_length())
    opened = open_image("ppm", data, limits, lambda image: Frame(_to_grey16(image), depth=depth))
    opened = replace(opened, losses=losses)
    if header.kind not in pnm.COLORS or header.largest <= EIGHT_BITS:
        return opened
    return replace(opened, deep=True, read=partial(_read_deep, data))


def _read_deep(data: bytes) -> Iterator[Frame]:
    """Read color of more than 8 bits."""
    header = pnm.parse_header(data)
    width, height, largest = header.width, header.height, header.largest
    if header.kind == b"P3":
        # Pillow keeps the depth of grey: numbers as text are read as such, three to a pixel.
        grey = load_image("ppm", b"P2 %d %d %d\n" % (3 * width, height, largest) + data[header.start :])
        with decoding("ppm"):
            samples, largest = np.asarray(grey).astype(np.uint16), FULL
    elif len(data) < header.end:
        raise truncated()
    else:
        samples = np.frombuffer(data, ">u2", 3 * width * height, header.start)
    yield Frame(make_deep(samples.reshape(height, width, 3), largest), depth=header.largest.bit_length())


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
