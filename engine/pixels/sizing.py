"""From the options rotate, crop, width, height, fit and enlarge to the size of the result and its part of the source."""

from typing import NamedTuple

from core.failures import OptionMismatch
from core.options import Options
from engine.errors import ConversionError

SPARE = 1.75
"""So many times the pixels that are wanted, on each side, must be left to the filter, which is better at it."""

Box = tuple[float, float, float, float]


Part = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels."""


class Sizing(NamedTuple):
    """The `size` of the picture, and its part of the source: `box` (left, top, right, bottom), None for all.

    The picture lies in the middle of `canvas`, where there is one.
    """

    size: tuple[int, int]
    box: Box | None = None
    canvas: tuple[int, int] | None = None

    @property
    def result(self) -> tuple[int, int]:
        """Return the size of the result."""
        return self.canvas or self.size


def turn_size(size: tuple[int, int], degrees: int) -> tuple[int, int]:
    """Return the size of a picture after a turn by a multiple of 90 degrees."""
    return size if degrees % 180 == 0 else (size[1], size[0])


def choose_part(source: tuple[int, int], crop: str, name: str = "the picture") -> Part:
    """Return the part of a source that `crop` names: `x,y,width,height`, or the largest of a ratio `width:height`.

    Raise ConversionError when it reaches outside. The picture is called by that name then.
    """
    if ":" in crop:
        return _cut_ratio(source, *(int(number) for number in crop.split(":")))
    left, top, width, height = (int(number) for number in crop.split(","))
    if left + width > source[0] or top + height > source[1]:
        why = f"{crop} reaches outside of {name}, which has {source[0]} x {source[1]} pixels"
        raise ConversionError(OptionMismatch(option="crop", why=why))
    return left, top, left + width, top + height


def _cut_ratio(source: tuple[int, int], across: int, down: int) -> Part:
    width = min(source[0], _round_side(source[1] * across / down))
    height = min(source[1], _round_side(source[0] * down / across))
    left, top = (source[0] - width) // 2, (source[1] - height) // 2
    return left, top, left + width, top + height


def choose_size(source: tuple[int, int], options: Options) -> Sizing:
    """Choose size and part of a source. With one side given, the other follows the ratio."""
    if options.width is None and options.height is None:
        return Sizing(source)
    if options.width is None or options.height is None or options.fit == "inside":
        return Sizing(_fit_inside(source, options))
    wanted = (options.width, options.height)
    if options.fit == "pad":
        return Sizing(_fit_inside(source, options), canvas=wanted)
    return _fill_box(source, wanted, options) if options.fit == "fill" else _cover_box(source, wanted, options)


def choose_reduction(source: tuple[int, int], wanted: Sizing, part: Part | None = None) -> int:
    """Return how many times smaller, 1, 2, 4 or 8, to decode. It divides the sides and the part, so nothing shifts."""
    part = part or (0, 0, *source)
    left, top, right, bottom = wanted.box or (0, 0, part[2] - part[0], part[3] - part[1])
    spare = min((right - left) / wanted.size[0], (bottom - top) / wanted.size[1]) / SPARE
    return next((by for by in (8, 4, 2) if by <= spare and not any(side % by for side in (*source, *part))), 1)


def scale_box(box: Box | None, whole: tuple[int, int], image: tuple[int, int]) -> Box | None:
    """Return the same part of the picture in a smaller image of it."""
    if box is None or whole == image:
        return box
    across, down = image[0] / whole[0], image[1] / whole[1]
    return (box[0] * across, box[1] * down, box[2] * across, box[3] * down)


def _fit_inside(source: tuple[int, int], options: Options) -> tuple[int, int]:
    wanted = (options.width, options.height)
    scale = min(limit / side for limit, side in zip(wanted, source, strict=True) if limit is not None)
    if scale > 1 and not options.enlarge:
        return source
    scaled = [_round_side(side * scale) for side in source]
    # The side that decides is exact, whatever the division left over.
    width, height = (
        min(side, limit) if limit is not None else side for side, limit in zip(scaled, wanted, strict=True)
    )
    return width, height


def _fill_box(source: tuple[int, int], wanted: tuple[int, int], options: Options) -> Sizing:
    if options.enlarge:
        return Sizing(wanted)
    return Sizing((min(wanted[0], source[0]), min(wanted[1], source[1])))


def _cover_box(source: tuple[int, int], wanted: tuple[int, int], options: Options) -> Sizing:
    """Cut the wanted ratio from the middle. Without `enlarge` the result keeps the ratio and gets smaller."""
    scale = max(wanted[0] / source[0], wanted[1] / source[1])
    if scale > 1 and not options.enlarge:
        wanted, scale = (_round_side(wanted[0] / scale), _round_side(wanted[1] / scale)), 1.0
    width, height = min(wanted[0] / scale, source[0]), min(wanted[1] / scale, source[1])
    left, top = (source[0] - width) / 2, (source[1] - height) / 2
    return Sizing(wanted, (left, top, left + width, top + height))


def _round_side(length: float) -> int:
    return max(1, round(length))
