"""Write frames by the encoder of the target."""

from collections.abc import Iterator
from typing import BinaryIO

from core.options import Options
from engine.capabilities import memory_of
from engine.codecs.plan import WritePlan
from engine.conversion import Conversion
from engine.errors import encoding
from engine.image import Frame
from engine.planning import make_header, make_plan
from engine.request import Converted

HELD = 3
"""Bytes of a pixel that are held already when the encoder begins."""


def write_frames(conversion: Conversion, options: Options, frames: Iterator[Frame], sink: BinaryIO) -> None:
    """Write the frames with those options, and note on the conversion what was written."""
    encoder, plan = conversion.encoder, make_plan(conversion, options)
    needs = _forecast_need(conversion, plan)
    # Asked for and given back: MemoryError here is an answer, a crash in the encoder would be none.
    bytearray(needs if encoder.crashes else 0)
    with encoding(needs=needs):
        if conversion.count > 1 and encoder.write_all is not None:
            (width, height), count = conversion.size, encoder.write_all(frames, plan, sink)
        else:
            (width, height), count = encoder.write_still(next(frames), plan, sink), 1
    conversion.converted = Converted(format=conversion.target.name, width=width, height=height, frames=count)


def _forecast_need(conversion: Conversion, plan: WritePlan) -> int:
    """Return the encoder's memory beside the picture, in bytes."""
    header = make_header(conversion)
    whole = memory_of(conversion.target.name).forecast_writing(plan.options, header)
    return max(0, int(whole) - HELD * header.target_area)
