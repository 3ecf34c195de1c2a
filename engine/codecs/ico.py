"""ICO. The largest picture is read, mostly a PNG. All sizes up to the picture's own are written."""

from typing import BinaryIO

from engine.codecs.icons import choose_sides, open_icon, png_square
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.containers import icons
from engine.image import Frame, Opened
from engine.request import Limits

SIDES = (16, 24, 32, 48, 64, 128, 256)


def open_ico(data: bytes, limits: Limits) -> Opened:
    """Read the header of the largest picture."""
    return open_icon("ico", icons.find_largest_ico(data), limits, held=("png",))


def write_ico(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write an icon. Return its largest size."""
    pictures = {side: png_square(frame.image, side) for side in choose_sides(frame.image, plan, SIDES, "ICO")}
    sink.write(icons.pack_ico(pictures))
    return (max(pictures),) * 2


CODEC = Codec(open=open_ico, encoder=Encoder(pillow="ICO", write_still=write_ico))
