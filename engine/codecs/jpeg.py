"""JPEG: its header by Pillow, its pixels by simplejpeg, because Pillow hides the warnings of libjpeg.

Both sit on libjpeg-turbo and give the same pixels. A decoder cannot see a flipped bit after which the stream still
makes sense; every decoder then shows a picture that is a little off.
"""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import simplejpeg
from PIL import Image, ImageFile, JpegImagePlugin, MpoImagePlugin

from core.losses import Loss, MetadataDropped
from core.options import Options
from engine.codecs import pillow
from engine.codecs.jpeg_mending import mend_jpeg, rewrite_header
from engine.codecs.pillow import load_image, read_dpi, read_single_frame
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, choose_dpi, choose_subsampling, without_none
from engine.containers import jpeg, photoshop
from engine.containers.jpeg_parts import JpegParts, split_jpeg
from engine.credits import keep_credits
from engine.errors import ConversionError, decoding, unsupported
from engine.extras import survey_jpeg
from engine.image import Frame, FrameKind, Opened, Original
from engine.limits import check_pixels
from engine.metadata import (
    EXIF_MARK,
    Metadata,
    name_parts,
    read_exif_orientation,
    strip_exif_mark,
    strip_xmp_orientation,
)
from engine.request import Limits

COLORS = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
"""simplejpeg's names of the pixel modes."""

MOST_SCANS = 200
"""Each is a pass over the whole picture, whatever it holds: a small file can ask for hours. Encoders make some ten."""

BIGGEST_SEGMENT = 65_000
"""A JPEG segment holds 64 KB; what does not fit is dropped, and said."""


def open_jpeg(data: bytes, limits: Limits) -> Opened:
    """Read the header of a JPEG or MPO. Raise ConversionError when it is bad."""
    if variant := jpeg.name_variant(data):
        raise unsupported("jpeg", f"it is a {variant}")
    if jpeg.count_scans(data, MOST_SCANS) > MOST_SCANS:
        raise unsupported("jpeg", f"it has more than {MOST_SCANS} scans")
    extras = survey_jpeg(data)
    image, data, losses = _load_tolerantly(data)
    metadata = _read_metadata(image)
    orientation = read_exif_orientation(metadata.exif)
    make = partial(Frame, profile=image.info.get("icc_profile") or None, orientation=orientation)
    read = partial(_read_frames, [image], data, make)
    return Opened(
        format="jpeg", size=image.size, pixels=image.width * image.height, read=read, read_smaller=read,
        kind=FrameKind.ALBUM if extras.frames > 1 else FrameKind.STILL, frames=extras.frames, metadata=metadata,
        orientation=orientation, opaque=True, dpi=read_dpi(image), losses=(*losses, *extras.losses),
        open_entry=partial(_open_entry, data, limits),
    )  # fmt: skip


def _load_tolerantly(data: bytes) -> tuple[JpegImagePlugin.JpegImageFile, bytes, tuple[Loss, ...]]:
    """Return Pillow's image and its bytes. A header that Pillow refuses is made anew, at last without its metadata."""
    try:
        return _load(data), data, ()
    except ConversionError:
        for made in rewrite_header(data):
            try:
                return _load(made.data), made.data, made.losses
            except ConversionError:
                continue
        raise


def _load(data: bytes) -> JpegImagePlugin.JpegImageFile:
    image = load_image("jpeg", data)
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        raise TypeError(image)
    if image.mode == "CMYK" and "adobe" not in image.info:
        # Adobe's programs store CMYK inverted and mark the file; Pillow takes every file as theirs.
        image.tile = [tile._replace(args=("CMYK", "")) for tile in image.tile]
    return image


def _open_entry(data: bytes, limits: Limits, index: int) -> Opened:
    """Read the header of one picture of an MPO, which is a JPEG of its own."""
    image = load_image("jpeg", data)
    with decoding("jpeg"):
        image.seek(index)
    entry = data[image.offset :] if isinstance(image, MpoImagePlugin.MpoImageFile) else b""
    check_pixels(image.width * image.height, limits.max_pixels)
    return open_jpeg(entry, limits)


def _read_metadata(image: JpegImagePlugin.JpegImageFile) -> Metadata:
    comment = image.info.get("comment", b"")
    return Metadata(
        exif=strip_exif_mark(image.info.get("exif", b"")),
        xmp=strip_xmp_orientation(image.info.get("xmp", b"")),
        iptc=photoshop.read_iptc(_find_resources(image)),
        comment=comment if isinstance(comment, bytes) else b"",
    )


def _find_resources(image: JpegImagePlugin.JpegImageFile) -> bytes:
    mark = photoshop.SEGMENT_MARK
    return b"".join(data[len(mark) :] for name, data in image.applist if name == "APP13" and data.startswith(mark))


def _read_frames(
    images: list[ImageFile.ImageFile], data: bytes, make: partial[Frame], factor: int = 1
) -> Iterator[Frame]:
    decoded, words = _decode_strictly(images[0], data, factor)
    if words:
        mended = mend_jpeg(data, COLORS[images[0].mode])
        data, make = mended.data, partial(make, losses=mended.losses)
        images[0] = _load(data)
        if not mended.is_odd:
            decoded, _ = _decode_strictly(images[0], data, factor)
    if decoded is None:
        yield from read_single_frame("jpeg", images, make)
        return
    images.clear()
    original = Original(decoded.im, lambda: data) if factor == 1 else None
    yield make(decoded, original=original)


def _decode_strictly(image: Image.Image, data: bytes, factor: int) -> tuple[Image.Image | None, str]:
    """Return the pixels, `factor` times smaller, or None when Pillow has to decode them; and libjpeg's complaint.

    simplejpeg decodes grey and YCbCr; inks (CMYK, YCCK) it only checks.
    """
    color = COLORS.get(image.mode)
    if color is None:
        return None, ""
    width, height = size = (image.width // factor, image.height // factor)
    with decoding("jpeg"):
        try:
            pixels = simplejpeg.decode_jpeg(data, color, min_width=width, min_height=height)
        except ValueError as error:
            return None, str(error)
        if image.mode == "CMYK" or pixels.shape[1::-1] != size:
            return None, ""
        return Image.frombuffer(image.mode, size, pixels, "raw", image.mode, 0, 1), ""


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture. Return its size in pixels.

    A JPEG that the upload holds packed without loss is taken as it is, if nothing changes.
    """
    restored = _restore_original(frame, plan)
    if not restored:
        return pillow.write_still(frame, plan, sink)
    sink.write(restored)
    return frame.image.size


def _restore_original(frame: Frame, plan: WritePlan) -> bytes:
    """Return the JPEG that the upload holds, whole only when all of its metadata may stay, b"" when it has to be made."""
    original, options = frame.untouched, plan.options
    if original is None or not original.restored or original.orientation != 1:
        return b""
    if options.quality is not None or options.subsampling or options.progressive or options.dpi is not None:
        return b""
    data = original.read()
    parts = split_jpeg(data)
    if parts is None or parts.size != frame.image.size:
        return b""
    if options.metadata == "keep" and parts.holds(plan.metadata):
        return data
    return parts.pack_picture(keep_profile=frame.profile is not None, metadata=_merge_metadata(parts, plan))


def _merge_metadata(parts: JpegParts, plan: WritePlan) -> Metadata:
    """Return what is to be kept: of the upload, and of the JPEG in it, which has more parts."""
    if plan.options.metadata == "strip":
        return Metadata()
    inner = keep_credits(parts.metadata) if plan.options.metadata == "safe" else parts.metadata
    found = plan.metadata.with_missing(inner)
    lost = {part for part in found.list_parts() if len(getattr(found, part)) > BIGGEST_SEGMENT}
    if lost:
        plan.warn(MetadataDropped(format="JPEG", what=name_parts(lost)))
    return found.without_parts(lost)


def _choose_settings(options: Options) -> SaveSettings:
    return without_none(
        quality=options.quality,
        progressive=options.progressive or None,
        subsampling=choose_subsampling(options),
        dpi=choose_dpi(options),
    )


def _attach_metadata(metadata: Metadata) -> SaveSettings:
    kept: SaveSettings = {"xmp": metadata.xmp, "comment": metadata.comment}
    if metadata.exif:
        kept["exif"] = EXIF_MARK + metadata.exif
    if metadata.iptc:
        body = photoshop.SEGMENT_MARK + photoshop.pack_iptc(metadata.iptc)
        kept["extra"] = b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body
    return {name: value for name, value in kept.items() if value}


CODEC = Codec(
    open=open_jpeg,
    encoder=Encoder(
        pillow="JPEG",
        settings=_choose_settings,
        attach=_attach_metadata,
        part_bytes=BIGGEST_SEGMENT,
        write_still=write_still,
    ),
)
