"""TIFF: written by Pillow (libtiff), with the directories of EXIF put in behind it.

libtiff takes no directories inside of a directory from Pillow, and without libtiff nothing would be compressed.
"""

import io
import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, TypeVar

from PIL import ExifTags, Image, TiffImagePlugin

from engine.codecs.writers import sequences
from engine.codecs.writers.plan import Plan
from engine.image import Frame

Said = TypeVar("Said")

EXIF = "kept_exif"
"""The name of the plan's setting that holds the EXIF block."""

LITTLE = b"II*\0\x08\0\0\0"
ENTRY = 12
LAYOUT = frozenset({0x00FE, 0x0100, 0x0101, 0x0102, 0x0103, 0x0106, 0x011C, 0x013D, 0x0201, 0x0202, 0x0112,
                    *range(0x0111, 0x0118)})  # fmt: skip
"""What describes how pixels are stored; of a picture that was stored in another way."""


def write_still(frame: Frame, plan: Plan, sink: BinaryIO) -> tuple[int, int]:
    """One picture."""
    return _written(partial(sequences.write_still, frame, plan), plan, sink)


def write_pages(frames: Iterator[Frame], plan: Plan, sink: BinaryIO) -> int:
    """Each page with its own size, mode and profile; the first carries the metadata."""
    return _written(partial(sequences.write_pages, frames, plan), plan, sink)


def _written(write: Callable[[BinaryIO], Said], plan: Plan, sink: BinaryIO) -> Said:
    """What `write` says; EXIF, which it cannot write, is put into the file afterwards."""
    exif = plan.settings.pop(EXIF, b"")
    if not exif:
        return write(sink)
    buffer = io.BytesIO()
    said = write(buffer)
    sink.write(with_exif(buffer.getvalue(), exif))
    return said


def with_exif(data: bytes, exif: bytes) -> bytes:
    """A little-endian TIFF with what an EXIF block says of the picture; the first directory moves to the end."""
    if not data.startswith(LITTLE[:4]):
        raise ValueError("this is no TIFF of the kind that Pillow writes here")
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    end = first + 2 + ENTRY * count
    old = _entries(data[first + 2 : end])
    data += bytes(len(data) % 2)
    added = _directory(exif, old.keys())
    # The new values lie behind the directory of all entries, as if the old ones were before it.
    block = added.tobytes(len(data) + ENTRY * count)
    (new,) = struct.unpack_from("<H", block)
    merged = old | _entries(block[2 : 2 + ENTRY * new])
    directory = struct.pack("<H", len(merged)) + b"".join(merged[tag] for tag in sorted(merged))
    values = block[2 + ENTRY * new + 4 :]
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + directory + data[end : end + 4] + values


def _entries(block: bytes) -> dict[int, bytes]:
    parts = (block[at : at + ENTRY] for at in range(0, len(block), ENTRY))
    return {int.from_bytes(part[:2], "little"): part for part in parts}


def _directory(exif: bytes, taken: Any) -> TiffImagePlugin.ImageFileDirectory_v2:
    """What an EXIF block holds, its inner directories included."""
    found, directory = Image.Exif(), TiffImagePlugin.ImageFileDirectory_v2(ifh=LITTLE)
    found.load(exif)
    for tag, value in found.items():
        if tag in taken or tag in LAYOUT:
            continue
        directory[tag] = _inner(found, tag) if tag in {ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo} else value
    return directory


def _inner(found: Image.Exif, tag: int) -> dict[int, Any]:
    values = dict(found.get_ifd(tag))
    if ExifTags.IFD.Interop in values:
        values[ExifTags.IFD.Interop] = dict(found.get_ifd(ExifTags.IFD.Interop))
    return values
