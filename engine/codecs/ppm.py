"""PBM, PGM and PPM, whichever of them the picture needs. Pillow brings every depth above 8 to 16 bits, and gives grey as integers of 32."""

from functools import partial

from PIL import Image

from engine.codecs.pillow import open_image, write_packed
from engine.codecs.registry import Codec, Encoder
from engine.image import Frame, Opened
from engine.request import Limits


def open_ppm(data: bytes, limits: Limits) -> Opened:
    """Read the header of a PBM, PGM or PPM."""
    depth = max(8, _read_depth(data))
    return open_image("ppm", data, limits, lambda image: Frame(_to_grey16(image), depth=depth))


def _to_grey16(image: Image.Image) -> Image.Image:
    return image.convert("I;16") if image.mode == "I" else image


def _read_depth(data: bytes) -> int:
    """Return the depth by the largest value, the fourth word of the header.

    Bitmaps have none.
    """
    if data[1:2] in {b"1", b"4"}:
        return 1
    words: list[bytes] = []
    for line in data[:2048].splitlines():
        words += line.partition(b"#")[0].split()
        if len(words) >= 4:
            return int(words[3]).bit_length() if words[3].isdigit() else 8
    return 8


CODEC = Codec(open=open_ppm, encoder=Encoder(pillow="PPM", write_still=partial(write_packed, frozenset({"1", "L"}))))
