"""PCX."""

from functools import partial

from engine.codecs.pillow import open_image, write_packed
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import choose_dpi, without_none

CODEC = Codec(
    open=partial(open_image, "pcx"),
    encoder=Encoder(
        pillow="PCX", settings=lambda options: without_none(dpi=choose_dpi(options)),
        write_still=partial(write_packed, frozenset({"1", "L", "P"})),
    ),
)  # fmt: skip
