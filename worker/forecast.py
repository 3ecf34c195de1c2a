"""How much memory a conversion will take, from its header alone.

The factors are measured (`python -m tests.bench.memory` prints them) as address space, since that is what the
limit of a child counts, on pictures that take the most: colour, with transparency where there can be, noise.
"""

from core.options import Options
from worker.request import Header, Limits, Request

MB = 1 << 20

START = 64 * MB
"""What reading any header may take, beside three times the upload."""

MARGIN = 1.15
"""What is added to the measured figures."""

STEPS = 9.0
"""Bytes for each pixel that the steps between decoder and encoder hold: two pictures of four, and their masks."""

OPENED = {"webp": 8.0}
"""Bytes for each pixel that some decoders set aside when they are opened, before the header can be told."""

READ = {
    "jpeg": 4.0, "png": 4.0, "webp": 13.0, "gif": 9.0, "tiff": 8.0, "bmp": 4.0, "avif": 12.0, "jp2": 24.0,
}  # fmt: skip
READ_OTHER = 30.0
"""Bytes for each pixel of a frame that decoders hold at most, the picture included; and for a format not measured."""

WRITE = {
    "jpeg": 1.0, "png": 1.0, "webp": 12.0, "gif": 6.0, "tiff": 6.0, "bmp": 1.0, "avif": 30.0, "jp2": 24.0,
}  # fmt: skip
WRITE_OTHER = 50.0
"""Bytes for each pixel of a frame that encoders hold beside the picture; and for a format not measured."""

EVERY_FRAME = {"gif": 1.5, "webp": 3.0, "png": 4.0, "avif": 4.0}
"""Bytes for each pixel of all frames but the first, where an encoder keeps what it has done until the end."""

SLOW_AVIF = 1.8
"""What slower speeds of AVIF, or all of the colour, take more."""


def at_start(source: str, upload: int, limits: Limits) -> int:
    """Bytes that reading the header may take: of an upload of so many bytes in that format."""
    opened = OPENED.get(source, 0.0) * limits.max_pixels
    return min(limits.memory_bytes, START + 3 * upload + int(opened))


def forecast(request: Request, header: Header, upload: int) -> int:
    """Bytes that the conversion will take in all; never more than its limit."""
    read = max(READ.get(request.source, READ_OTHER), STEPS) * header.source_area
    write = (STEPS + encoder(request.target, request.options)) * header.target_area
    later = EVERY_FRAME.get(request.target, 0.0) * header.target_area * (header.frames - 1)
    return min(request.limits.memory_bytes, START + 3 * upload + int(MARGIN * (max(read, write) + later)))


def encoder(target: str, options: Options) -> float:
    """Bytes for each pixel of an encoder with those options."""
    factor = WRITE.get(target, WRITE_OTHER)
    slow = (options.effort or 0) > 4 or (options.quality or 0) >= 90
    return factor * SLOW_AVIF if target == "avif" and slow else factor
