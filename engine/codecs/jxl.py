"""JPEG XL through imagecodecs (libjxl), between its arrays and Pillow's images."""

from collections.abc import Iterator
from functools import lru_cache, partial
from typing import BinaryIO, TypedDict, cast

import numpy as np
from imagecodecs import JpegxlError, jpegxl_decode, jpegxl_decode_jpeg, jpegxl_encode, jpegxl_encode_jpeg
from numpy.typing import NDArray
from PIL import Image

from core.losses import WarningCode
from core.options import HIGH_QUALITY, Options
from engine.codecs.jxl_frames import decode_frames, list_ticks, load_decoder
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, attach_marked
from engine.color import hdr
from engine.color.colorimetry import GAMMAS, HDR, PRIMARIES, Colorimetry, Described, describe_cicp, describe_color
from engine.color.jxl_original import decode_original, prepare_signatures
from engine.color.jxl_profile import Target, unpack_profile
from engine.color.profile_tags import describe_profile
from engine.containers import jxl
from engine.containers.jpeg_parts import split_jpeg
from engine.errors import decoding, unsupported
from engine.extras import GAIN_MAP, unite
from engine.image import Frame, FrameKind, Opened, Original
from engine.limits import check_pixels
from engine.metadata import Metadata, pack_exif_orientation, strip_xmp_orientation
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

KNOWN_CURVES = GAMMAS.keys() | HDR.keys()

MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def prepare_library() -> None:
    """Load libjxl early, because a child may open no file."""
    prepare_signatures()
    load_decoder()


def open_jxl(data: bytes, limits: Limits) -> Opened:
    """Read the header. Raise ConversionError when it is bad or over a limit."""
    file = jxl.parse_file(data)
    header = file.header
    if header.other_channels:
        raise unsupported("jxl", "it has channels beside colour and transparency")
    area = header.width * header.height
    check_pixels(area, limits.max_pixels)
    ticks = list_ticks(data, limits.max_frames) if header.tick else [0]
    film = len(ticks) > 1
    return Opened(
        format="jxl", size=(header.width, header.height), pixels=area * len(ticks), frames=len(ticks),
        read=partial(_read_film, data, header, ticks) if film else partial(_read_frame, data, file),
        kind=FrameKind.ANIMATION if film else FrameKind.STILL, loop_count=header.loop_count,
        orientation=header.orientation, opaque=not header.alpha,
        deep=not film and header.depth > 8 and (header.alpha or not header.grey),
        metadata=Metadata(exif=file.exif, xmp=strip_xmp_orientation(file.xmp)),
        losses=unite([GAIN_MAP] if file.has_gain_map else []).losses,
    )  # fmt: skip


def _read_film(data: bytes, header: jxl.JxlHeader, ticks: list[int]) -> Iterator[Frame]:
    """Read the frames of an animation, of 8 bits a sample."""
    size, needs = (header.width, header.height), header.width * header.height * BYTES
    mode = MODES[(1 if header.grey else 3) + header.alpha]
    color = _describe_color(data, header)
    decoded = decode_frames(data, size, len(mode))
    for tick in ticks:
        with decoding("jxl", needs=needs):
            image = Image.frombytes(mode.replace("A", "a") if header.premultiplied else mode, size, next(decoded, b""))
        yield Frame(
            image, tick * header.tick, profile=color.profile, problem=color.problem, hdr=color.hdr,
            orientation=header.orientation, depth=max(8, header.depth),
        )  # fmt: skip


def _read_frame(data: bytes, file: jxl.JxlFile) -> Iterator[Frame]:
    header = file.header
    make = partial(
        Frame,
        orientation=header.orientation,
        depth=max(8, header.depth),
        full_scale=(1 << header.depth) - 1 if 8 < header.depth < 16 else 65_535,
    )
    with decoding("jxl", needs=header.width * header.height * BYTES):
        samples, color = _decode_samples(data, header)
        if color.hdr is None:
            picture = _make_picture(samples, header)
    if color.hdr is None:
        original = None
        if file.has_jpeg and isinstance(picture, Image.Image):
            original = Original(picture.im, partial(_restore_jpeg, data), restored=True)
        yield make(picture, profile=color.profile, problem=color.problem, original=original)
    else:
        yield hdr.make_frame(make, samples, color.hdr, _find_top(samples, header))


def _decode_samples(data: bytes, header: jxl.JxlHeader) -> tuple[Samples, Described]:
    """Return samples (rows, columns, channels) and their color.

    The orientation is left to the step that bakes it in, so that it is applied once for all formats.
    """
    if header.packed_profile and header.converted:
        samples = _make_empty(header)
        if (profile := decode_original(data, samples)) is not None:
            return samples, describe_profile(profile)
    samples = jpegxl_decode(data, index=0, keeporientation=True, numthreads=1)
    samples = samples.reshape(samples.shape[0], samples.shape[1], -1)
    if samples.shape[:2] != (header.height, header.width) or samples.shape[2] not in MODES:
        raise ValueError("the decoder gave another picture than the header says")
    return samples, _describe_color(data, header)


def _make_empty(header: jxl.JxlHeader) -> Samples:
    kind = np.float32 if header.is_float or header.depth > 16 else np.uint8 if header.depth <= 8 else np.uint16
    return np.empty((header.height, header.width, (1 if header.grey else 3) + header.alpha), kind)


def _restore_jpeg(data: bytes) -> bytes:
    """Return the JPEG that was packed into a file, bit for bit, b"" when that fails."""
    try:
        return bytes(jpegxl_decode_jpeg(data, numthreads=1))
    except JpegxlError:
        return b""


def _describe_color(data: bytes, header: jxl.JxlHeader) -> Described:
    if not header.packed_profile and header.primaries in PRIMARIES:
        if header.gamma:
            return describe_color(Colorimetry(header.gamma, *PRIMARIES[header.primaries]), grey=header.grey)
        if header.transfer in KNOWN_CURVES:
            return describe_cicp(header.primaries, header.transfer, grey=header.grey)
    profile = unpack_profile(data, Target.DATA)
    return describe_profile(profile) if profile else Described(problem="it is packed in a way that is not read here")


def _make_picture(samples: Samples, header: jxl.JxlHeader) -> Picture:
    height, width, channels = samples.shape
    if samples.dtype == np.uint16 and channels == 1:
        return Image.frombytes("I;16", (width, height), samples.astype("<u2").tobytes())
    if samples.dtype == np.float32 and channels == 1:
        return Image.fromarray(samples[:, :, 0])
    if channels > 1 and samples.dtype != np.uint8:
        return make_deep(samples, int(_find_top(samples, header)), premultiplied=header.premultiplied)
    mode = MODES[channels]
    if header.premultiplied:
        mode = mode.replace("A", "a")
    if samples.dtype != np.uint8 or header.depth != 8:
        scale = 255 / _find_top(samples, header)
        samples = eight_bits_by_rows(samples, lambda rows: rows * scale)
    return Image.frombytes(mode, (width, height), samples.tobytes())


def _find_top(samples: Samples, header: jxl.JxlHeader) -> float:
    return 1.0 if samples.dtype.kind == "f" else float((1 << min(header.depth, 16)) - 1)


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture, with EXIF and XMP from the plan's settings. Return its size in pixels.

    A JPEG from which nothing changes is packed as it is, without loss, if that is asked for.
    """
    if packed := _pack_original(frame, plan):
        sink.write(packed)
        return frame.pixels.size
    boxes = cast("Boxes", plan.settings)
    settings = cast("JxlSettings", {name: plan.settings[name] for name in plan.settings if name not in BOXES})
    encoded = _encode_picture(frame.pixels, plan, settings)
    sink.write(jxl.insert_boxes(encoded, boxes.get("exif", b""), boxes.get("xmp", b"")))
    return frame.pixels.size


def _pack_original(frame: Frame, plan: WritePlan) -> bytes:
    """Return the JPEG that the frame comes from as JPEG XL, b"" when it is changed or cannot be packed.

    With its metadata the whole file is packed. Without, its picture, which for one on its side needs EXIF's orientation
    while it is packed. That then stands in the codestream, where every decoder applies it.
    """
    original, options = frame.untouched, plan.options
    if original is None or not options.lossless or options.quality is not None:
        return b""
    data = original.read()
    parts = split_jpeg(data)
    if parts is None:
        return b""
    upright = original.orientation == 1
    if options.metadata == "keep" and upright and parts.holds(plan.metadata) and (packed := _pack_jpeg(data)):
        plan.withdraw(WarningCode.METADATA_DROPPED)
        return packed
    turn = Metadata(exif=b"" if upright else pack_exif_orientation(original.orientation))
    packed = _pack_jpeg(parts.pack_picture(keep_profile=frame.profile is not None, metadata=turn), restorable=upright)
    return packed and jxl.insert_boxes(packed, plan.metadata.exif, plan.metadata.xmp)


def _pack_jpeg(data: bytes, *, restorable: bool = True) -> bytes:
    try:
        packed = bytes(jpegxl_encode_jpeg(data, numthreads=1))
    except JpegxlError:
        return b""
    return jxl.unpack_metadata(packed, has_jpeg=restorable)


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
    encoder=Encoder(
        pillow="JXL",
        settings=_choose_settings,
        attach=attach_marked,
        write_still=write_still,
        crashes=True,
    ),
)
