"""PSD and PSB files (Adobe Photoshop File Formats Specification): all before the composite's planes."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from engine.containers.photoshop import IPTC, read_resources
from engine.containers.psd_layers import DEEP_LAYERS, MERGED_ALPHA, list_blocks
from engine.errors import corrupt, truncated, unsupported
from engine.metadata import Metadata, strip_xmp_orientation

HEADER, MOST_CHANNELS = 26, 56
LARGE = 2
"""The version of a PSB, whose lengths are longer."""

XMP, EXIF, PROFILE, VERSION_INFO, CLEAR_INDEX, NAMES = 0x0424, 0x0422, 0x040F, 0x0421, 0x0417, 0x03EE
CHANNEL_KINDS, SPOT = 0x0435, 2

DEPTHS = frozenset({1, 8, 16, 32})
"""Bits of a sample."""


class Mode(IntEnum):
    """The color mode of a document."""

    BITMAP = 0
    GREY = 1
    INDEXED = 2
    RGB = 3
    CMYK = 4
    MULTICHANNEL = 7
    DUOTONE = 8
    LAB = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class PsdFile:
    """A document before its composite, which starts at `start`. `depth` is in bits.

    `transparent` says that the first channel beyond the colors is the composite's alpha; else it is a saved selection
    or a spot plate. `merged` says whether there is a composite, where the file does (`None`: it does not say).
    `layers` is the section of them, kept where it does not.
    """

    large: bool
    channels: int
    size: tuple[int, int]
    depth: int
    mode: Mode
    colors: bytes
    resources: dict[int, bytes]
    transparent: bool
    merged: bool | None
    layers: bytes
    start: int

    @property
    def metadata(self) -> Metadata:
        """Return what describes the document."""
        found = self.resources
        return Metadata(
            exif=found.get(EXIF, b""), xmp=strip_xmp_orientation(found.get(XMP, b"")), iptc=found.get(IPTC, b"")
        )

    @property
    def profile(self) -> bytes | None:
        """Return the embedded color profile, None without one."""
        return self.resources.get(PROFILE) or None

    @property
    def names(self) -> list[bytes]:
        """Return the names of the channels that are not of the color mode, where the file has them."""
        block, found = self.resources.get(NAMES, b""), []
        while block:
            found.append(block[1 : 1 + block[0]])
            block = block[1 + block[0] :]
        return found[:MOST_CHANNELS]

    @property
    def row_bytes(self) -> int:
        """Return the bytes of a row of one channel."""
        return (self.size[0] * self.depth + 7) // 8


def parse_psd(data: bytes) -> PsdFile:
    """Read all before the composite. Raise ConversionError for another file, or when the file ends before."""
    if len(data) < HEADER:
        raise truncated()
    version, channels, height, width, depth, mode = struct.unpack_from(">H6xHIIHH", data, 4)
    if mode not in iter(Mode) or depth not in DEPTHS or (depth == 1) != (mode == Mode.BITMAP):
        raise unsupported("psd", f"its color mode {mode} with {depth} bits is not known here")
    if not 1 <= channels <= MOST_CHANNELS:
        raise corrupt("it has no channels")
    large = version == LARGE
    colors, at = _read_section(data, HEADER, 4)
    resources, at = _read_section(data, at, 4)
    layers, at = _read_section(data, at, 8 if large else 4)
    found = read_resources(resources)
    info = found.get(VERSION_INFO, b"")
    merged = bool(info[4]) if len(info) > 4 else None
    return PsdFile(
        large=large, channels=channels, size=(width, height), depth=depth, mode=Mode(mode), colors=colors,
        resources=found, transparent=_has_transparency(layers, large=large),
        merged=merged, layers=layers if merged is None else b"", start=at,
    )  # fmt: skip


def _read_section(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    """Return the section whose length of so many bytes is at `at`, and where it ends."""
    length = int.from_bytes(data[at : at + size], "big")
    end = at + size + length
    if end > len(data):
        raise truncated()
    return data[at + size : end], end


def _has_transparency(layers: bytes, *, large: bool) -> bool:
    """Return whether the composite has alpha: the count of layers is negative, or a block of it is there."""
    return any(
        kind in MERGED_ALPHA
        or ((not kind or kind in DEEP_LAYERS) and length >= 2 and layers[start : start + 1] >= b"\x80")
        for kind, start, length in list_blocks(layers, large=large)
    )
