"""Photoshop's file (Adobe Photoshop File Formats Specification): whether it has transparency, and what describes it."""

import struct
from dataclasses import dataclass

from engine.errors import truncated
from engine.metadata import Metadata, upright_xmp

IPTC, XMP, EXIF = 0x0404, 0x0424, 0x0422


@dataclass(frozen=True, slots=True)
class PsdFile:
    """`transparent` says that the first channel beyond the colours is the composite's alpha, and no saved selection."""

    transparent: bool
    metadata: Metadata


def parse(data: bytes) -> PsdFile:
    """The parts before the composite. Raises ConversionError (truncated) when the file ends in them."""
    at = 26
    sections = []
    for _ in range(3):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 4 + length > len(data):
            raise truncated()
        sections.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    _, resources, layers = sections
    found = _resources(resources)
    metadata = Metadata(exif=found.get(EXIF, b""), xmp=upright_xmp(found.get(XMP, b"")), iptc=found.get(IPTC, b""))
    return PsdFile(_has_transparency(layers), metadata)


def _has_transparency(layers: bytes) -> bool:
    """A count of layers below zero says so."""
    if len(layers) < 6 or not int.from_bytes(layers[:4], "big"):
        return False
    (count,) = struct.unpack_from(">h", layers, 4)
    return bool(count < 0)


def _resources(block: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while block[at : at + 4] == b"8BIM" and at + 12 <= len(block):
        kind, name = int.from_bytes(block[at + 4 : at + 6], "big"), block[at + 6] + 1
        at += 6 + name + name % 2
        size = int.from_bytes(block[at : at + 4], "big")
        found.setdefault(kind, block[at + 4 : at + 4 + size])
        at += 4 + size + size % 2
    return found
