"""The steps that change where pixels are: orientation, rotate, crop, size and border, in this order."""

from dataclasses import replace
from functools import partial
from itertools import count

from PIL import Image

from core.failures import DimensionLimit
from core.losses import DepthReduced, ResizedToLimit
from engine.conversion import Conversion
from engine.errors import ConversionError
from engine.image import Frame, FrameKind, turn_dpi
from engine.limits import check_pixels
from engine.pixels import modes, padding
from engine.pixels.deep import DeepImage, Picture
from engine.pixels.sizing import Box, Sizing, choose_part, choose_reduction, choose_size, scale_box, turn_size

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""The transposition that undoes each EXIF orientation."""

ROTATIONS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
"""The transposition for degrees clockwise. Pillow counts the other way."""

SHARPEST_REDUCTION = 3.0
"""Pillow may halve a large picture first as long as the filter still has three times the pixels that it needs."""

Size = tuple[int, int]


def choose_decoder_factor(conversion: Conversion) -> int:
    """Return how many times smaller the decoder may make the picture, 1, 2, 4 or 8, by the options."""
    options, part = conversion.options, None
    whole = size = turn_size(conversion.size, options.rotate)
    if options.crop is not None:
        part = choose_part(whole, options.crop)
        size = (part[2] - part[0], part[3] - part[1])
    return choose_reduction(whole, _limit_size(conversion, choose_size(size, options)), part)


def orient(conversion: Conversion) -> None:
    """Bake the orientation into the pixels."""
    conversion.frames = map(_orient_frame, conversion.frames)


def _orient_frame(frame: Frame) -> Frame:
    turn = TURNS.get(frame.orientation)
    if turn is None:
        return frame
    turned, original = frame.pixels.transpose(turn), frame.untouched
    if original is not None and isinstance(turned, Image.Image):
        original = replace(original, pixels=turned.im, orientation=frame.orientation)
    dpi = turn_dpi(frame.dpi, by_quarter=frame.orientation >= 5)
    return replace(frame, pixels=turned, orientation=1, dpi=dpi, original=original)


def rotate(conversion: Conversion) -> None:
    """Turn the picture clockwise by the requested degrees."""
    degrees = conversion.options.rotate
    if not degrees:
        return
    conversion.frames = map(partial(_rotate_frame, degrees), conversion.frames)
    conversion.size = turn_size(conversion.size, degrees)
    conversion.dpi = turn_dpi(conversion.dpi, by_quarter=degrees != 180)


def _rotate_frame(degrees: int, frame: Frame) -> Frame:
    turned = frame.pixels.transpose(ROTATIONS[degrees])
    return replace(frame, pixels=turned, dpi=turn_dpi(frame.dpi, by_quarter=degrees != 180))


def crop(conversion: Conversion) -> None:
    """Cut out the requested part. Raise ConversionError when the header tells that it reaches outside."""
    wanted = conversion.options.crop
    if wanted is None:
        return
    numbers = count(conversion.options.page or 1)
    conversion.frames = map(partial(_crop_frame, conversion, wanted, conversion.size), conversion.frames, numbers)
    if not _has_own_sizes(conversion):
        left, top, right, bottom = choose_part(conversion.size, wanted)
        conversion.size = (right - left, bottom - top)


def _crop_frame(conversion: Conversion, wanted: str, whole: Size, frame: Frame, number: int) -> Frame:
    """Crop a page by its own size. The decoder may have made any other frame smaller, by a factor of the part."""
    image, name = frame.pixels, "the picture"
    if _has_own_sizes(conversion):
        whole, name = image.size, f"page {number}"
    left, top, right, bottom = choose_part(whole, wanted, name)
    by = whole[0] // image.width
    return replace(frame, pixels=image.crop((left // by, top // by, right // by, bottom // by)))


def resize(conversion: Conversion) -> None:
    """Resize to the requested size, within the limits of the target and of the job, and lay a border around it.

    Pillow premultiplies where there is alpha.
    """
    whole = conversion.size
    sizing = _limit_size(conversion, choose_size(whole, conversion.options))
    if sizing != Sizing(whole) or _has_own_sizes(conversion):
        conversion.frames = map(partial(_resize_frame, conversion, whole), conversion.frames)
    if not _has_own_sizes(conversion) or conversion.count > 1:
        _check_size(conversion, sizing.result)
        check_pixels(_count_pixels(sizing.result) * conversion.count, conversion.request.limits.max_pixels)
    conversion.size = sizing.result


def _resize_frame(conversion: Conversion, whole: Size, frame: Frame) -> Frame:
    """Resize a page by its own size, any other frame by the picture's.

    The decoder may have made the frame smaller already.
    """
    image = frame.pixels
    if _has_own_sizes(conversion):
        whole = image.size
    sizing = _limit_size(conversion, choose_size(whole, conversion.options))
    _check_size(conversion, sizing.result)
    check_pixels(_count_pixels(sizing.result), conversion.request.limits.max_pixels)
    if sizing.box is not None or sizing.size != image.size:
        frame = replace(frame, pixels=_scale(image, sizing.size, scale_box(sizing.box, whole, image.size)))
    return frame if sizing.canvas in {None, sizing.size} else _pad_frame(conversion, sizing.result, frame)


def _scale(picture: Picture, size: Size, box: Box | None) -> Picture:
    if isinstance(picture, DeepImage):
        return picture.resize(size, box)
    gap = None if picture.mode == "I;16" else SHARPEST_REDUCTION
    return picture.resize(size, Image.Resampling.LANCZOS, box, gap)


def _pad_frame(conversion: Conversion, canvas: Size, frame: Frame) -> Frame:
    """Lay a border around a frame: of the background, or a clear one.

    A pixel of mode I;16 is grey. So it holds neither a clear border nor one of a color.
    """
    image = frame.pixels
    color = None if conversion.has_clear_border else conversion.options.flat_color
    if image.mode == "I;16" and (color is None or not padding.is_grey(color)):
        conversion.warn(DepthReduced(depth=max(16, frame.depth), kept=8))
        image = modes.to_eight_bits(image)
    return replace(frame, pixels=padding.pad_picture(image, canvas, color, is_profiled=frame.profile is not None))


def _has_own_sizes(conversion: Conversion) -> bool:
    """Return whether each frame has a size of its own."""
    return conversion.opened.kind is FrameKind.PAGES


def _count_pixels(size: Size) -> int:
    return size[0] * size[1]


def _limit_size(conversion: Conversion, sizing: Sizing) -> Sizing:
    """Make the result smaller for a target of small pictures only."""
    longest, limit = max(sizing.result), conversion.target.max_side
    if longest <= limit or not conversion.target.shrinks:
        return sizing
    if not conversion.options.sides:
        conversion.warn(ResizedToLimit(format=conversion.target.title, limit=limit))
    shrink = partial(_shrink, limit / longest)
    return Sizing(shrink(sizing.size), sizing.box, None if sizing.canvas is None else shrink(sizing.canvas))


def _shrink(scale: float, size: Size) -> Size:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _check_size(conversion: Conversion, size: Size) -> None:
    title, limit = conversion.target.title, conversion.target.max_side
    if max(size) > limit:
        raise ConversionError(DimensionLimit(format=title, limit=limit, width=size[0], height=size[1]))
