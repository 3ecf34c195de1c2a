"""The limits on pixels and frames, checked by headers before anything is decoded."""

from core.failures import TooManyFrames, TooManyPixels
from engine.errors import ConversionError


def too_many_frames(limit: int) -> ConversionError:
    """Return the error for more frames than a job may have.

    How many more is not counted.
    """
    return ConversionError(TooManyFrames(limit=limit))


def check_frames(count: int, limit: int) -> None:
    """Raise ConversionError when there are more frames than `limit`."""
    if count > limit:
        raise too_many_frames(limit)


def check_pixels(count: int, limit: int) -> None:
    """Raise ConversionError when there are more pixels, summed over frames, than `limit`."""
    if count > limit:
        raise ConversionError(TooManyPixels(pixels=count, limit=limit))
