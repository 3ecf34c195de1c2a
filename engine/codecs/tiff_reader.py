"""TIFF pages: each has its own size, mode, depth and profile. Pillow turns them upright while it decodes them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from PIL import ExifTags, Image, TiffImagePlugin

from engine.codecs.opening import is_opaque, load_image, once, sensible_dpi
from engine.errors import decoding, truncated, unsupported
from engine.image import Frame, Kind, Opened
from engine.limits import check_frames, check_pixels
from engine.metadata import Metadata, iptc_of, upright_xmp, without_mark
from engine.request import Limits

BITS, PHOTOMETRIC, IPTC, RESOURCES, PROFILE = 258, 262, 33_723, 34_377, 34_675
PIECES = ((273, 279), (324, 325))
DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 33_432)
"""Description, make, model, software, date, artist, copyright: what describes the picture, not its layout."""


PACKED_AS_WEBP = "webp"
"""The one compression that Pillow knows and its libtiff is built without."""


def open_tiff(data: bytes, limits: Limits) -> Opened:
    """The header of a TIFF, all of its pages looked at. Raises ConversionError when one is bad or over a limit."""
    _check_start(data)
    image = load_image("tiff", data)
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        raise TypeError(image)
    size, dpi, metadata = image.size, sensible_dpi(image), _metadata(image)
    pixels, count, opaque = _survey(image, len(data), limits)

    still = partial(once, "tiff", [image], partial(Frame, **_facts(image)))
    return Opened(
        format="tiff", size=size, pixels=pixels, read=partial(_read_pages, [image], count) if count > 1 else still,
        kind=Kind.PAGES if count > 1 else Kind.STILL, frames=count, opaque=opaque, dpi=dpi,
        metadata=metadata,
    )  # fmt: skip


def _read_pages(images: list[TiffImagePlugin.TiffImageFile], count: int) -> Iterator[Frame]:
    for index in range(count):
        with decoding("tiff"):
            images[0].seek(index)
            facts = _facts(images[0])
            images[0].load()
        yield Frame(images[0].copy(), **facts)


def _check_start(data: bytes) -> None:
    """Writers put the first directory anywhere, often last: behind the end, the file was cut."""
    order = "little" if data[:1] == b"I" else "big"
    big = data[2:4] in {b"+\0", b"\0+"}
    first = int.from_bytes(data[8:16] if big else data[4:8], order)  # type: ignore[arg-type]
    if first + 2 > len(data):
        raise truncated()


def _survey(image: TiffImagePlugin.TiffImageFile, length: int, limits: Limits) -> tuple[int, int, bool]:
    """Pixels and number of all pages, and whether none has transparency, from their directories."""
    pixels, count, opaque = 0, 0, True
    with decoding("tiff"):
        while _go_to(image, count):
            check_frames(count + 1, limits.max_frames)
            pixels += image.width * image.height
            check_pixels(pixels, limits.max_pixels)
            _check_pieces(image.tag_v2, length)
            if image.info.get("compression") == PACKED_AS_WEBP:
                raise unsupported("tiff", "its pixels are packed as WebP")
            if image.tag_v2.next + 2 > length:
                raise truncated()
            count, opaque = count + 1, opaque and is_opaque(image)
        image.seek(0)
    return pixels, count, opaque


def _go_to(image: TiffImagePlugin.TiffImageFile, index: int) -> bool:
    try:
        image.seek(index)
    except EOFError:
        return False
    return True


def _check_pieces(tags: TiffImagePlugin.ImageFileDirectory_v2, length: int) -> None:
    """Raises ConversionError when a strip or tile lies behind the end of the file."""
    for offsets, counts in PIECES:
        pieces = zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False)
        if any(offset + count > length for offset, count in pieces):
            raise truncated()


def _facts(image: TiffImagePlugin.TiffImageFile) -> dict[str, Any]:
    tags = image.tag_v2
    depth = max(tags.get(BITS, (1,)))
    grey16 = image.mode.startswith("I;16")
    return {
        # Not from `info`, where Pillow leaves the last page's profile for pages that have none.
        "profile": _bytes(tags.get(PROFILE)) or None,
        "depth": max(8, depth),
        "full_scale": (1 << depth) - 1 if grey16 and 8 < depth < 16 else 65_535,
        "white_is_zero": grey16 and tags.get(PHOTOMETRIC) == 0,
    }


def _metadata(image: TiffImagePlugin.TiffImageFile) -> Metadata:
    """The first page's; the directory's own layout tags stay behind."""
    with decoding("tiff"):
        xmp = image.info.get("xmp", b"")
        return Metadata(
            exif=_exif(image),
            xmp=upright_xmp(xmp) if isinstance(xmp, bytes) else b"",
            iptc=_bytes(image.tag_v2.get(IPTC)) or iptc_of(_bytes(image.tag_v2.get(RESOURCES))),
        )


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""


def _exif(image: TiffImagePlugin.TiffImageFile) -> bytes:
    """An EXIF block of what describes the picture, with its Exif and GPS directories; b"" when there is nothing."""
    found, kept = image.getexif(), Image.Exif()
    for tag in DESCRIPTIVE:
        if tag in found:
            kept[tag] = found[tag]
    for directory in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if directory in found and (values := found.get_ifd(directory)):
            kept[directory] = dict(values)
    return without_mark(kept.tobytes()) if len(kept) else b""
