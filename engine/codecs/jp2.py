"""JPEG 2000, boxed or bare."""

from functools import partial

from core.options import Options
from engine.codecs.pillow import open_image
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings
from engine.containers import j2k
from engine.image import Frame, Opened
from engine.metadata import Metadata, strip_exif_mark
from engine.request import Limits

PILLOW = "JPEG2000"


def open_jp2(data: bytes, limits: Limits) -> Opened:
    """Read the header. Pillow shifts samples of odd depths up to 16 bits."""
    header = j2k.parse_file(data)
    depth = header.depth
    make = partial(
        Frame,
        profile=header.profile,
        depth=max(8, depth),
        full_scale=((1 << depth) - 1) << (16 - depth) if 8 < depth < 16 else 65_535,
    )
    metadata = Metadata(exif=strip_exif_mark(header.exif), xmp=header.xmp)
    return open_image("jp2", data, limits, make, metadata, plugin=PILLOW)


def _choose_settings(options: Options) -> SaveSettings:
    """Encode without loss unless a quality is given.

    1 to 100 is 20.4 to 60 dB of peak signal over noise.
    """
    if options.lossless or options.quality is None:
        return {}
    return {"irreversible": True, "quality_mode": "dB", "quality_layers": [20 + 0.4 * options.quality]}


CODEC = Codec(open=open_jp2, encoder=Encoder(pillow=PILLOW, settings=_choose_settings))
