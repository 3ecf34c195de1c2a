"""TGA (Truevision TGA File Format Specification 2.0).

A fourth sample is alpha only when the descriptor and the extension area say so. Else it is anything, often 0 throughout.
Few programs know its pictures of one bit, so these are written as grey.
"""

import struct
from dataclasses import replace
from functools import partial

import numpy as np
from PIL import Image, ImageChops

from engine.codecs.pillow import Make, is_opaque, open_image, write_packed
from engine.codecs.registry import Codec, Encoder
from engine.errors import corrupt, truncated
from engine.image import Frame, Opened
from engine.pixels.alpha import drop_alpha
from engine.request import Limits

HAS_MAP, TYPE, MAP_FIRST, MAP_DEPTH, DEPTH, DESCRIPTOR = 1, 2, 3, 7, 16, 17
MAPPED, GREY, PACKED = 1, 3, 8
"""Types of pictures: indices, grey, and the bit of those that are packed by runs."""

MAP_LAYOUTS = {16: ("RGBA", "BGRA;15Z"), 24: ("RGB", "BGR"), 32: ("RGBA", "BGRA")}
"""Pillow's mode and order of a map's colors, by their depth."""

FOOTER = b"TRUEVISION-XFILE.\0"
ATTRIBUTES = 494
"""Where the extension area says what the fourth sample is."""

ALPHA, PREMULTIPLIED = 3, 4
"""Its values for alpha; below, the sample is of no use."""


def open_tga(data: bytes, limits: Limits) -> Opened:
    """Read the header of a TGA."""
    kind, head = _read_kind(data), data[: DESCRIPTOR + 1].ljust(DESCRIPTOR + 1, b"\0")
    mapped = head[TYPE] & ~PACKED == MAPPED
    # Of 16 bits one is alpha, and Pillow takes it the other way round. 15 bits, which it does not know, are 16 without.
    turned = head[MAP_DEPTH if mapped else DEPTH] == 16

    def make(image: Image.Image) -> Frame:
        return Frame(_settle_alpha(image, kind, turned=turned))

    data = _widen(data)
    if head[HAS_MAP] and mapped and head[DEPTH] == 16:
        return _open_indices(data, limits, make)
    plain = _leave_out_map(data, head[TYPE]) if head[HAS_MAP] and not mapped else data
    return open_image("tga", plain, limits, make)


def _open_indices(data: bytes, limits: Limits, make: Make) -> Opened:
    """Read the header of a picture whose indices have 16 bits. Pillow reads those as grey with alpha."""
    colors = _read_map(data)
    plain = _leave_out_map(data, data[TYPE] & PACKED | GREY)
    opened = open_image("tga", plain, limits, lambda image: make(_look_up(image, colors)))
    return replace(opened, opaque=is_opaque(colors))


def _read_map(data: bytes) -> Image.Image:
    """Return the colors, one for each index there can be. Those that the file leaves out are 0."""
    first, count, depth = struct.unpack_from("<HHB", data, MAP_FIRST)
    mode, layout = MAP_LAYOUTS.get(depth, ("", ""))
    if not mode:
        raise corrupt()
    size, start = -(-depth // 8), DESCRIPTOR + 1 + data[0]
    colors = data[start : start + count * size]
    if len(colors) < count * size:
        raise truncated()
    known = Image.frombytes(mode, (count, 1), colors, "raw", layout) if count else Image.new(mode, (1, 1))
    table = Image.new(mode, (1 << 16, 1))
    table.paste(known, (first, 0))
    return table


def _look_up(image: Image.Image, colors: Image.Image) -> Image.Image:
    indices = np.asarray(image).view("<u2")[..., 0]
    return Image.fromarray(np.asarray(colors)[0][indices])


def _leave_out_map(data: bytes, kind: int) -> bytes:
    """Return the file of that type without its color map, and without the footer, whose offsets are no longer right."""
    start = DESCRIPTOR + 1 + data[0]
    count, depth = struct.unpack_from("<HB", data, MAP_FIRST + 2)
    head = data[:HAS_MAP] + bytes((0, kind)) + bytes(5) + data[MAP_DEPTH + 1 : start]
    end = len(data) - (len(FOOTER) + 8 if data.endswith(FOOTER) else 0)
    return head + data[start + count * -(-depth // 8) : end]


def _read_kind(data: bytes) -> int:
    """Return what the fourth sample is: a value of the extension area, or what the descriptor says in its place."""
    if len(data) <= DESCRIPTOR or not data[DESCRIPTOR] & 15:
        return 0
    if data.endswith(FOOTER):
        at = int.from_bytes(data[-26:-22], "little")
        kind = data[at + ATTRIBUTES : at + ATTRIBUTES + 1] if at else b""
        return kind[0] if kind else ALPHA
    return ALPHA


def _widen(data: bytes) -> bytes:
    """Return the file with 16 bits for 15, which take as much room."""
    changed = bytearray(data[: DESCRIPTOR + 1])
    for place in (MAP_DEPTH, DEPTH):
        if changed[place : place + 1] == b"\x0f":
            changed[place] = 16
    return data if data.startswith(changed) else bytes(changed) + data[len(changed) :]


def _settle_alpha(image: Image.Image, kind: int, *, turned: bool) -> Image.Image:
    """Return the picture with its alpha, or without the fourth sample when that is none, or 0 throughout."""
    if image.mode == "P" and image.has_transparency_data:
        image = image.convert("RGBA")
    if image.mode not in {"LA", "RGBA"}:
        return image
    if kind not in {ALPHA, PREMULTIPLIED}:
        return drop_alpha(image)
    alpha = image.getchannel("A")
    if turned and image.mode == "RGBA":
        alpha = ImageChops.invert(alpha)
        image.putalpha(alpha)
    if alpha.getbbox() is None:
        return drop_alpha(image)
    if kind == PREMULTIPLIED and image.mode == "RGBA":
        return Image.frombuffer("RGBa", image.size, image.tobytes(), "raw", "RGBa", 0, 1).convert("RGBA")
    return image


CODEC = Codec(
    open=open_tga,
    encoder=Encoder(
        pillow="TGA", settings=lambda _: {"compression": "tga_rle"},
        write_still=partial(write_packed, frozenset({"L", "P"})),
    ),
)  # fmt: skip
