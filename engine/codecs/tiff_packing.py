"""Write the pages of a TIFF in the fewest bits: one bit by CCITT's Group 4, palettes and all others by deflate."""

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO

from PIL import Image, TiffImagePlugin

from engine.codecs import tiff_deep, tiff_palette
from engine.codecs.pillow import pack_frame
from engine.codecs.plan import WritePlan
from engine.codecs.save_settings import SaveSettings
from engine.image import Frame
from engine.pixels.deep import DeepImage
from engine.pixels.sampling import sample_rows

GROUP4, PREDICTOR = "group4", 317

PACKED = frozenset({"1", "L", "P"})
"""What is written in fewer bits."""

Way = tuple[Image.Image, Callable[[Image.Image, BinaryIO], None]]
"""A picture in some mode, and what writes it."""


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture. Return its size in pixels."""
    _write_page(frame, plan.settings, sink)
    return frame.pixels.size


class PageWriter(TiffImagePlugin.AppendingTiffWriter):
    """Pillow's writer of pages. It leaves a closed file alone.

    Python closes a writer that a failed conversion has left behind, at a time when the file may be closed already.
    """

    def close(self) -> None:
        """Finish the file, if it is still open."""
        if not self.f.closed:
            super().close()


def write_pages(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write each page with its own size, resolution, mode and profile. The first carries the metadata."""
    settings = plan.settings
    with PageWriter(sink) as writer:
        for frame in frames:
            _write_page(frame, settings | plan.choose_page_dpi(frame), writer)
            writer.newFrame()
            settings = plan.later_settings
    return plan.frames


def _write_page(frame: Frame, settings: SaveSettings, sink: BinaryIO) -> None:
    """Write a page in the way that makes it smallest: a scan of dots, for one, is larger by Group 4 than by deflate."""
    if isinstance(frame.pixels, DeepImage):
        tiff_deep.write_page(frame.pixels, frame.profile, settings, sink)
        return
    packed = pack_frame(frame, PACKED).image
    save = partial(_save_image, frame.profile, settings)
    ways: list[Way] = [(packed, save)]
    if packed.mode == "1":
        bare = settings | _without_predictor(settings)
        group4, deflate = bare | {"compression": GROUP4}, bare
        ways = [(packed, partial(_save_image, frame.profile, each)) for each in (group4, deflate)]
    elif packed.mode == "P":
        ways = [(packed, partial(tiff_palette.write_page, frame.profile, settings)), (frame.image, save)]
    image, write = ways[0] if len(ways) == 1 else min(ways, key=_measure_sample)
    write(image, sink)


def _save_image(profile: bytes | None, settings: SaveSettings, image: Image.Image, sink: BinaryIO) -> None:
    image.save(sink, "TIFF", **settings, **({"icc_profile": profile} if profile else {}))


def _measure_sample(way: Way) -> int:
    image, write = way
    buffer = io.BytesIO()
    write(sample_rows(image), buffer)
    return buffer.tell()


def _without_predictor(settings: SaveSettings) -> SaveSettings:
    """Return the tags without the predictor: the difference of two indices or of eight pixels at once means nothing."""
    tags = settings["exif"]
    if not isinstance(tags, Image.Exif):
        raise TypeError(tags)
    bare = Image.Exif()
    bare.update({tag: value for tag, value in tags.items() if tag != PREDICTOR})
    return {"exif": bare}
