"""PNG and APNG: the common kinds of pixels by libpng, through imagecodecs, all others by Pillow.

Pillow takes twice as long.
"""

import struct
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from imagecodecs import PngError, png_decode, png_encode
from PIL import Image, ImageFile, PngImagePlugin

from core.options import Options
from engine.animation.compose import Patch, compose_frames
from engine.codecs import apng
from engine.codecs.pillow import load_image, read_dpi, read_single_frame, write_still
from engine.codecs.plan import WritePlan
from engine.codecs.png_packing import choose_packing
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, choose_dpi, without_none
from engine.color.colorimetry import Colorimetry, Described, describe_cicp, describe_color
from engine.containers import png
from engine.errors import decoding
from engine.image import Frame, FrameKind, Opened
from engine.limits import check_frames, check_pixels
from engine.metadata import Metadata, read_exif_orientation
from engine.pixels.deep import DeepImage, Picture, make_deep
from engine.pixels.modes import to_eight_bits, to_plain_mode
from engine.request import Limits

PLAIN = {(0, 8): "L", (2, 8): "RGB", (4, 8): "LA", (6, 8): "RGBA", (2, 16): "RGB", (4, 16): "LA", (6, 16): "RGBA"}
"""Pillow's mode of each color type and depth that libpng reads. 16-bit grey and palettes are left to Pillow."""


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
    textless = png.strip_for_decoder(data, parts)
    image, metadata = load_image("png", textless), parts.collect_metadata()
    orientation = read_exif_orientation(metadata.exif)
    color = _describe_color(parts, image.info.get("icc_profile") or None)
    make = partial(
        Frame, profile=color.profile, problem=color.problem, orientation=orientation, depth=max(8, parts.depth)
    )

    def read_animation() -> Iterator[Frame]:
        for composed, duration in compose_frames(size, _read_patches(parts)):
            yield make(composed, duration)

    return Opened(
        format="png", size=size, pixels=pixels, metadata=metadata,
        read=read_animation if parts.frames else partial(_read_frames, [image], textless, parts, make),
        kind=FrameKind.ANIMATION if count > 1 else FrameKind.STILL, frames=count, loop_count=parts.loop_count,
        orientation=orientation, opaque=parts.is_opaque, deep=parts.depth == 16, dpi=read_dpi(image),
    )  # fmt: skip


def _read_frames(
    images: list[ImageFile.ImageFile], data: bytes, parts: png.PngFile, make: partial[Frame]
) -> Iterator[Frame]:
    decoded = _decode_by_libpng(data, parts, (parts.width, parts.height))
    if decoded is not None:
        images.clear()
        yield make(decoded)
        return

    def make_still(loaded: ImageFile.ImageFile) -> Frame:
        _scale_transparency(loaded, parts.depth)
        return make(loaded)

    yield from read_single_frame("png", images, make_still)


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
        return Described(icc)
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
        yield Patch(
            to_eight_bits(to_plain_mode(Frame(_decode_patch(parts, index)))).convert("RGBA"),
            (control.x, control.y),
            control.duration,
            over=control.over,
            disposal=control.disposal,
        )


def _decode_patch(parts: png.PngFile, index: int) -> Picture:
    control, data = parts.frames[index][0], parts.pack_frame(index)
    decoded = _decode_by_libpng(data, parts, (control.width, control.height))
    if decoded is not None:
        return decoded
    image = load_image("png", data)
    with decoding("png"):
        image.load()
    _scale_transparency(image, parts.depth)
    return image


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
    """Write one picture. Return its size in pixels."""
    if isinstance(frame.pixels, DeepImage):
        return _write_deep(frame, frame.pixels, plan, sink)
    settings = plan.settings | choose_packing(frame.image, plan.settings)
    return write_still(frame, replace(plan, settings=settings), sink)


def _write_deep(frame: Frame, picture: DeepImage, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write 16 bits by libpng. The chunks beside the pixels are those that Pillow writes for a picture of one pixel."""
    small = replace(frame, pixels=Image.new("L", (1, 1)))
    head, _ = apng.split_chunks(small, plan.settings, plan)
    encoded = memoryview(png_encode(picture.samples, level=plan.options.effort))
    sink.write(encoded[:HEADER])
    sink.writelines(png.pack_chunk(kind, body) for kind, body in head[1:])
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
