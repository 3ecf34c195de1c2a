"""BMP: read plain or packed by runs; written in 24 bits, or as a palette of 1, 4 or 8.

Pillow writes palettes of 8 bits only.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from core.losses import ImageDamaged
from engine.codecs.pillow import open_image, pack_frame, write_packed
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import choose_dpi, without_none
from engine.containers import bmp
from engine.image import Frame, Opened
from engine.request import Limits


def open_bmp(data: bytes, limits: Limits) -> Opened:
    """Read the header of a bitmap."""
    flaw = bmp.find_flaw(data)
    opened = open_image("bmp", data, limits)
    losses = (ImageDamaged(why=flaw),) if flaw else ()
    return replace(opened, read=partial(_read_frames, data, opened.read), losses=losses)


def _read_frames(data: bytes, read: Callable[[], Iterator[Frame]]) -> Iterator[Frame]:
    bmp.check_runs(data)
    yield from read()


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture in the fewest bits. Return its size in pixels."""
    image = pack_frame(frame, frozenset({"1", "L", "P", "P4"})).image
    palette = bytes(image.getpalette() or ())
    if image.mode != "P" or len(palette) > 3 * 16:
        return write_packed(frozenset({"1", "L", "P"}), frame, plan, sink)
    bits = 1 if len(palette) <= 6 else 4
    rows = image.tobytes("raw", f"P;{bits}", bmp.measure_row(image.width, bits), -1)
    dpi = plan.settings.get("dpi")
    sink.write(bmp.pack_palette_file(image.size, bits, palette, rows, dpi if isinstance(dpi, tuple) else (96, 96)))
    return image.size


CODEC = Codec(
    open=open_bmp,
    encoder=Encoder(
        pillow="BMP", settings=lambda options: without_none(dpi=choose_dpi(options)), write_still=write_still
    ),
)
