"""Choose the packing of a PNG by its picture, for stills and animations.

zlib looks for repeats, and drawings are full of them. In a photograph there are none but runs; to look for them takes
five times as long and makes no smaller file. A sample of the rows tells which of the two a picture is.
"""

import io

from PIL import Image

from engine.codecs.save_settings import SaveSettings
from engine.pixels.sampling import sample_rows

RUNS = 3
"""zlib's Z_RLE: of all repeats, only runs are looked for."""

LEVEL = 4
"""The level to try a sample with if none is given."""

EMPTY = 10
"""A sample that gets so many times smaller has little in it, and tells nothing of the rest."""


def choose_packing(image: Image.Image, settings: SaveSettings) -> SaveSettings:
    """Return the save parameter for pictures with runs and no other repeats, nothing for others."""
    level = settings.get("compress_level", LEVEL)
    if level == 0:
        return {}
    sample = sample_rows(image)
    repeats = _measure_size(sample, compress_level=level)
    if repeats * EMPTY < len(sample.tobytes()):
        return {}
    return {"compress_type": RUNS} if _measure_size(sample, compress_level=level, compress_type=RUNS) < repeats else {}


def _measure_size(image: Image.Image, **settings: object) -> int:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **settings)
    return buffer.tell()
