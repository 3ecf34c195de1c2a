"""Write frames by the encoder of the target."""

from collections.abc import Iterator
from typing import BinaryIO

from core.options import Options
from engine.conversion import Conversion
from engine.image import Frame
from engine.planning import make_plan
from engine.request import Converted


def write_frames(conversion: Conversion, options: Options, frames: Iterator[Frame], sink: BinaryIO) -> None:
    """Write the frames with those options, and note on the conversion what was written."""
    encoder, plan = conversion.encoder, make_plan(conversion, options)
    if conversion.count > 1 and encoder.write_all is not None:
        (width, height), count = conversion.size, encoder.write_all(frames, plan, sink)
    else:
        (width, height), count = encoder.write_still(next(frames), plan, sink), 1
    conversion.converted = Converted(format=conversion.target.name, width=width, height=height, frames=count)
