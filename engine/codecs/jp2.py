"""JPEG 2000, boxed or bare. Color of more than 8 bits by OpenJPEG through imagecodecs: Pillow would keep 8 of it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO, cast

from imagecodecs import jpeg2k_decode, jpeg2k_encode

from core.losses import ImageDamaged
from core.options import Options
from engine.codecs import pillow
from engine.codecs.pillow import open_image
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings
from engine.containers import j2k
from engine.errors import decoding
from engine.image import Frame, Opened
from engine.metadata import Metadata, strip_exif_mark
from engine.pixels.deep import MODES, DeepImage, make_deep
from engine.request import Limits

PILLOW = "JPEG2000"

BYTES = 6
"""What OpenJPEG and the array take for each sample, at least."""

RESOLUTIONS = 6
"""As Pillow and OpenJPEG's own program have it."""


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
    if header.flaw:
        data = j2k.drop_resolution(data)
    opened = open_image("jp2", data, limits, make, metadata, plugin=PILLOW)
    opened = replace(opened, losses=(ImageDamaged(why=header.flaw),) if header.flaw else ())
    if not header.is_plain or not 8 < depth <= 16 or header.components not in MODES:
        return opened
    return replace(opened, deep=True, read=partial(_read_deep, data, header, opened.size))


def _read_deep(data: bytes, header: j2k.Jp2Header, size: tuple[int, int]) -> Iterator[Frame]:
    with decoding("jp2", needs=size[0] * size[1] * header.components * BYTES):
        samples = jpeg2k_decode(data, numthreads=1)
        if samples.shape != (size[1], size[0], header.components):
            raise ValueError("the decoder gave another picture than the header says")
        picture = make_deep(samples, (1 << header.depth) - 1)
    yield Frame(picture, profile=header.profile, depth=header.depth)


def _choose_settings(options: Options) -> SaveSettings:
    """Encode without loss unless a quality is given."""
    decibels = _choose_decibels(options)
    if decibels is None:
        return {}
    return {"irreversible": True, "quality_mode": "dB", "quality_layers": [decibels]}


def _choose_decibels(options: Options) -> float | None:
    """Return the peak signal over noise for a quality: 20.4 to 60 dB for 1 to 100. None is without loss."""
    return None if options.lossless or options.quality is None else 20 + 0.4 * options.quality


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture. Return its size in pixels."""
    picture = frame.pixels
    if not isinstance(picture, DeepImage):
        return pillow.write_still(frame, plan, sink)
    decibels = _choose_decibels(plan.options)
    # The stub says int, but parts of a decibel count.
    level = cast("int | None", decibels)
    encoded = bytes(
        jpeg2k_encode(picture.samples, level, reversible=decibels is None, resolutions=RESOLUTIONS, numthreads=1)
    )
    sink.write(j2k.mark_alpha(encoded) if picture.has_alpha else encoded)
    return picture.size


CODEC = Codec(
    open=open_jp2, encoder=Encoder(pillow=PILLOW, settings=_choose_settings, write_still=write_still, fine=True)
)
