"""PNG and APNG: the common kinds of pixels by libpng, through imagecodecs, all others by Pillow.

Pillow takes twice as long.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

import numpy as np
from imagecodecs import PngError, png_decode, png_encode
from PIL import Image, PngImagePlugin

from core.losses import ImageDamaged
from core.options import Options
from engine.animation.compose import Patch, compose_frames
from engine.codecs import apng
from engine.codecs.pillow import load_image, pack_frame, read_dpi, write_still
from engine.codecs.plan import WritePlan
from engine.codecs.png_indexed import write_indexed
from engine.codecs.png_packing import choose_packing
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, choose_dpi, without_none
from engine.color import hdr
from engine.color.colorimetry import Colorimetry, Described, Hdr, describe_cicp, describe_color
from engine.color.profile_tags import describe_profile
from engine.containers import png, png_samples
from engine.errors import ConversionError, decoding
from engine.extras import survey_png
from engine.image import Frame, FrameKind, Opened
from engine.limits import check_frames, check_pixels
from engine.metadata import Metadata, read_exif_orientation
from engine.pixels.deep import DeepImage, Picture, make_deep
from engine.pixels.modes import to_eight_bits, to_plain_mode
from engine.pixels.samples import Samples
from engine.pixels.sampling import sample_rows
from engine.request import Limits

PLAIN = {(0, 8): "L", (2, 8): "RGB", (4, 8): "LA", (6, 8): "RGBA", (2, 16): "RGB", (4, 16): "LA", (6, 16): "RGBA"}
"""Pillow's mode of each color type and depth that libpng reads. 16-bit grey and palettes are left to Pillow."""

PACKED = frozenset({"1", "L", "P", "P4", "PA"})
"""What is written in fewer bits: grey, and palettes of 1 to 8 bits with an alpha for each color."""


HEADER = 33
"""Bytes of the signature and of the first chunk, IHDR."""


def allow_long_profiles() -> None:
    """Let Pillow read profiles as long as ours.

    Text is taken out before, so that this is the limit of a profile.
    """
    PngImagePlugin.MAX_TEXT_CHUNK = png.LARGEST_PROFILE


def open_png(data: bytes, limits: Limits) -> Opened:
    """Read the header. Raise ConversionError when it is bad or over a limit."""
    parts = png.parse_file(data)
    check_frames(len(parts.frames), limits.max_frames)
    count, size = max(1, len(parts.frames)), (parts.width, parts.height)
    pixels = size[0] * size[1] * count
    check_pixels(pixels, limits.max_pixels)
    sound = png.strip_for_decoder(data, parts)
    image, metadata = load_image("png", sound), parts.collect_metadata()
    orientation = read_exif_orientation(metadata.exif)
    color = _describe_color(parts, image.info.get("icc_profile") or None)
    make = partial(
        Frame, profile=color.profile, problem=color.problem, hdr=color.hdr, orientation=orientation,
        depth=max(8, parts.depth),
    )  # fmt: skip

    def read_animation() -> Iterator[Frame]:
        for composed, duration in compose_frames(size, _read_patches(parts)):
            yield make(composed, duration, losses=_list_losses(parts))

    return Opened(
        format="png", size=size, pixels=pixels, metadata=metadata,
        read=read_animation if parts.frames else partial(_read_still, sound, parts, make, color.hdr),
        kind=FrameKind.ANIMATION if count > 1 else FrameKind.STILL, frames=count, loop_count=parts.loop_count,
        orientation=orientation, opaque=parts.is_opaque, stays_opaque=parts.stays_opaque, dpi=read_dpi(image),
        deep=parts.depth == 16 and not parts.frames,
        losses=(*_list_losses(parts), *survey_png(data, has_gain_map=parts.has_gain_map).losses),
    )  # fmt: skip


def _list_losses(parts: png.PngFile) -> tuple[ImageDamaged, ...]:
    return (ImageDamaged(why=", ".join(parts.flaws)),) if parts.flaws else ()


def _read_still(data: bytes, parts: png.PngFile, make: partial[Frame], bright: Hdr | None) -> Iterator[Frame]:
    if bright is not None and parts.depth == 16 and (samples := _read_samples(data, parts)) is not None:
        yield hdr.make_frame(make, samples, bright, 65_535)
        return
    picture, losses = _decode_tolerantly(data, parts, (parts.width, parts.height))
    yield make(_divide_by_alpha(picture) if parts.is_apple else picture, losses=losses)


def _divide_by_alpha(picture: Picture) -> Picture:
    """Return RGBA with straight colors. Apple's programs store them multiplied by alpha."""
    if isinstance(picture, DeepImage):
        return make_deep(picture.samples, premultiplied=picture.has_alpha)
    if picture.mode != "RGBA":
        return picture
    return Image.frombytes("RGBa", picture.size, picture.tobytes()).convert("RGBA")


def _decode_tolerantly(
    data: bytes, parts: png.PngFile, size: tuple[int, int]
) -> tuple[Picture, tuple[ImageDamaged, ...]]:
    """Return the pixels of samples of which one check sum at least is right.

    There are two: one of the chunk, one of all samples.
    """
    most = png_samples.find_most(*size, parts.bits)
    if parts.has_unsure_data:
        png_samples.check_sum(data, most)
    try:
        return _decode(data, parts, size), ()
    except ConversionError:
        mended = None if parts.has_unsure_data else png_samples.correct_file(data, most)
        if mended is None:
            raise
        return _decode(mended, parts, size), (ImageDamaged(why=png_samples.WRONG_SUM),)


def _decode(data: bytes, parts: png.PngFile, size: tuple[int, int]) -> Picture:
    decoded = _decode_by_libpng(data, parts, size)
    if decoded is not None:
        return decoded
    image = load_image("png", data)
    with decoding("png"):
        image.load()
    _scale_transparency(image, parts.depth)
    return image


def _read_samples(data: bytes, parts: png.PngFile) -> Samples | None:
    """Return samples (rows, columns, channels) of 16 bits as libpng reads them, None when it does not."""
    try:
        samples = png_decode(data)
    except PngError:
        return None
    shaped = samples.reshape(parts.height, parts.width, -1)
    return shaped if samples.dtype == np.uint16 else None


def _decode_by_libpng(data: bytes, parts: png.PngFile, size: tuple[int, int]) -> Picture | None:
    """Return the pixels, or None when Pillow has to decode them.

    libpng would change some kinds. Of others it refuses, Pillow is to say why.
    """
    mode, clear = PLAIN.get((parts.color_type, parts.depth)), parts.transparency is not None
    if mode is None or (clear and parts.depth == 8):
        return None
    try:
        samples = png_decode(data)
    except PngError:
        return None
    # A clear color of 16 bits is told by all of them here, by 8 in Pillow.
    mode = "RGBA" if clear else mode
    if samples.size != size[0] * size[1] * len(mode):
        return None
    if parts.depth == 16:
        return make_deep(samples)
    return Image.frombuffer(mode, size, samples, "raw", mode, 0, 1)


def _describe_color(parts: png.PngFile, icc: bytes | None) -> Described:
    """Return the color that counts: numbers, a profile, the word sRGB, gamma and chromaticities, in this order.

    PNG specification, third edition, section 4.3.
    """
    grey = parts.color_type in {0, 4}
    if len(parts.cicp) == 4:
        return describe_cicp(parts.cicp[0], parts.cicp[1], grey=grey)
    if parts.profile_problem:
        return Described(problem=parts.profile_problem)
    if icc or parts.srgb or not 10_000 <= parts.gamma <= 1_000_000:
        return describe_profile(icc)
    color = Colorimetry(100_000 / parts.gamma)
    if len(parts.chromaticities) == 32:
        values = [value / 100_000 for value in struct.unpack(">8I", parts.chromaticities)]
        white, red, green, blue = zip(values[::2], values[1::2], strict=True)
        color = Colorimetry(color.gamma, (red, green, blue), white)
    return describe_color(color, grey=grey)


def _scale_transparency(image: Image.Image, depth: int) -> None:
    """Bring the transparent color to 8 bits.

    Pillow scales the samples, but leaves this color in the file's own depth.
    """
    value = image.info.get("transparency")
    if image.mode == "L" and isinstance(value, int) and depth < 8:
        image.info["transparency"] = value * 255 // ((1 << depth) - 1)


def _read_patches(parts: png.PngFile) -> Iterator[Patch]:
    for index, (control, _) in enumerate(parts.frames):
        image, losses = _decode_tolerantly(parts.pack_frame(index), parts, (control.width, control.height))
        for loss in losses:
            parts.note(loss.why)
        yield Patch(
            to_eight_bits(to_plain_mode(Frame(image))).convert("RGBA"),
            (control.x, control.y),
            control.duration,
            over=control.over,
            disposal=control.disposal,
        )


def _choose_settings(options: Options) -> SaveSettings:
    return without_none(compress_level=options.effort, dpi=choose_dpi(options))


def _attach_metadata(metadata: Metadata) -> SaveSettings:
    info = PngImagePlugin.PngInfo()
    if metadata.xmp:
        info.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode("utf-8", "replace"))
    for kind, data in metadata.text:
        info.add(kind, data)
    return {"pnginfo": info} | without_none(exif=metadata.exif or None)


def write_png(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture in the fewest bits, unless that makes the file larger. Return its size in pixels.

    A smooth gradient of few colors is smaller as color, where the filters of PNG apply.
    """
    if isinstance(frame.pixels, DeepImage):
        return _write_deep(frame, frame.pixels, plan, sink)
    packed = pack_frame(frame, PACKED)
    if packed.image.mode in {"1", "P"} and not _is_smaller_as_color(frame, packed, plan):
        write_indexed(packed, plan, sink)
        return packed.image.size
    still = frame if packed.image.mode == "P" else packed
    settings = plan.settings | choose_packing(still.image, plan.settings)
    return write_still(still, replace(plan, settings=settings), sink)


def _is_smaller_as_color(frame: Frame, packed: Frame, plan: WritePlan) -> bool:
    """Say whether a palette makes the file larger, by a sample of the rows."""
    if packed.image.mode == "1" or packed.image is frame.image:
        return False
    bare = replace(plan, settings={name: value for name, value in plan.settings.items() if name == "compress_level"})
    colors, indexed = io.BytesIO(), io.BytesIO()
    write_still(replace(frame, pixels=sample_rows(frame.image), profile=None), bare, colors)
    write_indexed(replace(packed, pixels=sample_rows(packed.image), profile=None), bare, indexed)
    return colors.tell() < indexed.tell()


def _write_deep(frame: Frame, picture: DeepImage, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write 16 bits by libpng. The chunks beside the pixels are those that Pillow writes."""
    encoded = memoryview(png_encode(picture.samples, level=plan.options.effort))
    sink.write(encoded[:HEADER])
    sink.write(apng.pack_extra_chunks(frame, plan))
    sink.write(encoded[HEADER:])
    return picture.size


CODEC = Codec(
    prepare=allow_long_profiles,
    open=open_png,
    encoder=Encoder(
        pillow="PNG", settings=_choose_settings, attach=_attach_metadata,
        write_still=write_png, write_all=apng.write_all,
    ),
)  # fmt: skip
