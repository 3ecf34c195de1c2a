"""EXIF, XMP, IPTC, comments and text: read from a file, cut down to a target.

Orientation is baked into the pixels, so it is taken out of the EXIF block (and its thumbnail) and out of XMP.
The EXIF block is edited in place, as offsets inside of maker notes would not survive being written anew.
"""

import re
import struct
from dataclasses import dataclass, field, fields

from engine.containers import tiff

ORIENTATION = 0x0112
EXIF_MARK = b"Exif\0\0"
# Every repetition is bounded: packets are padded with thousands of blanks, over which an open one goes again and again.
XMP_ORIENTATION = (
    re.compile(rb"""\s[\w.-]{1,64}:Orientation\s{0,64}=\s{0,64}["'][0-9]["']"""),
    re.compile(rb"<([\w.-]{1,64}:Orientation)>\s{0,64}[0-9]\s{0,64}</\1>"),
)


@dataclass(frozen=True, slots=True)
class Metadata:
    """The description of a picture beside its pixels, each part as raw bytes.

    `exif` is a TIFF block without the `Exif` mark; `iptc` the IIM records; `text` holds whole PNG text chunks
    (type, data).
    """

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    comment: bytes = b""
    text: tuple[tuple[bytes, bytes], ...] = field(default=())

    def list_parts(self) -> set[str]:
        """Return the names of the parts with a value."""
        return {part.name for part in fields(self) if getattr(self, part.name)}

    def with_missing(self, other: "Metadata") -> "Metadata":
        """Return the metadata with the other's parts where it has none."""
        return Metadata(**{part.name: getattr(self, part.name) or getattr(other, part.name) for part in fields(self)})

    def without_parts(self, parts: set[str]) -> "Metadata":
        """Return the metadata without those parts."""
        nothing = Metadata()
        return Metadata(
            **{part.name: getattr(nothing if part.name in parts else self, part.name) for part in fields(self)}
        )


SPOKEN = {"exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "comment": "a comment", "text": "text"}


def name_parts(parts: set[str]) -> str:
    """Return the names of those parts for a sentence."""
    return ", ".join(word for part, word in SPOKEN.items() if part in parts)


def strip_exif_mark(exif: bytes) -> bytes:
    """Return the TIFF block of an EXIF segment. Some writers mark it once or twice."""
    while exif.startswith(EXIF_MARK):
        exif = exif[len(EXIF_MARK) :]
    return exif


def strip_xmp_orientation(xmp: bytes) -> bytes:
    """Strip the orientation from an XMP packet."""
    for pattern in XMP_ORIENTATION:
        xmp = pattern.sub(b"", xmp)
    return xmp


def strip_exif_orientation(exif: bytes, *, keep_thumbnail: bool) -> bytes:
    """Strip the orientation from an EXIF block, and with it a thumbnail on its side.

    A block whose structure is broken is given up as a whole (b"").
    """
    block = bytearray(exif)
    try:
        order = tiff.read_order(block)
        link = tiff.remove_entries(block, order, tiff.find_first(block, order), ORIENTATION)
        second = tiff.read_number(block, order, link)
        if second and keep_thumbnail:
            tiff.remove_entries(block, order, second, ORIENTATION)
        elif second:
            _drop_thumbnail(block, order, link, second)
    except struct.error:
        return b""
    return bytes(block)


def _drop_thumbnail(block: bytearray, order: str, link: int, at: int) -> None:
    """Unlink the second directory and blank its JPEG."""
    struct.pack_into(f"{order}I", block, link, 0)
    entries = tiff.read_entries(block, order, at)
    values = {entry.tag: tiff.read_number(block, order, entry.at + 8) for entry in entries}
    start, length = values.get(0x0201, 0), values.get(0x0202, 0)
    end = min(start + length, len(block))
    if 0 < start < end:
        block[start:end] = bytes(end - start)


def pack_exif_orientation(orientation: int) -> bytes:
    """Return an EXIF block of nothing but an orientation."""
    return struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, ORIENTATION, tiff.SHORT, 1, orientation, 0, 0)


def read_exif_orientation(exif: bytes) -> int:
    """Return the orientation (1 to 8) of an EXIF block, 1 when it names no such number."""
    try:
        order = tiff.read_order(exif)
        for entry in tiff.read_entries(exif, order, tiff.find_first(exif, order)):
            if entry.tag == ORIENTATION and entry.kind in {tiff.SHORT, tiff.LONG}:
                value = tiff.read_value(exif, order, entry)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
