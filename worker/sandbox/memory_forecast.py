"""How much memory a conversion will take, from its header alone.

The factors are measured (`python -m benchmarks.bench.memory` prints them) as address space, since that is what the
limit of a child counts, on pictures like photographs with grain. Noise may take more than was forecast: the conversion
then begins again with all that a job may use.
"""

from collections.abc import Callable
from typing import NamedTuple

from core.options import HIGH_QUALITY, Options
from engine.request import Header, Limits, Request

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
    "jpeg": Factor(10.0, 10.0), "png": Factor(5.3, 13.4), "webp": Factor(17.8, 17.8), "gif": Factor(17.3, 18.6),
    "tiff": Factor(5.3, 13.4), "bmp": Factor(4.0, 8.1), "avif": Factor(10.2, 14.0), "heic": Factor(13.3, 18.4),
    "jxl": Factor(10.5, 35.2), "jp2": Factor(22.6, 28.3), "ico": Factor(5.3, 13.4), "icns": Factor(22.6, 28.3),
    "ppm": Factor(6.8, 6.8), "pcx": Factor(4.2, 4.2), "dds": Factor(7.1, 13.1), "psd": Factor(6.7, 13.3),
    "qoi": Factor(6.6, 13.1), "tga": Factor(8.3, 13.4),
}  # fmt: skip
"""Reading, the picture included."""

WRITE = {
    "jpeg": Factor(5.3, 13.4), "png": Factor(4.0, 6.7), "webp": Factor(14.9, 35.3), "gif": Factor(16.0, 21.3),
    "tiff": Factor(6.1, 8.0), "bmp": Factor(5.3, 13.4), "avif": Factor(34.0, 36.1), "heic": Factor(24.8, 39.8),
    "jxl": Factor(68.0, 86.6), "jp2": Factor(50.2, 66.6), "ico": Factor(5.3, 9.3), "icns": Factor(4.6, 10.7),
    "ppm": Factor(4.0, 13.4), "pcx": Factor(5.3, 13.4), "dds": Factor(5.3, 13.6), "qoi": Factor(14.0, 16.4),
    "pdf": Factor(5.3, 13.4), "tga": Factor(5.3, 6.7),
}  # fmt: skip
"""Writing, the picture included."""

BY_PIECES = {"jxl": {4: Factor(12.3, 13.0), 7: Factor(17.0, 20.4)}}
"""Encoders that work on large pictures by pieces, up to that effort: bytes for each pixel then."""

FIRST_PIECES = Factor(240 * MB, 275 * MB)
"""And bytes besides."""

FILM = {"png": 23.0, "webp": 21.0, "avif": 22.0}
"""Bytes for each pixel of a frame that reading takes while an encoder has the frame before: of films, where it is more."""

FILMED = {"avif": 84.0}
"""Bytes for each pixel of a frame that an encoder takes which looks ahead in a film."""

EVERY_FRAME = {"webp": 2.0, "avif": 3.3}
"""Bytes for each pixel of every frame but the first, where an encoder keeps frames until the end."""


def _is_high(options: Options) -> bool:
    return (options.quality or 0) >= HIGH_QUALITY


DEMANDING: tuple[tuple[str, Callable[[Options], bool], Factor], ...] = (
    ("jpeg", lambda options: bool(options.progressive), Factor(12.0, 13.4)),
    ("webp", lambda options: bool(options.lossless), Factor(44.8, 44.8)),
    ("avif", lambda options: (options.effort or 0) > 4 or _is_high(options), Factor(54.0, 56.0)),
    ("heic", _is_high, Factor(43.3, 55.8)),
)
"""Options with which an encoder takes more, and what it then takes."""


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
    steps = STEPS.of(header) * header.source_area
    if header.target_area != header.source_area:
        steps += RESIZED * header.target_area
    return max(READ[request.source].of(header) * header.source_area, steps, _writing(request, header))


def _several(request: Request, header: Header) -> float:
    """All stages at once: the decoder keeps what the next frame is laid on, the encoder perhaps all frames."""
    if header.frames == 1:
        return 0.0
    reading = max(READ[request.source].of(header), FILM.get(request.source, 0.0)) * header.source_area
    later = EVERY_FRAME.get(request.target, 0.0) * (header.frames - 1) * header.target_area
    writing = max(_writing(request, header), FILMED.get(request.target, 0.0) * header.target_area)
    return reading + writing + later


def _writing(request: Request, header: Header) -> float:
    whole = encoder(request.target, request.options).of(header) * header.target_area
    for effort, each in BY_PIECES.get(request.target, {}).items():
        if (request.options.effort or 0) <= effort:
            return min(whole, each.of(header) * header.target_area + FIRST_PIECES.of(header))
    return whole


def encoder(target: str, options: Options) -> Factor:
    """Bytes for each pixel of an encoder with those options."""
    demanded = (factor for name, wants, factor in DEMANDING if name == target and wants(options))
    return next(demanded, WRITE[target])
