"""JPEG XL through imagecodecs (libjxl), between its arrays and Pillow's images."""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import BinaryIO, TypedDict, cast

import numpy as np
from imagecodecs import jpegxl_decode, jpegxl_encode
from numpy.typing import NDArray
from PIL import Image

from core.options import HIGH_QUALITY, Options
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, attach_marked
from engine.color.colorimetry import PRIMARIES, Colorimetry, Described, describe_cicp, describe_color
from engine.color.jxl_profile import load_library, unpack_profile
from engine.containers import jxl
from engine.errors import decoding, unsupported
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.metadata import Metadata, strip_xmp_orientation
from engine.pixels.deep import DeepImage, DeepSamples, Picture, make_deep
from engine.pixels.samples import ROWS, Samples, eight_bits_by_rows
from engine.request import Limits

BYTES = 40
"""What libjxl takes for each pixel, at least."""

EFFORT = 4
"""Chosen by docs/encoders.md, which `make tune` measures."""


class JxlSettings(TypedDict, total=False):
    """Save parameters as libjxl's binding takes them."""

    effort: int
    distance: float
    lossless: bool


class Boxes(TypedDict, total=False):
    """Save parameters that become boxes around the codestream."""

    exif: bytes
    xmp: bytes


BOXES = frozenset({"exif", "xmp"})

EIGHT_BITS = 255

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def prepare_library() -> None:
    """Load libjxl early, because a child may open no file."""
    load_library()


def open_jxl(data: bytes, limits: Limits) -> Opened:
    """Read the header. Raise ConversionError when it is bad, over a limit or an animation."""
    file = jxl.parse_file(data)
    header = file.header
    if header.other_channels:
        raise unsupported("jxl", "it has channels beside colour and transparency")
    check_pixels(header.width * header.height, limits.max_pixels)
    return Opened(
        format="jxl", size=(header.width, header.height), pixels=header.width * header.height,
        read=partial(_read_frame, data, header), orientation=header.orientation, opaque=not header.alpha,
        deep=header.depth > 8 and (header.alpha or not header.grey),
        metadata=Metadata(exif=file.exif, xmp=strip_xmp_orientation(file.xmp)),
    )  # fmt: skip


def _read_frame(data: bytes, header: jxl.JxlHeader) -> Iterator[Frame]:
    needs = header.width * header.height * BYTES
    with decoding("jxl", needs=needs):
        # The orientation is left to the step that bakes it in, so that it is applied once for all formats.
        samples = jpegxl_decode(data, index=0, keeporientation=True, numthreads=1)
        picture = _make_picture(samples, header)
    color = _describe_color(data, header)
    yield Frame(
        picture,
        profile=color.profile,
        problem=color.problem,
        orientation=header.orientation,
        depth=max(8, header.depth),
        full_scale=(1 << header.depth) - 1 if 8 < header.depth < 16 else 65_535,
    )


def _describe_color(data: bytes, header: jxl.JxlHeader) -> Described:
    if header.packed_profile:
        # Of a lossy picture the decoder makes sRGB; of others it hands out the samples as they are.
        return Described() if header.converted else _describe_profile(unpack_profile(data))
    if header.gamma and header.primaries in PRIMARIES:
        return describe_color(Colorimetry(header.gamma, *PRIMARIES[header.primaries]), grey=header.grey)
    return describe_cicp(header.primaries, header.transfer, grey=header.grey)


def _describe_profile(profile: bytes | None) -> Described:
    return Described(profile) if profile else Described(problem="it is packed in a way that is not read here")


def _make_picture(samples: Samples, header: jxl.JxlHeader) -> Picture:
    samples = samples.reshape(samples.shape[0], samples.shape[1], -1)
    height, width, channels = samples.shape
    if (width, height) != (header.width, header.height) or channels not in MODES:
        raise ValueError("the decoder gave another picture than the header says")
    if samples.dtype == np.uint16 and channels == 1:
        return Image.frombytes("I;16", (width, height), samples.astype("<u2").tobytes())
    if samples.dtype == np.float32 and channels == 1:
        return Image.fromarray(samples[:, :, 0])
    top = (1 << min(header.depth, 16)) - 1
    if channels > 1 and samples.dtype != np.uint8:
        return make_deep(samples, top, premultiplied=header.premultiplied)
    mode = MODES[channels]
    if header.premultiplied:
        mode = mode.replace("A", "a")
    if samples.dtype != np.uint8 or top != EIGHT_BITS:
        scale = 255 if samples.dtype.kind == "f" else 255 / top
        samples = eight_bits_by_rows(samples, lambda rows: rows * scale)
    return Image.frombytes(mode, (width, height), samples.tobytes())


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture, with EXIF and XMP from the plan's settings. Return its size in pixels."""
    boxes = cast("Boxes", plan.settings)
    settings = cast("JxlSettings", {name: plan.settings[name] for name in plan.settings if name not in BOXES})
    encoded = _encode_picture(frame.pixels, plan, settings)
    sink.write(jxl.insert_boxes(encoded, boxes.get("exif", b""), boxes.get("xmp", b"")))
    return frame.pixels.size


def _encode_picture(picture: Picture, plan: WritePlan, settings: JxlSettings) -> bytes:
    if isinstance(picture, DeepImage):
        return _encode_16_bits(picture.samples, 3 if picture.samples.shape[2] > 2 else 1, plan, settings)
    samples = np.asarray(picture)
    if picture.mode == "I;16":
        return _encode_16_bits(samples[..., None], 1, plan, settings)
    return _encode_samples(samples, settings)


def _encode_samples(samples: Samples, settings: JxlSettings) -> bytes:
    return bytes(jpegxl_encode(samples, numthreads=1, **settings))


def _encode_16_bits(samples: DeepSamples, colors: int, plan: WritePlan, settings: JxlSettings) -> bytes:
    """Encode without loss unless a quality is given. The first channels are `colors`, alpha may follow.

    imagecodecs marks samples of 16 bits as linear light. Without loss the mark is corrected afterwards. With loss the
    code depends on the light, so the samples are made linear.
    """
    if plan.options.quality is None or plan.options.lossless:
        settings = {"effort": settings["effort"], "lossless": True}
        return jxl.mark_as_srgb(_encode_samples(samples, settings))
    light = samples.copy()
    for top in range(0, len(light), ROWS):
        rows = light[top : top + ROWS, :, :colors]
        rows[...] = _linear_curve()[rows]
    return _encode_samples(light, settings)


@lru_cache(maxsize=1)
def _linear_curve() -> NDArray[np.uint16]:
    values = np.arange(65_536) / 65_535
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return np.round(light * 65_535).astype(np.uint16)


def _choose_settings(options: Options) -> SaveSettings:
    """Turn a quality into a distance as libjxl's own programs do.

    90 is a distance of 1.0, which is hardly seen.
    """
    effort = max(1, EFFORT if options.effort is None else options.effort)
    if options.lossless:
        return {"effort": effort, "lossless": True}
    quality = options.quality or HIGH_QUALITY
    distance = 0.1 + (100 - quality) * 0.09 if quality >= 30 else 53 / 3000 * quality**2 - 23 / 20 * quality + 25
    return {"effort": effort, "distance": distance}


CODEC = Codec(
    prepare=prepare_library,
    open=open_jxl,
    encoder=Encoder(pillow="JXL", settings=_choose_settings, attach=attach_marked, write_still=write_still),
)
