"""JPEG 2000 (ISO/IEC 15444-1): facts of the boxes and of the codestream's header. Pillow does not pass them on."""

import struct
from dataclasses import dataclass, replace

from core import magic
from engine.containers.bmff import Box, pack_box, read_boxes
from engine.errors import ConversionError, truncated

SIZE = b"\xff\x51"
UUID_EXIF = b"JpgTiffExif->JP2"
UUID_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
ENUMERATED, LUMA = b"\1", b"\0\0\0\x12"
"""A color by its number, and that of luma and chroma (I.5.3.3)."""

ICC_METHODS = {b"\2", b"\3"}
RESOLUTION = b"res "
BROKEN_RESOLUTION = "its resolution makes no sense"
PLAIN_SPACES = {16, 17}
"""Enumerated colors (I.5.3.3): sRGB and grey."""


@dataclass(frozen=True, slots=True)
class Jp2Header:
    """`depth` is the bits of a sample, the most of any component. EXIF and XMP are whole blocks.

    `flaw` is that of a box beside the picture, "" for none.

    `is_plain` says that the components are samples as they are, all of one depth and size: no palette, no luma and
    chroma; all or none of them have a sign. `depths` has the bits of each component, `palette` those of each column of the palette.
    """

    depth: int
    components: int = 1
    is_plain: bool = False
    depths: tuple[int, ...] = ()
    palette: tuple[int, ...] = ()
    is_luma: bool = False
    profile: bytes | None = None
    exif: bytes = b""
    xmp: bytes = b""
    flaw: str = ""


def parse_file(data: bytes) -> Jp2Header:
    """Take a JPEG 2000 apart. Raise ConversionError (truncated) when a box says that the file goes on."""
    if data.startswith(magic.J2K_CODESTREAM):
        return _read_codestream(data, 0)
    top = list(read_boxes(data, 0, len(data)))
    codestream = next((box for box in top if box.kind == b"jp2c"), None)
    if codestream is None:
        raise truncated()
    uuids = {data[box.start : box.start + 16]: data[box.start + 16 : box.end] for box in top if box.kind == b"uuid"}
    boxes = [inner for box in top if box.kind == b"jp2h" for inner in read_boxes(data, box.start, box.end)]
    header = _read_codestream(data, codestream.start)
    return replace(
        header,
        is_plain=header.is_plain and all(_is_plain(data, box) for box in boxes),
        is_luma=any(_is_luma(data, box) for box in boxes),
        palette=next((_read_palette(data, box) for box in boxes if box.kind == b"pclr"), ()),
        profile=next((data[box.start + 3 : box.end] for box in boxes if _is_profile(data, box)), None),
        exif=uuids.get(UUID_EXIF, b""),
        xmp=uuids.get(UUID_XMP, b""),
        flaw=BROKEN_RESOLUTION if any(_is_broken(data, box) for box in boxes) else "",
    )


def drop_resolution(data: bytes) -> bytes:
    """Return the file without its resolution, over which decoders give up when it is broken."""
    header = next(box for box in read_boxes(data, 0, len(data)) if box.kind == b"jp2h")
    kept = [box for box in read_boxes(data, header.start, header.end) if box.kind != RESOLUTION]
    boxes = b"".join(pack_box(box.kind, data[box.start : box.end]) for box in kept)
    return data[: header.start - 8] + pack_box(b"jp2h", boxes) + data[header.end :]


def _is_broken(data: bytes, box: Box) -> bool:
    """Say whether it is a box of resolutions that are longer than it."""
    if box.kind != RESOLUTION:
        return False
    try:
        return not list(read_boxes(data, box.start, box.end))
    except ConversionError:
        return True


def mark_alpha(data: bytes) -> bytes:
    """Say in the boxes that the last component is alpha (I.5.3.6). Without it that is left to the reader's guess."""
    header = next(box for box in read_boxes(data, 0, len(data)) if box.kind == b"jp2h")
    count = _read_codestream(data, data.index(magic.J2K_CODESTREAM, header.end)).components
    channels = [(index, 0, index + 1) for index in range(count - 1)] + [(count - 1, 1, 0)]
    definition = b"".join(struct.pack(">3H", *channel) for channel in channels)
    boxes = data[header.start : header.end] + pack_box(b"cdef", struct.pack(">H", count), definition)
    return data[: header.start - 8] + pack_box(b"jp2h", boxes) + data[header.end :]


def _is_profile(data: bytes, box: Box) -> bool:
    return box.kind == b"colr" and data[box.start : box.end][:1] in ICC_METHODS


def _is_plain(data: bytes, box: Box) -> bool:
    """Say whether a box of the header leaves components what they are: no palette, and a color that needs no sums."""
    if box.kind == b"colr" and not _is_profile(data, box):
        return int.from_bytes(data[box.start + 3 : box.start + 7], "big") in PLAIN_SPACES
    return box.kind not in {b"pclr", b"cmap"}


def _is_luma(data: bytes, box: Box) -> bool:
    return (
        box.kind == b"colr"
        and data[box.start : box.start + 1] == ENUMERATED
        and data[box.start + 3 : box.start + 7] == LUMA
    )


def _read_palette(data: bytes, box: Box) -> tuple[int, ...]:
    """Return the bits of each column of a palette (I.5.3.4)."""
    count = data[box.start + 2] if box.end - box.start > 2 else 0
    return tuple((depth & 0x7F) + 1 for depth in data[box.start + 3 : min(box.start + 3 + count, box.end)])


def _read_codestream(data: bytes, start: int) -> Jp2Header:
    """Read the components in the marker SIZ (A.5.1). That marker comes first."""
    count = int.from_bytes(data[start + 40 : start + 42], "big")
    components = data[start + 42 : start + 42 + 3 * count]
    if data[start + 2 : start + 4] != SIZE or not components:
        raise truncated()
    depths = tuple((depth & 0x7F) + 1 for depth in components[::3])
    depth = max(depths)
    return Jp2Header(
        depth,
        count,
        is_plain=components in {bytes((sign | depth - 1, 1, 1)) * count for sign in (0, 0x80)},
        depths=depths,
    )
