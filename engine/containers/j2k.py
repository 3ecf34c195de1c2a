"""JPEG 2000 (ISO/IEC 15444-1): facts of the boxes and of the codestream's header. Pillow does not pass them on."""

from dataclasses import dataclass

from core import magic
from engine.containers.bmff import Box, read_boxes
from engine.errors import truncated

SIZE = b"\xff\x51"
UUID_EXIF = b"JpgTiffExif->JP2"
UUID_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
ICC_METHODS = {2, 3}


@dataclass(frozen=True, slots=True)
class Jp2Header:
    """`depth` is the bits of a sample, the most of any component. EXIF and XMP are whole blocks."""

    depth: int
    profile: bytes | None = None
    exif: bytes = b""
    xmp: bytes = b""


def parse_file(data: bytes) -> Jp2Header:
    """Take a JPEG 2000 apart. Raise ConversionError (truncated) when a box says that the file goes on."""
    if data.startswith(magic.J2K_CODESTREAM):
        return Jp2Header(_read_depth(data, 0))
    top = list(read_boxes(data, 0, len(data)))
    codestream = next((box for box in top if box.kind == b"jp2c"), None)
    if codestream is None:
        raise truncated()
    uuids = {data[box.start : box.start + 16]: data[box.start + 16 : box.end] for box in top if box.kind == b"uuid"}
    profile = next((_read_profile(data, box) for box in top if box.kind == b"jp2h"), None)
    return Jp2Header(_read_depth(data, codestream.start), profile, uuids.get(UUID_EXIF, b""), uuids.get(UUID_XMP, b""))


def _read_profile(data: bytes, header: Box) -> bytes | None:
    for box in read_boxes(data, header.start, header.end):
        if box.kind == b"colr" and data[box.start] in ICC_METHODS:
            return data[box.start + 3 : box.end]
    return None


def _read_depth(data: bytes, start: int) -> int:
    """Return the depth by the components in the marker SIZ (A.5.1). That marker comes first."""
    count = int.from_bytes(data[start + 40 : start + 42], "big")
    components = data[start + 42 : start + 42 + 3 * count : 3]
    if data[start + 2 : start + 4] != SIZE or not components:
        raise truncated()
    return max(depth & 0x7F for depth in components) + 1
