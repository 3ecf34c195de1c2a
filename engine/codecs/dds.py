"""DDS."""

from functools import partial

from engine.codecs.pillow import open_image
from engine.codecs.registry import Codec, Encoder

CODEC = Codec(open=partial(open_image, "dds"), encoder=Encoder(pillow="DDS"))
