"""Photoshop's blocks (Adobe Photoshop File Formats Specification): image resources, and the parts of a PSD around them.

JPEG and TIFF hold the same resources as PSD does, with IPTC records among them.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import truncated
from engine.metadata import Metadata, strip_xmp_orientation

SEGMENT_MARK = b"Photoshop 3.0\0"
"""What stands before the resources in a segment of a JPEG."""

BLOCK_MARK = b"8BIM"
IPTC, XMP, EXIF = 0x0404, 0x0424, 0x0422


@dataclass(frozen=True, slots=True)
class PsdFile:
    """`transparent` says that the first channel beyond the colors is the composite's alpha.

    Else it is a saved selection.
    """

    transparent: bool
    metadata: Metadata


def parse_psd(data: bytes) -> PsdFile:
    """Read the parts before the composite. Raise ConversionError (truncated) when the file ends in them."""
    at = 26
    sections = []
    for _ in range(3):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 4 + length > len(data):
            raise truncated()
        sections.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    _, resources, layers = sections
    found = read_resources(resources)
    metadata = Metadata(
        exif=found.get(EXIF, b""), xmp=strip_xmp_orientation(found.get(XMP, b"")), iptc=found.get(IPTC, b"")
    )
    return PsdFile(_has_transparency(layers), metadata)


def _has_transparency(layers: bytes) -> bool:
    """Return whether the count of layers is negative. So Photoshop marks transparency."""
    if len(layers) < 6 or not int.from_bytes(layers[:4], "big"):
        return False
    (count,) = struct.unpack_from(">h", layers, 4)
    return bool(count < 0)


def read_resources(block: bytes) -> dict[int, bytes]:
    """Return the bodies of the resources by their number. Of equal numbers the first counts."""
    found: dict[int, bytes] = {}
    for number, body in _iter_resources(block):
        found.setdefault(number, body)
    return found


def read_iptc(block: bytes) -> bytes:
    """Return the IPTC records of the resources, b"" when there are none."""
    return read_resources(block).get(IPTC, b"")


def pack_iptc(iptc: bytes) -> bytes:
    """Return resources with nothing but these IPTC records."""
    return BLOCK_MARK + struct.pack(">HxxI", IPTC, len(iptc)) + iptc + b"\0" * (len(iptc) % 2)


def _iter_resources(block: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while block[at : at + 4] == BLOCK_MARK and at + 12 <= len(block):
        number, name = int.from_bytes(block[at + 4 : at + 6], "big"), block[at + 6] + 1
        at += 6 + name + name % 2
        size = int.from_bytes(block[at : at + 4], "big")
        yield number, block[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
