"""The common part of most codecs: Pillow's reader and writer of one format, chosen by the sniffed format alone."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageFile, UnidentifiedImageError

from engine.codecs.plan import WritePlan
from engine.codecs.save_settings import SaveSettings
from engine.errors import decoding
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.metadata import Metadata
from engine.pixels.packing import pack_pixels
from engine.pixels.sampling import sample_rows
from engine.request import Limits

Make = Callable[[Image.Image], Frame]


def load_image(name: str, data: bytes, *, plugin: str = "", needs: int = 0) -> ImageFile.ImageFile:
    """Open a file with the one decoder of that format. Ask it for its reason when it refuses.

    `plugin` is Pillow's name of the format, if that is not ours in capitals. For `needs` see `decoding`.
    """
    plugin = plugin or name.upper()
    with decoding(name, needs=needs):
        try:
            return Image.open(io.BytesIO(data), formats=[plugin])
        except UnidentifiedImageError:
            Image.OPEN[plugin][0](io.BytesIO(data), b"")
            raise


def open_image(
    name: str, data: bytes, limits: Limits, make: Make = Frame, metadata: Metadata | None = None, *, plugin: str = ""
) -> Opened:
    """Read the header of a file with one picture by Pillow. `make` turns its image into a frame."""
    image = load_image(name, data, plugin=plugin)
    pixels = image.width * image.height
    check_pixels(pixels, limits.max_pixels)
    return Opened(
        format=name, size=image.size, pixels=pixels, read=partial(read_single_frame, name, [image], make),
        opaque=is_opaque(image), dpi=read_dpi(image), metadata=metadata or Metadata(),
    )  # fmt: skip


def read_single_frame(
    name: str, images: list[ImageFile.ImageFile], make: Callable[[ImageFile.ImageFile], Frame], *, needs: int = 0
) -> Iterator[Frame]:
    """Decode the one image in the list and yield it as a frame.

    The list is empty afterwards, so that the pixels go as soon as a step has made others of them.
    """
    with decoding(name, needs=needs):
        images[0].load()
    yield make(images.pop())


def is_opaque(image: Image.Image) -> bool:
    """Say whether an image, not decoded yet, can have no transparency."""
    return "transparency" not in image.info and image.mode not in {"RGBA", "RGBa", "LA", "La", "PA"}


def read_dpi(image: Image.Image) -> tuple[float, float] | None:
    """Return the dots per inch of the file, None when no printer could mean them."""
    try:
        across, down = (float(side) for side in image.info["dpi"])
    except (TypeError, ValueError, LookupError, ArithmeticError):
        return None
    return check_dpi(across, down)


def check_dpi(across: float, down: float) -> tuple[float, float] | None:
    """Return the dots per inch, None when no printer could mean them."""
    return (across, down) if 1 < across <= 10_000 and 1 < down <= 10_000 else None


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture. Return its size in pixels."""
    frame.image.save(sink, plan.pillow, **plan.settings, **choose_profile(frame))
    return frame.image.size


class Candidate(NamedTuple):
    """A way to store a picture: its pixels in some mode, and save parameters."""

    image: Image.Image
    settings: SaveSettings


def choose_smallest(candidates: list[Candidate], pillow: str) -> Candidate:
    """Return the way that makes the smallest file, by a sample of the rows. Of equals the first."""

    def measure_sample(candidate: Candidate) -> int:
        buffer = io.BytesIO()
        sample_rows(candidate.image).save(buffer, pillow, **candidate.settings)
        return buffer.tell()

    return candidates[0] if len(candidates) == 1 else min(candidates, key=measure_sample)


def pack_frame(frame: Frame, holds: frozenset[str]) -> Frame:
    """Return the frame with its pixels in the fewest bits (see `pack_pixels`)."""
    return replace(frame, pixels=pack_pixels(frame.image, holds, profiled=frame.profile is not None))


def write_packed(holds: frozenset[str], frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture in the fewest bits, unless its palette takes more than it saves. Return its size in pixels."""
    ways = [Candidate(one.image, plan.settings) for one in (pack_frame(frame, holds), frame)]
    best = choose_smallest(ways if ways[0].image is not frame.image else ways[1:], plan.pillow)
    return write_still(replace(frame, pixels=best.image), plan, sink)


def choose_profile(frame: Frame) -> SaveSettings:
    """Return the save parameter for the frame's color profile, if it has one."""
    return {"icc_profile": frame.profile} if frame.profile else {}
