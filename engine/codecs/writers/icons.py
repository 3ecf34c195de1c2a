"""Icons: the sizes of the format up to the picture's own, square, centred, clear around it, each as PNG."""

import io
from typing import BinaryIO

from PIL import Image

from engine.codecs.writers.plan import Plan
from engine.containers.icons import packed_icns, packed_ico
from engine.image import Frame

ICO_SIDES = (16, 24, 32, 48, 64, 128, 256)
ICNS_KINDS = {
    16: b"icp4", 32: b"ic11", 64: b"ic12", 128: b"ic07", 256: b"ic08", 512: b"ic09", 1024: b"ic10",
}  # fmt: skip
"""The sides that an ICNS has, and the type of the block that holds it as PNG."""


def write_ico(frame: Frame, _plan: Plan, sink: BinaryIO) -> tuple[int, int]:
    """An icon file; returns its largest size."""
    pictures = {side: _png(frame.image, side) for side in _sides(frame.image, ICO_SIDES)}
    sink.write(packed_ico(pictures))
    return (max(pictures),) * 2


def write_icns(frame: Frame, _plan: Plan, sink: BinaryIO) -> tuple[int, int]:
    """An Apple icon; returns its largest size."""
    sides = _sides(frame.image, tuple(ICNS_KINDS))
    sink.write(packed_icns({ICNS_KINDS[side]: _png(frame.image, side) for side in sides}))
    return (sides[-1],) * 2


def _sides(image: Image.Image, known: tuple[int, ...]) -> list[int]:
    """Those that the picture fills, one at least."""
    return [side for side in known if side <= max(image.size)] or [known[0]]


def _png(image: Image.Image, side: int) -> bytes:
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    picture = image.convert("RGBA")
    if size != image.size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (side, side))
    square.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
    buffer = io.BytesIO()
    square.save(buffer, "PNG")
    return buffer.getvalue()
