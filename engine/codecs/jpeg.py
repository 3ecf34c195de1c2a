"""JPEG: its header by Pillow, its pixels by simplejpeg, because Pillow hides the warnings of libjpeg.

Both sit on libjpeg-turbo and give the same pixels. A decoder cannot see a flipped bit after which the stream still
makes sense; every decoder then shows a picture that is a little off.
"""

import re
from collections.abc import Iterator
from functools import partial

import simplejpeg
from PIL import Image, ImageFile, JpegImagePlugin, MpoImagePlugin

from core.options import Options
from engine.codecs.pillow import load_image, read_dpi, read_single_frame
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, choose_dpi, choose_subsampling, without_none
from engine.containers import jpeg, photoshop
from engine.errors import corrupt, decoding, truncated, unsupported
from engine.image import Frame, FrameKind, Opened
from engine.limits import check_pixels
from engine.metadata import EXIF_MARK, Metadata, read_exif_orientation, strip_exif_mark, strip_xmp_orientation
from engine.request import Limits

COLORS = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}
"""simplejpeg's names of the pixel modes."""

EARLY_END = "premature end"
DAMAGE = "corrupt jpeg data"
PADDED = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
"""What libjpeg says when something stands between the last block and the end mark."""

END = b"\xff\xd9"

MOST_SCANS = 200
"""Each is a pass over the whole picture, whatever it holds: a small file can ask for hours. Encoders make some ten."""

BIGGEST_SEGMENT = 65_000
"""A JPEG segment holds 64 KB; what does not fit is dropped, and said."""


def open_jpeg(data: bytes, limits: Limits) -> Opened:
    """Read the header of a JPEG or MPO. Raise ConversionError when it is bad."""
    if jpeg.count_scans(data, MOST_SCANS) > MOST_SCANS:
        raise unsupported("jpeg", f"it has more than {MOST_SCANS} scans")
    image = load_image("jpeg", data)
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        raise TypeError(image)
    if image.mode == "CMYK" and "adobe" not in image.info:
        # Adobe's programs store CMYK inverted and mark the file; Pillow takes every file as theirs.
        image.tile = [tile._replace(args=("CMYK", "")) for tile in image.tile]
    metadata = _read_metadata(image)
    count = getattr(image, "n_frames", 1)
    orientation = read_exif_orientation(metadata.exif)
    make = partial(Frame, profile=image.info.get("icc_profile") or None, orientation=orientation)
    read = partial(_read_frames, [image], data, make)
    return Opened(
        format="jpeg", size=image.size, pixels=image.width * image.height, read=read, read_smaller=read,
        kind=FrameKind.ALBUM if count > 1 else FrameKind.STILL, frames=count, metadata=metadata,
        orientation=orientation, opaque=True, dpi=read_dpi(image), open_entry=partial(_open_entry, data, limits),
    )  # fmt: skip


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
    decoded = _decode_strictly(images[0], data, factor)
    if decoded is None:
        yield from read_single_frame("jpeg", images, make)
    else:
        images.clear()
        yield make(decoded)


def _decode_strictly(image: Image.Image, data: bytes, factor: int) -> Image.Image | None:
    """Return the pixels, `factor` times smaller, or None when Pillow has to decode them.

    Raise ConversionError for damage. simplejpeg decodes grey and YCbCr; inks (CMYK, YCCK) it only checks.
    """
    color = COLORS.get(image.mode)
    if color is None:
        return None
    width, height = size = (image.width // factor, image.height // factor)
    with decoding("jpeg"):
        try:
            pixels = simplejpeg.decode_jpeg(data, color, min_width=width, min_height=height)
        except ValueError as error:
            _raise_if_damaged(str(error), data)
            return None
        if image.mode == "CMYK" or pixels.shape[1::-1] != size:
            return None
        return Image.frombuffer(image.mode, size, pixels, "raw", image.mode, 0, 1)


def _raise_if_damaged(said: str, data: bytes) -> None:
    """Raise ConversionError when the words of libjpeg mean damage.

    It also remarks on what is merely odd.
    """
    words = said.lower()
    if EARLY_END in words:
        raise truncated()
    if DAMAGE in words and not _is_padding(words, data):
        raise corrupt()


def _is_padding(words: str, data: bytes) -> bool:
    """Say whether the bytes before the end mark are zeros, as some cameras write them.

    Anything else there is data that made no sense.
    """
    found = PADDED.search(words)
    if found is None:
        return False
    count = int(found[1])
    # Behind an MPO's or a motion photo's first picture there are others with end marks of their own.
    at = data.find(bytes(count) + END)
    return at >= 0


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
    encoder=Encoder(pillow="JPEG", settings=_choose_settings, attach=_attach_metadata, part_bytes=BIGGEST_SEGMENT),
)
