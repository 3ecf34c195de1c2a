"""Photoshop's image resources (Adobe Photoshop File Formats Specification).

JPEG and TIFF hold the same resources as PSD does, with IPTC records among them.
"""

import struct
from collections.abc import Iterator

SEGMENT_MARK = b"Photoshop 3.0\0"
"""What stands before the resources in a segment of a JPEG."""

BLOCK_MARK = b"8BIM"
MARKS = frozenset({BLOCK_MARK, b"MeSa", b"PHUT", b"AgHg", b"DCSR"})
"""Other programs of Adobe mark their resources otherwise."""

IPTC = 0x0404


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
    while block[at : at + 4] in MARKS and at + 12 <= len(block):
        number, name = int.from_bytes(block[at + 4 : at + 6], "big"), block[at + 6] + 1
        at += 6 + name + name % 2
        size = int.from_bytes(block[at : at + 4], "big")
        yield number, block[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
