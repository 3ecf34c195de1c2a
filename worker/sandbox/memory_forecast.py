"""How much memory a conversion will take, from its header alone.

The factors of formats are in engine.capabilities. Noise may take more than was forecast: the conversion then begins
again with all that a job may use.
"""

from engine.capabilities import MB, Factor, memory_of
from engine.request import Header, Limits, Request

START = 64 * MB
"""What reading any header may take, beside three times the upload."""

MARGIN = 1.2
"""What is added to the measured figures."""

STEPS = Factor(8.2, 13.4)
"""What the steps between decoder and encoder take: to turn a picture, to bring it to sRGB, to lay it on a color."""

RESIZED = 8.0
"""Bytes for each pixel of the result that resizing takes beside the picture."""


def at_start(source: str, upload: int, limits: Limits) -> int:
    """Bytes that reading the header may take: of an upload of so many bytes in that format."""
    opened = memory_of(source).opened * limits.max_pixels
    return min(limits.memory_bytes, START + 3 * upload + int(opened))


def forecast(request: Request, header: Header, upload: int) -> int:
    """Bytes that the conversion will take in all; never more than its limit."""
    needed = max(_still(request, header), _several(request, header))
    return min(request.limits.memory_bytes, START + 3 * upload + int(MARGIN * needed))


def _still(request: Request, header: Header) -> float:
    """One stage of a picture after the other: each lets go of what the one before it has made."""
    steps = STEPS.of(header) * header.source_area
    if header.target_area != header.source_area:
        steps += RESIZED * header.target_area
    return max(memory_of(request.source).read.of(header) * header.source_area, steps, _writing(request, header))


def _several(request: Request, header: Header) -> float:
    """All stages at once: the decoder keeps what the next frame is laid on, the encoder perhaps all frames."""
    if header.frames == 1:
        return 0.0
    source, target = memory_of(request.source), memory_of(request.target)
    reading = max(source.read.of(header), source.film) * header.source_area
    later = target.every_frame * (header.frames - 1) * header.target_area
    writing = max(_writing(request, header), target.lookahead * header.target_area)
    return reading + writing + later


def _writing(request: Request, header: Header) -> float:
    memory = memory_of(request.target)
    whole = memory.writing_with(request.options).of(header) * header.target_area
    for effort, factor, besides in memory.tiled:
        if (request.options.effort or 0) <= effort:
            return min(whole, factor.of(header) * header.target_area + besides.of(header))
    return whole
