"""TIFF pages: each has its own size, mode, depth and profile. Pillow turns them upright while it decodes them.

They are written by Pillow (libtiff), and the directories of EXIF are added afterwards: libtiff takes no directories
inside of a directory from Pillow, and without libtiff nothing would be compressed.
"""

import io
import struct
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import BinaryIO, NamedTuple, TypeVar

from PIL import ExifTags, Image, TiffImagePlugin

from core import magic
from core.options import Options
from engine.codecs import tiff_deep
from engine.codecs.pillow import choose_profile, is_opaque, load_image, read_dpi, read_single_frame
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, choose_dpi, without_none
from engine.containers.photoshop import read_iptc
from engine.containers.tiff import ENTRY, check_start, find_first, find_link, read_entries
from engine.errors import decoding, truncated, unsupported
from engine.image import Frame, FrameKind, Opened
from engine.limits import check_frames, check_pixels
from engine.metadata import Metadata, strip_exif_mark, strip_xmp_orientation
from engine.pixels.deep import DeepImage
from engine.request import Limits

BITS, PHOTOMETRIC, IPTC, RESOURCES, PROFILE = 258, 262, 33_723, 34_377, 34_675
PIECES = ((273, 279), (324, 325))
DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 33_432)
"""Description, make, model, software, date, artist, copyright: what describes the picture, not its layout."""

PACKED_AS_WEBP = "webp"
"""The one compression that Pillow knows and its libtiff is built without."""

DEFLATE, PREDICTOR, XMP_TAG = "tiff_adobe_deflate", 317, 700

Said = TypeVar("Said")

EXIF = "kept_exif"
"""The name of the plan's setting that holds the EXIF block."""

HEADER = magic.TIFF_LITTLE + b"\x08\0\0\0"
LITTLE = "<"
"""The byte order of the TIFFs that Pillow writes here."""

LAYOUT = frozenset({0x00FE, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x011C, 0x013D, 0x0201, 0x0202, 0x0112,
                    *range(0x0111, 0x0118)})  # fmt: skip
"""What describes how pixels are stored; of a picture that was stored in another way."""


def open_tiff(data: bytes, limits: Limits) -> Opened:
    """Read the header and the directories of all pages. Raise ConversionError when one is bad or over a limit."""
    check_start(data)
    image = load_image("tiff", data)
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        raise TypeError(image)
    size, dpi, metadata = image.size, read_dpi(image), _read_metadata(image)
    pixels, count, opaque = _survey_pages(image, len(data), limits)

    still = partial(read_single_frame, "tiff", [image], _read_facts(image).make_frame)
    return Opened(
        format="tiff", size=size, pixels=pixels, read=partial(_read_pages, [image], count) if count > 1 else still,
        kind=FrameKind.PAGES if count > 1 else FrameKind.STILL, frames=count, opaque=opaque, dpi=dpi,
        metadata=metadata,
    )  # fmt: skip


def _read_pages(images: list[TiffImagePlugin.TiffImageFile], count: int) -> Iterator[Frame]:
    for index in range(count):
        with decoding("tiff"):
            images[0].seek(index)
            facts = _read_facts(images[0])
            images[0].load()
        yield facts.make_frame(images[0].copy())


def _survey_pages(image: TiffImagePlugin.TiffImageFile, length: int, limits: Limits) -> tuple[int, int, bool]:
    """Return pixels and number of all pages, and whether none has transparency, from their directories."""
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
    """Raise ConversionError when a strip or tile lies behind the end of the file."""
    for offsets, counts in PIECES:
        pieces = zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False)
        if any(offset + count > length for offset, count in pieces):
            raise truncated()


class _Facts(NamedTuple):
    """Facts about one page beside its pixels."""

    profile: bytes | None
    depth: int
    full_scale: int
    white_is_zero: bool

    def make_frame(self, image: Image.Image) -> Frame:
        """Return an image of that page as a frame."""
        return Frame(
            image,
            profile=self.profile,
            depth=self.depth,
            full_scale=self.full_scale,
            white_is_zero=self.white_is_zero,
        )


def _read_facts(image: TiffImagePlugin.TiffImageFile) -> _Facts:
    tags = image.tag_v2
    depth = max(tags.get(BITS, (1,)))
    grey16 = image.mode.startswith("I;16")
    return _Facts(
        # Not from `info`, where Pillow leaves the last page's profile for pages that have none.
        profile=_only_bytes(tags.get(PROFILE)) or None,
        depth=max(8, depth),
        full_scale=(1 << depth) - 1 if grey16 and 8 < depth < 16 else 65_535,
        white_is_zero=grey16 and tags.get(PHOTOMETRIC) == 0,
    )


def _read_metadata(image: TiffImagePlugin.TiffImageFile) -> Metadata:
    """Return the metadata of the first page, without the directory's own layout tags."""
    with decoding("tiff"):
        xmp = image.info.get("xmp", b"")
        return Metadata(
            exif=_read_exif(image),
            xmp=strip_xmp_orientation(xmp) if isinstance(xmp, bytes) else b"",
            iptc=_only_bytes(image.tag_v2.get(IPTC)) or read_iptc(_only_bytes(image.tag_v2.get(RESOURCES))),
        )


def _only_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _read_exif(image: TiffImagePlugin.TiffImageFile) -> bytes:
    """Return the describing tags and the Exif and GPS directories as an EXIF block, b"" when there are none."""
    found, kept = image.getexif(), Image.Exif()
    for tag in DESCRIPTIVE:
        if tag in found:
            kept[tag] = found[tag]
    for directory in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        if directory in found and (values := found.get_ifd(directory)):
            kept[directory] = dict(values)
    return strip_exif_mark(kept.tobytes()) if len(kept) else b""


def _choose_settings(options: Options) -> SaveSettings:
    return without_none(compression=DEFLATE, dpi=choose_dpi(options), exif=_make_tags(Metadata()))


def _attach_metadata(metadata: Metadata) -> SaveSettings:
    """Return the tags, and EXIF apart.

    libtiff cannot write the directories inside of EXIF, so it is added to the finished file.
    """
    return {"exif": _make_tags(metadata)} | ({EXIF: metadata.exif} if metadata.exif else {})


def _make_tags(metadata: Metadata) -> Image.Exif:
    """Return the directory's tags: metadata, and a predictor to make deflate worth it."""
    tags = Image.Exif()
    tags[PREDICTOR] = 2
    if metadata.xmp:
        tags[XMP_TAG] = metadata.xmp
    if metadata.iptc:
        tags[IPTC] = metadata.iptc
    return tags


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture. Return its size in pixels."""
    _write_with_exif(partial(_write_page, frame, plan.settings), plan, sink)
    return frame.pixels.size


def write_pages(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write each page with its own size, mode and profile. The first carries the metadata."""
    return _write_with_exif(partial(_write_all, frames, plan), plan, sink)


def _write_all(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    settings = plan.settings
    with TiffImagePlugin.AppendingTiffWriter(sink) as writer:
        for frame in frames:
            _write_page(frame, settings, writer)
            writer.newFrame()
            settings = plan.later_settings
    return plan.frames


def _write_page(frame: Frame, settings: SaveSettings, sink: BinaryIO) -> None:
    if isinstance(frame.pixels, DeepImage):
        tiff_deep.write_page(frame.pixels, frame.profile, settings, sink)
    else:
        frame.image.save(sink, "TIFF", **settings, **choose_profile(frame))


def _write_with_exif(write: Callable[[BinaryIO], Said], plan: WritePlan, sink: BinaryIO) -> Said:
    """Let `write` write the file, then add EXIF to it. Return the answer of `write`."""
    exif = _only_bytes(plan.settings.pop(EXIF, b""))
    if not exif:
        return write(sink)
    buffer = io.BytesIO()
    said = write(buffer)
    sink.write(add_exif(buffer.getvalue(), exif))
    return said


def add_exif(data: bytes, exif: bytes) -> bytes:
    """Add the tags of an EXIF block to a little-endian TIFF.

    The first directory moves to the end.
    """
    if not data.startswith(magic.TIFF_LITTLE):
        raise ValueError("this is no TIFF of the kind that Pillow writes here")
    first = find_first(data, LITTLE)
    end, old = find_link(data, LITTLE, first), _read_raw_entries(data, first)
    data += bytes(len(data) % 2)
    added = _make_directory(exif, old.keys())
    # The new values lie behind the directory of all entries, as if the old ones were before it.
    block = added.tobytes(len(data) + ENTRY * len(old))
    merged = old | _read_raw_entries(block, 0)
    directory = struct.pack("<H", len(merged)) + b"".join(merged[tag] for tag in sorted(merged))
    values = block[find_link(block, LITTLE, 0) + 4 :]
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + directory + data[end : end + 4] + values


def _read_raw_entries(data: bytes, at: int) -> dict[int, bytes]:
    """Return the whole entries of a directory by their tags."""
    return {entry.tag: data[entry.at : entry.at + ENTRY] for entry in read_entries(data, LITTLE, at)}


def _make_directory(exif: bytes, taken: Collection[int]) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Return the tags of an EXIF block except for the taken ones, its inner directories included."""
    found, directory = Image.Exif(), TiffImagePlugin.ImageFileDirectory_v2(ifh=HEADER)
    found.load(exif)
    for tag, value in found.items():
        if tag in taken or tag in LAYOUT:
            continue
        directory[tag] = _read_inner(found, tag) if tag in {ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo} else value
    return directory


def _read_inner(found: Image.Exif, tag: int) -> dict[int, object]:
    values = dict(found.get_ifd(tag))
    if ExifTags.IFD.Interop in values:
        values[ExifTags.IFD.Interop] = dict(found.get_ifd(ExifTags.IFD.Interop))
    return values


CODEC = Codec(
    prepare=tiff_deep.prepare,
    open=open_tiff,
    encoder=Encoder(
        pillow="TIFF", settings=_choose_settings, attach=_attach_metadata,
        write_still=write_still, write_all=write_pages,
    ),
)  # fmt: skip
