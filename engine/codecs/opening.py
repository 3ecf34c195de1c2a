"""The one place where a decoder is chosen: by the sniffed format alone, from an allowlist."""

import codecs
import io
from collections.abc import Callable, Iterator

from PIL import AvifImagePlugin, Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from engine.codecs import heif_codec
from engine.color import jxl_profile
from engine.containers import png
from engine.errors import decoding
from engine.image import Frame

PILLOW = {
    "jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF", "tiff": "TIFF", "bmp": "BMP", "avif": "AVIF",
    "jp2": "JPEG2000", "ico": "ICO", "icns": "ICNS", "ppm": "PPM", "pcx": "PCX", "dds": "DDS", "psd": "PSD", "qoi": "QOI",
    "tga": "TGA",
}  # fmt: skip
"""Pillow's names of the formats that are read: the allowlist of `Image.open`."""

TEXT_CODECS = (
    "ascii", "latin-1", "utf-8", "utf-16", "utf-16-be", "utf-16-le", "utf-32-be", "utf-32-le", "unicode-escape",
)  # fmt: skip
"""Python loads each from a file when it is first used, which is too late for a child that may open none."""


def prepare_codecs() -> None:
    """Load the codecs, one thread each, and leave the check of sizes to engine.limits. Call once a process."""
    Image.init()
    Image.MAX_IMAGE_PIXELS = None
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    # Text is taken out before, so that this is the limit of a profile.
    PngImagePlugin.MAX_TEXT_CHUNK = png.LARGEST_PROFILE
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    heif_codec.prepare()
    jxl_profile.library()
    for name in TEXT_CODECS:
        codecs.lookup(name)


def load_image(name: str, data: bytes, *, needs: int = 0) -> ImageFile.ImageFile:
    """Open with the one decoder of that format; its reason is asked for when it refuses (`needs`: see decoding)."""
    with decoding(name, needs=needs):
        try:
            return Image.open(io.BytesIO(data), formats=[PILLOW[name]])
        except UnidentifiedImageError:
            Image.OPEN[PILLOW[name]][0](io.BytesIO(data), b"")
            raise


def once(
    name: str, images: list[ImageFile.ImageFile], make: Callable[[ImageFile.ImageFile], Frame], *, needs: int = 0
) -> Iterator[Frame]:
    """The only frame of a file: the one image in the list is decoded, made a frame, and left to whoever takes it.

    The list is empty afterwards, so that the pixels go as soon as a step has made others of them.
    """
    with decoding(name, needs=needs):
        images[0].load()
    yield make(images.pop())


def is_opaque(image: Image.Image) -> bool:
    """Whether an image that is not yet decoded can have no transparency."""
    return "transparency" not in image.info and image.mode not in {"RGBA", "RGBa", "LA", "La", "PA"}


def sensible_dpi(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch as the file has them, if a printer could mean them."""
    try:
        across, down = (float(side) for side in image.info["dpi"])
    except (TypeError, ValueError, LookupError, ArithmeticError):
        return None
    return (across, down) if 1 < across <= 10_000 and 1 < down <= 10_000 else None
