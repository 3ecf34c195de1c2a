"""The limits on pixels, frames and time, checked by headers before anything is decoded."""

from core.costs import advise_cheaper, forecast_seconds, is_too_costly
from core.failures import TooCostly, TooManyFrames, TooManyPixels
from core.formats import Format
from core.options import Options
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


def check_cost(target: Format, options: Options, pixels: int, limit: float) -> None:
    """Raise ConversionError when so many pixels take far more than `limit` seconds to write, whatever they show."""
    if is_too_costly(target.name, options, pixels=pixels, limit=limit):
        needed = forecast_seconds(target.name, options, pixels=pixels, searches=1)
        advice = advise_cheaper(target, options, pixels=pixels, limit=limit)
        raise ConversionError(TooCostly(limit=limit, needed=needed, advice=advice))
