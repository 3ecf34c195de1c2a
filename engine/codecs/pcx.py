"""PCX (ZSoft's technical reference): what has a byte or a bit for each sample by Pillow, all other palettes here."""

import struct
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
from PIL import Image

from engine.codecs.pillow import check_dpi, open_image, write_packed
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import choose_dpi, without_none
from engine.errors import corrupt, decoding, truncated, unsupported
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.request import Limits

DPI = 12
"""Where the dots per inch stand, across and down."""

HEADER, COLORS, NO_PALETTE, NEWEST = 128, 16, 3, 5
"""Bytes before the rows, where 16 colors stand, the version without them, and the one that Pillow asks for."""

BY_PILLOW = {(1, 1), (1, 2), (1, 4), (8, 1), (8, 3)}
HERE = {(1, 2), (1, 3), (1, 4), (2, 1), (4, 1)}
"""Bits a sample, and planes."""

EGA = bytes.fromhex(
    "000000 0000aa 00aa00 00aaaa aa0000 aa00aa aa5500 aaaaaa 555555 5555ff 55ff55 55ffff ff5555 ff55ff ffff55 ffffff"
)
"""The colors of a file without any."""


def open_pcx(data: bytes, limits: Limits) -> Opened:
    """Read the header of a PCX."""
    if len(data) < HEADER:
        raise truncated()
    kind, has_colors = (data[3], data[65]), data[1] != NO_PALETTE and any(data[COLORS : COLORS + 48])
    if kind in HERE and (kind not in BY_PILLOW or not has_colors):
        return _open_palette(data, data[COLORS : COLORS + 48] if has_colors else EGA, limits)
    if kind not in BY_PILLOW:
        raise unsupported("pcx", "it has {} bits a sample in {} planes".format(*kind))
    # Pillow does not take all older versions, which are stored alike.
    return open_image("pcx", data[:1] + bytes((NEWEST,)) + data[2:], limits)


def _open_palette(data: bytes, colors: bytes, limits: Limits) -> Opened:
    left, top, right, bottom = struct.unpack_from("<4H", data, 4)
    width, height = right - left + 1, bottom - top + 1
    if width <= 0 or height <= 0:
        raise corrupt("it has no size")
    check_pixels(width * height, limits.max_pixels)
    read = partial(_read_frame, data, (width, height), colors)
    dpi = check_dpi(*struct.unpack_from("<2H", data, DPI))
    return Opened(format="pcx", size=(width, height), pixels=width * height, read=read, opaque=True, dpi=dpi)


def _read_frame(data: bytes, size: tuple[int, int], colors: bytes) -> Iterator[Frame]:
    (width, height), bits, planes = size, data[3], data[65]
    stride = max(-(-width * bits // 8), int.from_bytes(data[66:68], "little"))
    with decoding("pcx"):
        rows = Image.frombytes("L", (planes * stride, height), data[HEADER:], "pcx", "L", planes * stride)
        places = np.unpackbits(np.asarray(rows), axis=1).reshape(height, planes, -1, bits)[:, :, :width]
        numbers = (np.packbits(places, axis=3)[:, :, :, 0] >> (8 - bits)).astype(np.uint8)
        indices = sum((numbers[:, plane] << plane for plane in range(1, planes)), numbers[:, 0])
        image = Image.fromarray(np.asarray(indices, np.uint8))
        image.putpalette(colors)
    yield Frame(image)


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture in the fewest bits, with its resolution, which Pillow leaves out. Return its size in pixels."""
    start = sink.tell()
    size = write_packed(frozenset({"1", "L", "P"}), frame, plan, sink)
    dpi = plan.settings.get("dpi")
    if isinstance(dpi, tuple):
        end = sink.tell()
        sink.seek(start + DPI)
        sink.write(struct.pack("<2H", *(max(1, round(side)) for side in dpi)))
        sink.seek(end)
    return size


CODEC = Codec(
    open=open_pcx,
    encoder=Encoder(
        pillow="PCX", settings=lambda options: without_none(dpi=choose_dpi(options)),
        write_still=write_still,
    ),
)  # fmt: skip
