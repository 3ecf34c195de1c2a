"""How much memory a conversion will take, from its header alone.

The factors are measured (`python -m tests.bench.memory` prints them) as address space, since that is what the
limit of a child counts, on pictures like photographs with grain. Noise may take more than was forecast: the conversion
then begins again with all that a job may use.
"""

from typing import NamedTuple

from core.options import Options
from worker.request import Header, Limits, Request

MB = 1 << 20

START = 64 * MB
"""What reading any header may take, beside three times the upload."""

MARGIN = 1.2
"""What is added to the measured figures."""


class Factor(NamedTuple):
    """Bytes for each pixel, of pictures that are opaque and of those with transparency."""

    opaque: float
    alpha: float

    def of(self, header: Header) -> float:
        """The one that counts for a picture."""
        return self.alpha if header.alpha else self.opaque


STEPS = Factor(8.2, 13.4)
"""What the steps between decoder and encoder take: to turn a picture, to bring it to sRGB, to lay it on a colour."""

RESIZED = 8.0
"""Bytes for each pixel of the result that resizing takes beside the picture."""

OPENED = {"webp": 8.0}
"""Bytes for each pixel that some decoders set aside when they are opened, before the header can be told."""

READ = {
    "jpeg": Factor(14.2, 14.2), "png": Factor(5.3, 13.4), "webp": Factor(16.0, 16.0), "gif": Factor(17.4, 18.7),
    "tiff": Factor(5.3, 13.4), "bmp": Factor(4.1, 8.1), "avif": Factor(8.2, 13.4), "heic": Factor(13.3, 18.4),
    "jxl": Factor(8.6, 17.2), "jp2": Factor(22.6, 28.3), "ico": Factor(5.3, 13.4), "icns": Factor(22.6, 28.3),
    "ppm": Factor(6.8, 6.8), "pcx": Factor(4.2, 4.2), "dds": Factor(7.1, 11.3), "psd": Factor(13.2, 13.2),
    "qoi": Factor(5.8, 11.3), "tga": Factor(8.3, 11.3),
}  # fmt: skip
"""Reading, the picture included."""

WRITE = {
    "jpeg": Factor(4.2, 11.3), "png": Factor(4.2, 5.3), "webp": Factor(15.0, 30.0), "gif": Factor(14.0, 18.0),
    "tiff": Factor(7.0, 9.5), "bmp": Factor(4.2, 11.3), "avif": Factor(34.2, 35.0), "heic": Factor(27.6, 45.5),
    "jxl": Factor(20.0, 30.0), "jp2": Factor(50.0, 67.0), "ico": Factor(5.3, 8.3), "icns": Factor(7.1, 11.9),
    "ppm": Factor(4.2, 11.3), "pcx": Factor(4.2, 11.3), "dds": Factor(7.0, 11.3), "qoi": Factor(15.5, 15.5),
    "pdf": Factor(5.3, 11.3), "tga": Factor(5.5, 6.6),
}  # fmt: skip
"""Writing, the picture included."""

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
    needed = max(_still(request, header), _several(request, header))
    return min(request.limits.memory_bytes, START + 3 * upload + int(MARGIN * needed))


def _still(request: Request, header: Header) -> float:
    """One stage of a picture after the other: each lets go of what the one before it has made."""
    reading, writing = READ[request.source].of(header), encoder(request.target, request.options).of(header)
    steps = STEPS.of(header) * header.source_area
    if header.target_area != header.source_area:
        steps += RESIZED * header.target_area
    return max(reading * header.source_area, steps, writing * header.target_area)


def _several(request: Request, header: Header) -> float:
    """All stages at once: the decoder keeps what the next frame is laid on, the encoder perhaps all frames."""
    if header.frames == 1:
        return 0.0
    reading, writing = READ[request.source].of(header), encoder(request.target, request.options).of(header)
    later = EVERY_FRAME.get(request.target, 0.0) * (header.frames - 1)
    return reading * header.source_area + (writing + later) * header.target_area


def encoder(target: str, options: Options) -> Factor:
    """Bytes for each pixel of an encoder with those options."""
    factor = WRITE[target]
    slow = (options.effort or 0) > 4 or (options.quality or 0) >= 90
    return Factor(*(SLOW_AVIF * part for part in factor)) if target == "avif" and slow else factor
