"""JPEG 2000, boxed or bare. Color of more than 8 bits by OpenJPEG through imagecodecs: Pillow would keep 8 of it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, BinaryIO, cast

import numpy as np
from imagecodecs import jpeg2k_decode, jpeg2k_encode
from numpy.typing import NDArray
from PIL import Image

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
from engine.pixels.deep import FULL, MODES, DeepImage, make_deep, make_grey16
from engine.request import Limits

PILLOW = "JPEG2000"

BYTES = 6
"""What OpenJPEG and the array take for each sample, at least."""

MODES_OF_8 = ("L", "LA", "RGB", "RGBA")
"""By the number of channels less one."""

RESOLUTIONS = 6
"""As Pillow and OpenJPEG's own program have it."""


def open_jp2(data: bytes, limits: Limits) -> Opened:
    """Read the header. Pillow shifts samples of odd depths up to 8 or 16 bits."""
    header = j2k.parse_file(data)
    depth = header.depth

    def make(image: Image.Image) -> Frame:
        full_scale = ((1 << depth) - 1) << (16 - depth) if 8 < depth < 16 else 65_535
        return Frame(
            _fill_scale(image, header.depths), profile=header.profile, depth=max(8, depth), full_scale=full_scale
        )

    metadata = Metadata(exif=strip_exif_mark(header.exif), xmp=header.xmp)
    if header.flaw:
        data = j2k.drop_resolution(data)
    opened = open_image("jp2", data, limits, make, metadata, plugin=PILLOW)
    opened = replace(opened, losses=(ImageDamaged(why=header.flaw),) if header.flaw else ())
    if _needs_sums(header):
        return replace(opened, opaque=False, read=partial(_read_sums, data, header, opened.size))
    if not header.is_plain or not 8 < depth <= 16 or header.components not in MODES:
        return opened
    return replace(opened, deep=True, read=partial(_read_deep, data, header, opened.size))


def _needs_sums(header: j2k.Jp2Header) -> bool:
    """Say whether Pillow would take samples for others: indices and luma of other than 8 bits, grey of 9.

    It takes 9 bits of grey for 8, and white becomes black.
    """
    if header.palette:
        return header.depths[0] != 8 or any(depth != 8 for depth in header.palette)
    return header.depths == (9,) or (header.is_luma and set(header.depths) != {8})


def _read_sums(data: bytes, header: j2k.Jp2Header, size: tuple[int, int]) -> Iterator[Frame]:
    depths = header.palette or header.depths
    with decoding("jp2", needs=size[0] * size[1] * len(depths) * BYTES):
        samples = jpeg2k_decode(data, numthreads=1).reshape(size[1], size[0], -1)
        if samples.shape[2] != len(depths) or len(depths) > len(MODES_OF_8):
            raise ValueError("the decoder gave another picture than the header says")
        if depths == (9,):
            picture = make_grey16(_scale_samples(samples[..., 0], 9, FULL).astype(np.uint16))
        else:
            bands = [_scale_samples(samples[..., band], depth, 255) for band, depth in enumerate(depths)]
            stacked = [Image.fromarray(band.astype(np.uint8)) for band in bands]
            picture = Image.merge(MODES_OF_8[len(bands) - 1], stacked)
    yield Frame(picture, profile=header.profile, depth=max(8, *depths))


def _scale_samples(samples: NDArray[Any], depth: int, full: int) -> NDArray[np.int64]:
    """Return samples of so many bits from 0 to `full`. Those with a sign begin at the least number of that depth."""
    largest, least = (1 << depth) - 1, 1 << depth - 1 if samples.dtype.kind == "i" else 0
    scaled: NDArray[np.int64] = ((samples.astype(np.int64) + least) * full + largest // 2) // largest
    return scaled


def _fill_scale(image: Image.Image, depths: tuple[int, ...]) -> Image.Image:
    """Return samples of less than 8 bits, which Pillow has shifted up, from 0 to 255."""
    if min(depths) >= 8 or image.mode in {"P", "PA", "I;16"} or len(depths) < len(image.getbands()):
        return image
    table: list[int] = []
    for bits in (min(depth, 8) for depth in depths[: len(image.getbands())]):
        largest = (1 << bits) - 1
        table += [((value >> 8 - bits) * 255 + largest // 2) // largest for value in range(256)]
    return image.point(table)


def _read_deep(data: bytes, header: j2k.Jp2Header, size: tuple[int, int]) -> Iterator[Frame]:
    with decoding("jp2", needs=size[0] * size[1] * header.components * BYTES):
        samples = jpeg2k_decode(data, numthreads=1)
        if samples.shape != (size[1], size[0], header.components):
            raise ValueError("the decoder gave another picture than the header says")
        if samples.dtype.kind == "i":
            samples = (samples.astype(np.int32) + (1 << header.depth - 1)).astype(np.uint16)
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
