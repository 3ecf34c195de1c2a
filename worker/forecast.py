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

STEPS = 13.2
"""Bytes for each pixel that the steps between decoder and encoder take: to lay transparency on a colour takes the most."""

PICTURE = 4.0
"""Bytes for each pixel of a decoded picture."""

OPENED = {"webp": 8.0}
"""Bytes for each pixel that some decoders set aside when they are opened, before the header can be told."""

READ = {
    "jpeg": 4.0, "png": 4.7, "webp": 20.0, "gif": 20.0, "tiff": 4.7, "bmp": 4.0, "avif": 14.0, "jp2": 28.3, "ico": 4.0,
    "icns": 4.0, "ppm": 6.0, "pcx": 4.0, "dds": 13.5, "psd": 13.2, "qoi": 13.2, "tga": 13.2,
}  # fmt: skip
"""Bytes for each pixel of a frame that reading takes, the picture included."""

WRITE = {
    "jpeg": 4.0, "png": 6.7, "webp": 49.0, "gif": 52.4, "tiff": 9.2, "bmp": 4.0, "avif": 32.4, "jp2": 67.0, "ico": 9.3,
    "icns": 8.9, "ppm": 4.0, "pcx": 4.0, "dds": 11.6, "qoi": 15.5, "pdf": 5.3, "tga": 5.5,
}  # fmt: skip
"""Bytes for each pixel of a frame that writing takes, the picture included."""

UNKNOWN = 70.0
"""For a format that nobody has measured."""

EVERY_FRAME = {"webp": 6.1, "avif": 9.8}
"""Bytes for each pixel of every frame but the first, where an encoder keeps frames until the end."""

SLOW_AVIF = 1.7
"""How much more slower speeds of AVIF, or all of the colour, take."""


def at_start(source: str, upload: int, limits: Limits) -> int:
    """Bytes that reading the header may take: of an upload of so many bytes in that format."""
    opened = OPENED.get(source, 0.0) * limits.max_pixels
    return min(limits.memory_bytes, START + 3 * upload + int(opened))


def forecast(request: Request, header: Header, upload: int) -> int:
    """Bytes that the conversion will take in all; never more than its limit."""
    reading = max(READ.get(request.source, UNKNOWN), STEPS) * header.source_area
    writing = encoder(request.target, request.options) * header.target_area + PICTURE * header.source_area
    later = EVERY_FRAME.get(request.target, 0.0) * header.target_area * (header.frames - 1)
    needed = max(reading, writing, STEPS * header.target_area) + later
    return min(request.limits.memory_bytes, START + 3 * upload + int(MARGIN * needed))


def encoder(target: str, options: Options) -> float:
    """Bytes for each pixel of an encoder with those options."""
    factor = WRITE.get(target, UNKNOWN)
    slow = (options.effort or 0) > 4 or (options.quality or 0) >= 90
    return factor * SLOW_AVIF if target == "avif" and slow else factor
