"""QOI through imagecodecs: Pillow's codec is Python and takes two seconds for a megapixel."""

import struct
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
from imagecodecs import qoi_decode, qoi_encode
from PIL import Image

from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.errors import corrupt, decoding, truncated
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.request import Limits

END = bytes(7) + b"\1"
CHANNELS, SPACE = 12, 13
"""Where a QOI says how many samples a pixel has, and that its colors are sRGB: 0."""


def open_qoi(data: bytes, limits: Limits) -> Opened:
    """Read the header of a QOI."""
    if len(data) < 14 + len(END) or END not in data:
        raise truncated()
    width, height = struct.unpack_from(">II", data, 4)
    if not width or not height:
        raise corrupt("it has no size")
    check_pixels(width * height, limits.max_pixels)
    # Its color space byte is informative by the specification, and Pillow writes `linear` over what is not.
    read = partial(_read_frame, data, (width, height))
    opaque = data[CHANNELS] == 3
    return Opened(format="qoi", size=(width, height), pixels=width * height, read=read, opaque=opaque)


def _read_frame(data: bytes, size: tuple[int, int]) -> Iterator[Frame]:
    with decoding("qoi"):
        samples = qoi_decode(data)
        image = Image.fromarray(samples)
        if image.size != size:
            raise ValueError("the decoder gave another size than the header says")
    del samples
    yield Frame(image)


def write_qoi(frame: Frame, _plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture. Return its size in pixels."""
    data = bytearray(qoi_encode(np.asarray(frame.image)))
    data[SPACE] = 0
    sink.write(data)
    return frame.image.size


CODEC = Codec(open=open_qoi, encoder=Encoder(pillow="QOI", write_still=write_qoi))
