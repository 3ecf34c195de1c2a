"""Forecast the memory of a conversion from its header, its options and the size of its upload.

The factors of formats are in engine.capabilities. Noise may take more than was forecast: the conversion then begins
again with all that a job may use.
"""

from dataclasses import replace

from engine.capabilities import MARGIN, ROOM, Factor, bound_effort, memory_of
from engine.request import Header, Limits, Request

START = ROOM
"""Bytes for reading any header, beside three times the upload."""

STEPS = Factor(8.2, 13.4)
"""Bytes for each pixel in the steps between decoder and encoder: orient, convert to sRGB, flatten."""

DEEP_STEPS = Factor(14.0, 21.4)
"""Likewise, for color of 16 bits."""

RESIZED = 8.0
"""Bytes for each pixel of the result while resizing, beside the image."""


def at_start(source: str, upload: int, limits: Limits) -> int:
    """Return the most bytes for reading a header. `upload` is the size of the upload in bytes."""
    opened = memory_of(source).opened * limits.max_pixels
    return min(limits.memory_bytes, START + 3 * upload + int(opened))


def forecast(request: Request, header: Header, upload: int) -> int:
    """Return the bytes for the whole conversion, at most its limit."""
    options = bound_effort(request.target, request.options, header, request.limits)
    request = replace(request, options=options)
    needed = max(_forecast_still(request, header), _forecast_animation(request, header))
    return min(request.limits.memory_bytes, START + 3 * upload + int(MARGIN * needed))


def _forecast_still(request: Request, header: Header) -> float:
    """Forecast a still image: one stage after the other, and each frees the memory of the stage before."""
    steps = (DEEP_STEPS if header.deep else STEPS).of(header) * header.source_area
    if header.target_area != header.source_area:
        steps += RESIZED * header.target_area
    reading = memory_of(request.source).reading(header).of(header) * header.source_area
    return max(reading, steps, _forecast_writing(request, header))


def _forecast_animation(request: Request, header: Header) -> float:
    """Forecast an animation: all stages at once. The decoder keeps the canvas, some encoders keep all frames."""
    if header.frames == 1:
        return 0.0
    source, target = memory_of(request.source), memory_of(request.target)
    reading = max(source.reading(header).of(header), source.read_animation) * header.source_area
    later = target.every_frame * (header.frames - 1) * header.target_area
    writing = max(_forecast_writing(request, header), target.lookahead * header.target_area)
    return reading + writing + later


def _forecast_writing(request: Request, header: Header) -> float:
    return memory_of(request.target).forecast_writing(request.options, header)
