"""BMP: read plain, packed by runs, or below masks; written in 24 bits, or as a palette of 1, 4 or 8.

Pillow knows few masks, and writes palettes of 8 bits only.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

import numpy as np

from core.losses import ImageDamaged
from engine.codecs.pillow import check_dpi, open_image, pack_frame, write_packed
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import choose_dpi, without_none
from engine.containers import bmp
from engine.errors import decoding
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.pixels.alpha import drop_alpha
from engine.pixels.masks import unpack_masks
from engine.request import Limits


def open_bmp(data: bytes, limits: Limits) -> Opened:
    """Read the header of a bitmap."""
    flaw = bmp.find_flaw(data)
    losses = (ImageDamaged(why=flaw),) if flaw else ()
    masked = bmp.read_masked(data)
    if masked is not None:
        return replace(_open_masked(data, masked, limits), losses=losses)
    data = bmp.bound_palette(data)
    opened = open_image("bmp", data, limits)
    return replace(opened, read=partial(_read_frames, data, opened.read), losses=losses)


def _open_masked(data: bytes, masked: bmp.Masked, limits: Limits) -> Opened:
    pixels = masked.size[0] * masked.size[1]
    check_pixels(pixels, limits.max_pixels)
    return Opened(
        format="bmp", size=masked.size, pixels=pixels, read=partial(_read_masked, data, masked),
        opaque="A" not in masked.masks, dpi=check_dpi(*(dots * 0.0254 for dots in masked.dots)),
    )  # fmt: skip


def _read_masked(data: bytes, masked: bmp.Masked) -> Iterator[Frame]:
    width, height = masked.size
    with decoding("bmp"):
        rows = np.frombuffer(bmp.cut_rows(data, masked), np.uint8).reshape(height, masked.stride)
        raw = rows[:, : width * masked.bits // 8].reshape(height, width, -1)
        image = unpack_masks(
            raw if masked.from_top else raw[::-1], "RGBA" if "A" in masked.masks else "RGB", masked.masks
        )
    # As browsers have it: programs that know no alpha leave it empty.
    is_empty = image.mode == "RGBA" and image.getchannel("A").getbbox() is None
    yield Frame(drop_alpha(image) if is_empty else image, depth=max(8, masked.depth))


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
