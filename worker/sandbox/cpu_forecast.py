"""Forecast from its header whether a conversion needs a processor of its own."""

from core.costs import HEAVY_SECONDS, forecast_seconds
from engine.capabilities import bound_effort
from engine.request import Header, Request


def forecast_cpu_seconds(request: Request, header: Header) -> float:
    """Return the seconds of the processor for the whole conversion."""
    options = bound_effort(request.target, request.options, header, request.limits)
    # The areas of pages are those of all pages together, and no picture may have more than the limit.
    source, target = (
        min(area * header.frames, request.limits.max_pixels) for area in (header.source_area, header.target_area)
    )
    return forecast_seconds(request.target, options, pixels=target, source=request.source, source_pixels=source)


def is_heavy(request: Request, header: Header) -> bool:
    """Return whether it takes long enough to slow others down."""
    return forecast_cpu_seconds(request, header) >= HEAVY_SECONDS
