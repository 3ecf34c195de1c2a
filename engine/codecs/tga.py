"""TGA (Truevision TGA File Format Specification 2.0).

A fourth sample is alpha only when the descriptor and the extension area say so. Else it is anything, often 0 throughout.
Few programs know its pictures of one bit, so these are written as grey.
"""

from functools import partial

from PIL import Image, ImageChops

from engine.codecs.pillow import open_image, write_packed
from engine.codecs.registry import Codec, Encoder
from engine.image import Frame, Opened
from engine.pixels.alpha import drop_alpha
from engine.request import Limits

MAP_DEPTH, DEPTH, DESCRIPTOR = 7, 16, 17
FOOTER = b"TRUEVISION-XFILE.\0"
ATTRIBUTES = 494
"""Where the extension area says what the fourth sample is."""

ALPHA, PREMULTIPLIED = 3, 4
"""Its values for alpha; below, the sample is of no use."""


def open_tga(data: bytes, limits: Limits) -> Opened:
    """Read the header of a TGA."""
    kind = _read_kind(data)
    # Of 16 bits one is alpha, and Pillow takes it the other way round. 15 bits, which it does not know, are 16 without.
    turned = 16 in data[MAP_DEPTH : MAP_DEPTH + 1] + data[DEPTH : DEPTH + 1]
    return open_image("tga", _widen(data), limits, lambda image: Frame(_settle_alpha(image, kind, turned=turned)))


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
