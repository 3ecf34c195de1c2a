"""Icons: one picture of the asked size, as PNG inside of the container."""

import io
from typing import BinaryIO

from PIL import Image

from worker.source import Frame
from worker.writers.plan import Plan

ICNS_KINDS = (
    (16, b"icp4"),
    (32, b"icp5"),
    (64, b"icp6"),
    (128, b"ic07"),
    (256, b"ic08"),
    (512, b"ic09"),
    (1024, b"ic10"),
)
"""The sides that an ICNS has, and the type of the entry that holds it as PNG."""


def write_ico(frame: Frame, _plan: Plan, sink: BinaryIO) -> tuple[int, int]:
    """An icon file with this one picture; Pillow alone would add smaller ones and leave out odd sizes."""
    frame.image.save(sink, "ICO", sizes=[frame.image.size], bitmap_format="png")
    return frame.image.size


def write_icns(frame: Frame, _plan: Plan, sink: BinaryIO) -> tuple[int, int]:
    """The smallest square of the format that holds the picture, which lies in its middle, the rest transparent."""
    image = frame.image
    side, kind = next((side, kind) for side, kind in ICNS_KINDS if side >= max(image.size))
    square = image
    if image.size != (side, side):
        square = Image.new("RGBA", (side, side))
        square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    png = io.BytesIO()
    square.save(png, "PNG")
    entry = kind + (png.tell() + 8).to_bytes(4, "big") + png.getvalue()
    sink.write(b"icns" + (len(entry) + 8).to_bytes(4, "big") + entry)
    return square.size
