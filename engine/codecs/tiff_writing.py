"""TIFF files are written by Pillow (libtiff) in the fewest bits: one bit by CCITT's Group 4, all else by deflate.

The directories of EXIF are added afterwards: libtiff takes no directories inside of a directory from Pillow, and without
libtiff nothing would be compressed.
"""

import io
import struct
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import BinaryIO, TypeVar

from PIL import ExifTags, Image, TiffImagePlugin

from core import magic
from core.options import Options
from engine.codecs import tiff_packing
from engine.codecs.plan import WritePlan
from engine.codecs.save_settings import SaveSettings, choose_dpi, without_none
from engine.codecs.tiff_packing import PREDICTOR
from engine.containers.tiff import ENTRY, encode_text, find_first, find_link, read_entries
from engine.image import Frame
from engine.metadata import Metadata

IPTC, XMP = 33_723, 700
DEFLATE = "tiff_adobe_deflate"

Said = TypeVar("Said")

EXIF = "kept_exif"
"""The name of the plan's setting that holds the EXIF block."""

HEADER = magic.TIFF_LITTLE + b"\x08\0\0\0"
LITTLE = "<"
"""The byte order of the TIFFs that Pillow writes here."""

LAYOUT = frozenset({0x00FE, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x011C, 0x013D, 0x0201, 0x0202, 0x0112,
                    *range(0x0111, 0x0118)})  # fmt: skip
"""What describes how pixels are stored; of a picture that was stored in another way."""


def choose_settings(options: Options) -> SaveSettings:
    """Return the save parameters of every page."""
    return without_none(compression=DEFLATE, dpi=choose_dpi(options), exif=_make_tags(Metadata()))


def attach_metadata(metadata: Metadata) -> SaveSettings:
    """Return the tags, and EXIF apart.

    libtiff cannot write the directories inside of EXIF, so it is added to the finished file.
    """
    return {"exif": _make_tags(metadata)} | ({EXIF: metadata.exif} if metadata.exif else {})


def _make_tags(metadata: Metadata) -> Image.Exif:
    """Return the directory's tags: metadata, and a predictor to make deflate worth it."""
    tags = Image.Exif()
    tags[PREDICTOR] = 2
    if metadata.xmp:
        tags[XMP] = metadata.xmp
    if metadata.iptc:
        tags[IPTC] = metadata.iptc
    return tags


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one picture. Return its size in pixels."""
    return _write_with_exif(partial(tiff_packing.write_still, frame, plan), plan, sink)


def write_pages(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write each page with its own size, mode and profile. The first carries the metadata."""
    return _write_with_exif(partial(tiff_packing.write_pages, frames, plan), plan, sink)


def _write_with_exif(write: Callable[[BinaryIO], Said], plan: WritePlan, sink: BinaryIO) -> Said:
    """Let `write` write the file, then add EXIF to it. Return the answer of `write`."""
    exif = plan.settings.pop(EXIF, b"")
    if not isinstance(exif, bytes) or not exif:
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
        is_inner = tag in {ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo}
        directory[tag] = _read_inner(found, tag) if is_inner else encode_text(value)
    return directory


def _read_inner(found: Image.Exif, tag: int) -> dict[int, object]:
    values = dict(found.get_ifd(tag))
    if ExifTags.IFD.Interop in values:
        values[ExifTags.IFD.Interop] = dict(found.get_ifd(ExifTags.IFD.Interop))
    return values
