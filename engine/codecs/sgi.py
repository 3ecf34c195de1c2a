"""SGI (the SGI Image File Format 0.97, by Paul Haeberli): planes of 8 or 16 bits, as they are or packed by runs.

Pillow decodes it, to 8 bits. A row that is too short it leaves black without a word, so rows are measured here.
"""

import struct
from typing import NamedTuple

import numpy as np
from PIL import Image

from engine.codecs.pillow import open_image
from engine.codecs.registry import Codec, Encoder
from engine.errors import corrupt, truncated, unsupported
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.request import Limits

HEADER = 512
"""Bytes before the samples, or before the table of packed rows."""

DIMENSIONS, PLANES = 4, 10
"""Where a file says how many dimensions and planes it has."""

GREY_ALPHA = 2
"""Planes of grey with alpha."""

COLOR_MAP = 104
"""Where a file says that its samples are to be looked up, or that it is itself what others look up: 0 for neither."""


class Layout(NamedTuple):
    """The header's facts about the samples. `depth` is in bytes."""

    packed: int
    depth: int
    width: int
    height: int
    planes: int

    @property
    def rows(self) -> int:
        """Return the number of rows over all planes."""
        return self.height * self.planes


def open_sgi(data: bytes, limits: Limits) -> Opened:
    """Read the header of an SGI file. Raise ConversionError when it is bad or over a limit, or a row is missing."""
    if len(data) < HEADER:
        raise truncated()
    layout = Layout(*struct.unpack_from(">BBxxHHH", data, 2))
    check_pixels(layout.width * layout.height, limits.max_pixels)
    if layout.packed not in {0, 1} or layout.depth not in {1, 2}:
        raise corrupt()
    if any(data[COLOR_MAP : COLOR_MAP + 4]):
        raise unsupported("sgi", "it is about a color map")
    _check_rows(data, layout)
    if layout.planes == GREY_ALPHA:
        return open_image(
            "sgi", _repeat_grey(data, layout), limits, lambda image: Frame(_to_grey(image), depth=8 * layout.depth)
        )
    return open_image("sgi", data, limits, lambda image: Frame(image, depth=8 * layout.depth))


def _repeat_grey(data: bytes, layout: Layout) -> bytes:
    """Return grey with alpha as color, which Pillow reads: the first plane three times."""
    head = data[:DIMENSIONS] + b"\0\3" + data[DIMENSIONS + 2 : PLANES] + b"\0\4" + data[PLANES + 2 : HEADER]
    if not layout.packed:
        plane = layout.width * layout.height * layout.depth
        return head + data[HEADER : HEADER + plane] * 3 + data[HEADER + plane :]
    table = np.frombuffer(data, ">u4", 2 * layout.rows, HEADER).reshape(2, 2, layout.height)
    repeated = table[:, [0, 0, 0, 1]]
    # The rows move back by as much as the table grows.
    repeated[0] += np.uint32(repeated.nbytes - table.nbytes)
    return head + repeated.tobytes() + data[HEADER + table.nbytes :]


def _to_grey(image: Image.Image) -> Image.Image:
    return Image.merge("LA", (image.getchannel("R"), image.getchannel("A")))


def _check_rows(data: bytes, layout: Layout) -> None:
    """Raise ConversionError when not every row is there and whole."""
    if not layout.packed:
        if HEADER + layout.rows * layout.width * layout.depth > len(data):
            raise truncated()
        return
    if HEADER + 8 * layout.rows > len(data):
        raise truncated()
    table = struct.unpack_from(f">{2 * layout.rows}I", data, HEADER)
    # Rows that are equal may be stored once. Others lie beside each other, so that no small file has much to measure.
    rows = set(zip(table[: layout.rows], table[layout.rows :], strict=True))
    if any(start + length > len(data) for start, length in rows):
        raise truncated()
    if sum(length for _, length in rows) > len(data):
        raise corrupt("its rows lie on each other")
    if any(_packed_width(data[start : start + length], layout.depth) != layout.width for start, length in rows):
        raise corrupt()


def _packed_width(row: bytes, depth: int) -> int:
    """Return the pixels of a packed row, or -1 when its end mark, a count of 0, is missing.

    Each run is a count and one sample or, with the high bit, a count and so many samples.
    """
    at, width = depth - 1, 0
    while at < len(row):
        count = row[at] & 0x7F
        if not count:
            return width
        width += count
        at += depth * (1 + count) if row[at] & 0x80 else 2 * depth
    return -1


CODEC = Codec(open=open_sgi, encoder=Encoder(pillow="SGI"))
