"""What `metadata=safe` keeps: author, copyright, credit, title and description, made anew.

Everything else goes: place, device, serial numbers, thumbnails, maker notes, software, times. Nothing is cut out of what
was there; only what is known and wanted is copied, so that nothing can hide.
"""

import struct

from engine.containers import iptc, tiff
from engine.metadata import Metadata
from engine.xmp_credits import keep_xmp_credits

CREDITS = (0x010E, 0x013B, 0x8298)
"""ImageDescription, Artist and Copyright (EXIF 2.32, section 4.6.4), in order, as directories want them."""

ASCII = 2
HEAD = b"II*\0\x08\0\0\0"
LONGEST = 32_768
"""Bytes of one text. A JPEG's segment holds two."""

KEYWORDS = frozenset({b"Author", b"Copyright", b"Title", b"Description"})
"""Of the keywords in the PNG specification, third edition, section 11.3.3.1."""


def keep_credits(metadata: Metadata) -> Metadata:
    """Return the credits of a picture and nothing else. What is broken has none."""
    return Metadata(
        exif=keep_exif_credits(metadata.exif),
        xmp=keep_xmp_credits(metadata.xmp),
        iptc=iptc.keep_records(metadata.iptc, iptc.CREDITS),
        text=tuple((kind, data) for kind, data in metadata.text if data.partition(b"\0")[0] in KEYWORDS),
    )


def keep_exif_credits(exif: bytes) -> bytes:
    """Return a new EXIF block with nothing but the credits, b"" when there are none."""
    try:
        order = tiff.read_order(exif)
        entries = list(tiff.read_entries(exif, order, tiff.find_first(exif, order)))
        found = {entry.tag: _read_text(exif, order, entry) for entry in entries if entry.tag in CREDITS}
    except struct.error:
        return b""
    return _pack_exif({tag: found[tag] for tag in CREDITS if found.get(tag)})


def _read_text(exif: bytes, order: str, entry: tiff.Entry) -> bytes:
    """Return a text with its end mark. A copyright may have two parts with a mark between."""
    if entry.kind != ASCII:
        return b""
    count = tiff.read_number(exif, order, entry.at + 4)
    start = entry.at + 8 if count <= 4 else tiff.read_number(exif, order, entry.at + 8)
    text = exif[start : start + count].rstrip(b"\0")
    return text + b"\0" if text and len(text) < LONGEST else b""


def _pack_exif(texts: dict[int, bytes]) -> bytes:
    if not texts:
        return b""
    directory, values = struct.pack("<H", len(texts)), b""
    start = len(HEAD) + 2 + tiff.ENTRY * len(texts) + 4
    for tag, text in texts.items():
        place = text.ljust(4, b"\0") if len(text) <= 4 else struct.pack("<I", start + len(values))
        directory += struct.pack("<HHI", tag, ASCII, len(text)) + place
        values += b"" if len(text) <= 4 else text + bytes(len(text) % 2)
    return HEAD + directory + bytes(4) + values
