"""The picture of a PDF's page as a stream (ISO 32000-1, 7.4 and 8.9.5), in the way that makes it smallest.

A JPEG from which nothing was changed goes in as it is. One bit goes by CCITT's Group 4, or by deflate where dots make
that smaller; palettes, and greys of drawings and text, by deflate, without loss. Photographs become JPEGs.
"""

import io
from dataclasses import dataclass, field, replace

from PIL import Image, ImageChops, PdfParser, TiffImagePlugin

from core.options import HIGH_QUALITY, Options
from engine.codecs.pillow import pack_frame
from engine.codecs.save_settings import choose_subsampling, without_none
from engine.containers import png_chunks
from engine.containers.jpeg_parts import ADOBE, APP14, JpegParts, split_jpeg
from engine.image import Frame
from engine.pixels.sampling import sample_rows

PACKED = frozenset({"1", "L", "P", "P4"})
STRIPS = (273, 279)
"""Where the strips of a TIFF are, and their lengths."""

HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})
"""The codings of a JPEG that every reader of PDF knows: baseline, extended, progressive."""

DEVICES = {"1": "DeviceGray", "L": "DeviceGray", "P": "DeviceRGB", "RGB": "DeviceRGB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfPicture:
    """A stream, the name of its filter, and the rest of its dictionary.

    `orientation` (an EXIF value) is still to be applied to it.
    """

    size: tuple[int, int]
    data: bytes
    filter: str
    color: object
    bits: int = 8
    parameters: dict[str, object] = field(default_factory=dict)
    orientation: int = 1


def make_picture(frame: Frame, options: Options) -> PdfPicture:
    """Return the picture of a frame of mode L or RGB."""
    if (verbatim := _take_original(frame, options)) is not None:
        return verbatim
    image = pack_frame(frame, PACKED).image
    if image.mode == "1":
        return min(_pack_group4(image), _deflate(image), key=_measure)
    if image.mode == "RGB" or (image.mode == "L" and not _is_smaller_deflated(image, options)):
        return _pack_jpeg(image, options)
    deflated = _deflate(image)
    # With a quality, the smaller one: what is deflated lacks nothing of it.
    return deflated if options.quality is None else min(deflated, _pack_jpeg(frame.image, options), key=_measure)


def _measure(picture: PdfPicture) -> int:
    return len(picture.data)


def _is_smaller_deflated(image: Image.Image, options: Options) -> bool:
    sample = sample_rows(image)
    return _measure(_deflate(sample)) <= _measure(_pack_jpeg(sample, options))


def _take_original(frame: Frame, options: Options) -> PdfPicture | None:
    """Return the JPEG that the frame comes from without its metadata, None when it is changed or of a rare kind."""
    original = frame.untouched
    if (
        original is None
        or options.quality is not None
        or options.subsampling
        or (parts := split_jpeg(original.read())) is None
    ):
        return None
    width, height = frame.image.size
    size = (height, width) if original.orientation >= 5 else (width, height)
    if parts.size != size or not _is_common(parts):
        return None
    return PdfPicture(
        size=size, data=parts.pack_picture(keep_profile=False), filter="DCTDecode",
        color=PdfParser.PdfName(DEVICES[frame.image.mode]), orientation=original.orientation,
    )  # fmt: skip


def _is_common(parts: JpegParts) -> bool:
    """Say whether every reader decodes it: Huffman, 8 bits, grey or YCbCr. RGB is only known by Adobe's mark."""
    coding = parts.coding
    count, numbers = coding.body[5], coding.body[6::3]
    marked = any(segment.marker == APP14 and segment.body.startswith(ADOBE) for segment in parts.segments)
    return coding.marker in HUFFMAN and coding.body[0] == 8 and (count == 1 or marked or numbers != b"RGB")


def _pack_jpeg(image: Image.Image, options: Options) -> PdfPicture:
    quality = options.quality or HIGH_QUALITY
    subsampling = choose_subsampling(replace(options, quality=quality))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, **without_none(subsampling=subsampling))
    color = PdfParser.PdfName(DEVICES[image.mode])
    return PdfPicture(size=image.size, data=buffer.getvalue(), filter="DCTDecode", color=color)


def _pack_group4(image: Image.Image) -> PdfPicture:
    """Take Group 4 from a TIFF of one strip. White is 0 there: its codes are short for white."""
    width, height = image.size
    buffer = io.BytesIO()
    ImageChops.invert(image).save(buffer, "TIFF", compression="group4", strip_size=-(-width // 8) * height)
    buffer.seek(0)
    tags = TiffImagePlugin.TiffImageFile(buffer).tag_v2
    (at,), (length,) = (tags[tag] for tag in STRIPS)
    return PdfPicture(
        size=image.size, data=buffer.getvalue()[at : at + length], filter="CCITTFaxDecode", bits=1,
        color=PdfParser.PdfName("DeviceGray"), parameters={"K": -1, "Columns": width, "Rows": height},
    )  # fmt: skip


def _deflate(image: Image.Image) -> PdfPicture:
    """Take the stream of a PNG. PDF knows its filters."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    chunks = list(png_chunks.read_chunks(buffer.getvalue()))
    bits = next(body[8] for kind, body in chunks if kind == b"IHDR")
    parameters: dict[str, object] = {"Predictor": 15, "Colors": 1, "BitsPerComponent": bits, "Columns": image.width}
    return PdfPicture(
        size=image.size, data=b"".join(body for kind, body in chunks if kind == b"IDAT"), filter="FlateDecode",
        bits=bits, color=_describe_colors(image), parameters=parameters,
    )  # fmt: skip


def _describe_colors(image: Image.Image) -> object:
    """Return the color space. A palette is one (8.6.6.3)."""
    device = PdfParser.PdfName(DEVICES[image.mode])
    palette = bytes(image.getpalette() or ()) if image.mode == "P" else b""
    if not palette:
        return device
    return [PdfParser.PdfName("Indexed"), device, len(palette) // 3 - 1, PdfParser.PdfBinary(palette)]
