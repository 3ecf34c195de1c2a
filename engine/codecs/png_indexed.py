"""PNG pictures of palettes and of one bit, packed by zlib itself: filters help neither.

Pillow filters pictures of one bit, and its zlib is another, which is faster on photographs and packs these worse.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image

from core import magic
from engine.codecs.pillow import write_still
from engine.codecs.plan import WritePlan
from engine.containers.png_chunks import pack_chunk, read_chunks
from engine.image import Frame
from engine.pixels.packed_rows import choose_level, pack_rows

BAND = 1 << 20
"""Bytes that are packed at once, about."""


def write_indexed(frame: Frame, plan: WritePlan, sink: BinaryIO) -> None:
    """Write a picture of mode 1 or P. All chunks but the pixels are those that Pillow writes."""
    size = frame.image.size
    pixel, buffer = frame.image.crop((0, 0, 1, 1)), io.BytesIO()
    write_still(replace(frame, pixels=pixel), plan, buffer)
    sink.write(magic.PNG)
    bits = 8
    for kind, body in read_chunks(buffer.getvalue()):
        if kind == b"IHDR":
            bits = body[8]
            sink.write(pack_chunk(kind, struct.pack(">II", *size), body[8:]))
        elif kind == b"IDAT":
            level = plan.settings.get("compress_level", choose_level(frame.image, bits))
            sink.writelines(pack_chunk(kind, part) for part in _deflate(frame.image, bits, level))
        else:
            sink.write(pack_chunk(kind, body))


def _deflate(image: Image.Image, bits: int, level: object) -> Iterator[bytes]:
    """Yield the packed rows, each after the number of no filter."""
    if not isinstance(level, int):
        raise TypeError(level)
    packer = zlib.compressobj(level)
    for rows in pack_rows(image, bits, BAND):
        if part := packer.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes()):
            yield part
    yield packer.flush()
