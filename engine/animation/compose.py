"""Lay the frames of a GIF or APNG on their canvas, one after the other, in constant memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from PIL import Image

from engine.containers.disposal import Disposal

CLEAR = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Patch:
    """A frame as stored: RGBA pixels, their corner on the canvas, milliseconds, and how they come and go."""

    image: Image.Image
    corner: tuple[int, int]
    duration: Fraction
    over: bool
    disposal: Disposal


def compose_frames(size: tuple[int, int], patches: Iterable[Patch]) -> Iterator[tuple[Image.Image, Fraction]]:
    """Yield the canvas after each patch, as an RGBA image, and its time in milliseconds.

    Whatever lies outside of the canvas is cut off. A first frame that is to be restored is cleared instead.
    """
    canvas = Image.new("RGBA", size, CLEAR)
    for patch in patches:
        image = _clip_to_canvas(patch, size)
        before = canvas.copy() if patch.disposal is Disposal.RESTORE else None
        if image is not None:
            _lay_patch(canvas, image, patch)
        region = (*patch.corner, patch.corner[0] + patch.image.width, patch.corner[1] + patch.image.height)
        duration, disposal = patch.duration, patch.disposal
        # Its pixels are on the canvas; they need not be held while the frame is worked on.
        del patch, image
        yield canvas.copy(), duration
        if before is not None:
            canvas = before
        elif disposal is Disposal.CLEAR:
            canvas.paste(CLEAR, region)


def _lay_patch(canvas: Image.Image, image: Image.Image, patch: Patch) -> None:
    if patch.over:
        canvas.alpha_composite(image, patch.corner)
    else:
        canvas.paste(image, patch.corner)


def _clip_to_canvas(patch: Patch, size: tuple[int, int]) -> Image.Image | None:
    width, height = size[0] - patch.corner[0], size[1] - patch.corner[1]
    if width <= 0 or height <= 0:
        return None
    if patch.image.width <= width and patch.image.height <= height:
        return patch.image
    return patch.image.crop((0, 0, min(width, patch.image.width), min(height, patch.image.height)))
