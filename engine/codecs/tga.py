"""TGA. A fourth sample is alpha only when the descriptor says so. Else it is anything, often 0 throughout."""

from engine.codecs.pillow import drop_alpha, open_image
from engine.codecs.registry import Codec, Encoder
from engine.image import Frame, Opened
from engine.request import Limits


def open_tga(data: bytes, limits: Limits) -> Opened:
    """Read the header of a TGA."""
    opaque = not data[17] & 15 if len(data) > 17 else True
    return open_image("tga", data, limits, lambda image: Frame(drop_alpha(image) if opaque else image))


CODEC = Codec(open=open_tga, encoder=Encoder(pillow="TGA", settings=lambda _: {"compression": "tga_rle"}))
