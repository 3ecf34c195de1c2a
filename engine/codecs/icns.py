"""ICNS, Apple's icons: pictures are PNGs, JPEG 2000 (read only), or blocks of the old kind (read only)."""

from typing import BinaryIO

from engine.codecs.icons import choose_sides, open_icon, png_square
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.containers import icons
from engine.image import Frame, Opened
from engine.request import Limits

KINDS = {
    16: b"icp4", 32: b"ic11", 64: b"ic12", 128: b"ic07", 256: b"ic08", 512: b"ic09", 1024: b"ic10",
}  # fmt: skip
"""The sides that an ICNS has, and the type of the block that holds it as PNG."""


def open_icns(data: bytes, limits: Limits) -> Opened:
    """Read the header of the largest picture."""
    return open_icon("icns", icons.find_largest_icns(data), limits, held=("png", "jp2"))


def write_icns(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write an icon. Return its largest size."""
    sides = choose_sides(frame.image, plan, tuple(KINDS), "ICNS")
    sink.write(icons.pack_icns({KINDS[side]: png_square(frame.image, side) for side in sides}))
    return (sides[-1],) * 2


CODEC = Codec(open=open_icns, encoder=Encoder(pillow="ICNS", write_still=write_icns))
