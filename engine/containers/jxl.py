"""JPEG XL: the boxes around the codestream, and the codestream's header (ISO/IEC 18181-1 and -2, second edition).

The decoder gives pixels only; size, orientation, depth, animation and color are read here, before it allocates.
"""

from dataclasses import dataclass
from fractions import Fraction

from imagecodecs import BrotliError, brotli_decode

from core.magic import JXL, JXL_CODESTREAM
from engine.containers.bmff import pack_box, read_boxes
from engine.errors import corrupt, truncated

FILE_TYPE = b"\0\0\0\x14ftypjxl \0\0\0\0jxl "
RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
GREY = 1
LINEAR, SRGB = 8, 13
ALPHA, SPOT, FILTER_ARRAY = 0, 2, 5
METADATA = frozenset({b"Exif", b"xml "})
RESTORING = b"jbrd"
"""The box with what a JPEG had beside its coefficients."""

GAIN_MAP, PACKED = b"jhgm", b"brob"
"""The box of a gain map (ISO 21496-1), and one in which another is packed."""

LARGEST_METADATA = 4 << 20
"""Bytes that EXIF or XMP may unpack to; a few thousand are usual."""


@dataclass(slots=True)
class JxlHeader:
    """Facts known before decoding. The size is in pixels before `orientation` (an EXIF value) is applied.

    `primaries` and `transfer` are numbers of ITU-T H.273, 0 where the color is described in another way; `gamma` is
    that of the samples, 0 where there is a transfer. `transfer_at` is where its last four bits are in the codestream.
    `tick` is the unit of frame times in milliseconds, 0 in a file without an animation; `loop_count` 0 means forever.
    `converted` says that the decoder gives the described color, whatever profile the file holds besides.
    """

    width: int = 0
    height: int = 0
    orientation: int = 1
    depth: int = 8
    is_float: bool = False
    grey: bool = False
    alpha: bool = False
    premultiplied: bool = False
    other_channels: bool = False
    primaries: int = 1
    transfer: int = 13
    transfer_at: int = 0
    gamma: float = 0.0
    packed_profile: bool = False
    converted: bool = True
    tick: Fraction = Fraction(0)
    loop_count: int = 0


@dataclass(frozen=True, slots=True)
class JxlFile:
    """A file taken apart: the codestream's header, EXIF as a TIFF block, and XMP.

    `has_jpeg` says that a JPEG was packed into it and can be restored, `has_gain_map` that there is a box of one.
    """

    header: JxlHeader
    exif: bytes = b""
    xmp: bytes = b""
    has_jpeg: bool = False
    has_gain_map: bool = False


def parse_file(data: bytes) -> JxlFile:
    """Take a JPEG XL apart. Raise ConversionError when it ends early, is damaged or of an unsupported kind."""
    if data.startswith(JXL_CODESTREAM):
        return JxlFile(_read_header(data))
    start = b""
    found: dict[bytes, memoryview] = {}
    has_gain_map = False
    # All boxes first, so that nothing is unpacked of a file that is cut off.
    for kind, first, end in list(read_boxes(data, len(JXL), len(data))):
        body = memoryview(data)[first:end]
        if kind in {b"jxlc", b"jxlp"} and len(start) < 4096:
            start += bytes(body[4 if kind == b"jxlp" else 0 :][:4096])
        has_gain_map |= GAIN_MAP in {kind, bytes(body[:4]) if kind == PACKED else b""}
        found.setdefault(*_unpack_box(kind, body))
    if not start:
        raise truncated()
    exif = bytes(found.get(b"Exif", b""))
    skipped = 4 + int.from_bytes(exif[:4], "big")
    return JxlFile(
        _read_header(start), exif[skipped:], bytes(found.get(b"xml ", b"")), has_jpeg=RESTORING in found,
        has_gain_map=has_gain_map,
    )  # fmt: skip


def _unpack_box(kind: bytes, body: memoryview) -> tuple[bytes, memoryview]:
    """Return type and body of the box inside of a `brob` box, unpacked.

    One that is too large or damaged stays packed, so it is ignored.
    """
    inner = bytes(body[:4])
    if kind != PACKED or inner not in METADATA:
        return kind, body
    try:
        return inner, memoryview(brotli_decode(bytes(body[4:]), out=bytearray(LARGEST_METADATA)))
    except BrotliError:
        return kind, body


def insert_boxes(data: bytes, exif: bytes, xmp: bytes) -> bytes:
    """Insert EXIF (a TIFF block) and XMP before the codestream."""
    if not exif and not xmp:
        return data
    extra = (pack_box(b"Exif", bytes(4), exif) if exif else b"") + (pack_box(b"xml ", xmp) if xmp else b"")
    if data.startswith(JXL_CODESTREAM):
        return JXL + FILE_TYPE + extra + pack_box(b"jxlc", data)
    at = len(JXL) + len(FILE_TYPE)
    level = next(read_boxes(data, at, len(data)))
    if level.kind == b"jxll":
        at = level.end
    return data[:at] + extra + data[at:]


def unpack_metadata(data: bytes, *, has_jpeg: bool) -> bytes:
    """Unpack EXIF and XMP, which not every program does. Without a JPEG, drop its box, and the EXIF that belongs to it.

    The picture stays as it is.
    """
    at, kept = len(JXL), [data[: len(JXL)]]
    for box in read_boxes(data, at, len(data)):
        kind, body = _unpack_box(box.kind, memoryview(data)[box.start : box.end])
        if has_jpeg or kind not in {RESTORING, b"Exif"}:
            kept.append(data[at : box.end] if kind == box.kind else pack_box(kind, body))
        at = box.end
    return b"".join(kept)


def mark_as_srgb(data: bytes) -> bytes:
    """Mark samples as sRGB's. The file calls them linear light."""
    start = data.index(JXL_CODESTREAM)
    header = _read_header(data[start:])
    if header.transfer != LINEAR:
        raise ValueError("these samples are not called linear")
    changed = bytearray(data)
    # Both numbers are written as four bits after the same choice of four.
    for bit, at in enumerate(range(header.transfer_at, header.transfer_at + 4)):
        byte, place = start + len(JXL_CODESTREAM) + at // 8, at % 8
        changed[byte] = changed[byte] & ~(1 << place) | ((SRGB - 2) >> bit & 1) << place
    return bytes(changed)


class _Bits:
    """Bits from the least significant on. Raises ConversionError (truncated) behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value, self._length = int.from_bytes(data[:4096], "little"), 8 * min(len(data), 4096)
        self.at = 0

    def take_bits(self, count: int) -> int:
        """Return the next bits as a number."""
        if self.at + count > self._length:
            raise truncated()
        value = self._value >> self.at & (1 << count) - 1
        self.at += count
        return value

    def take_flag(self) -> bool:
        """Return the next bit."""
        return bool(self.take_bits(1))

    def take_number(self, *choices: tuple[int, int]) -> int:
        """Return a number in one of four codes: so many bits, and an offset to add."""
        bits, offset = choices[self.take_bits(2)]
        return self.take_bits(bits) + offset

    def take_kind(self) -> int:
        """Return an enumerated value."""
        return self.take_number((0, 0), (0, 1), (4, 2), (6, 18))


def _read_header(data: bytes) -> JxlHeader:
    bits, header = _Bits(data[2:]), JxlHeader()
    if not data.startswith(JXL_CODESTREAM):
        raise corrupt("it holds no JPEG XL codestream")
    header.width, header.height = _read_size(bits)
    if bits.take_flag():
        return header
    if bits.take_flag():
        _read_extra_fields(bits, header)
    header.is_float, header.depth = _read_depth(bits)
    bits.take_flag()
    for _ in range(bits.take_number((0, 0), (0, 1), (4, 2), (12, 1))):
        _read_extra_channel(bits, header)
    header.converted = bits.take_flag()
    _read_color(bits, header)
    return header


def _read_size(bits: _Bits) -> tuple[int, int]:
    small = bits.take_flag()
    height = _read_side(bits, small=small)
    ratio = bits.take_bits(3)
    if not ratio:
        return _read_side(bits, small=small), height
    part, whole = RATIOS[ratio]
    return height * part // whole, height


def _read_side(bits: _Bits, *, small: bool) -> int:
    return (bits.take_bits(5) + 1) * 8 if small else bits.take_number((9, 1), (13, 1), (18, 1), (30, 1))


def _read_extra_fields(bits: _Bits, header: JxlHeader) -> None:
    header.orientation = bits.take_bits(3) + 1
    if bits.take_flag():
        _read_size(bits)
    if bits.take_flag():
        _skip_preview(bits)
    if bits.take_flag():
        _read_animation(bits, header)


def _read_animation(bits: _Bits, header: JxlHeader) -> None:
    ticks = bits.take_number((0, 100), (0, 1000), (10, 1), (30, 1))
    seconds = bits.take_number((0, 1), (0, 1001), (8, 1), (10, 1))
    header.tick = Fraction(1000 * seconds, ticks)
    header.loop_count = bits.take_number((0, 0), (3, 0), (16, 0), (32, 0))
    bits.take_flag()


def _skip_preview(bits: _Bits) -> None:
    eighths = bits.take_flag()
    side = ((0, 16), (0, 32), (5, 1), (9, 33)) if eighths else ((6, 1), (8, 65), (10, 321), (12, 1345))
    bits.take_number(*side)
    if not bits.take_bits(3):
        bits.take_number(*side)


def _read_depth(bits: _Bits) -> tuple[bool, int]:
    if not bits.take_flag():
        return False, bits.take_number((0, 8), (0, 10), (0, 12), (6, 1))
    depth = bits.take_number((0, 32), (0, 16), (0, 24), (6, 1))
    bits.take_bits(4)
    return True, depth


def _read_extra_channel(bits: _Bits, header: JxlHeader) -> None:
    kind = ALPHA
    associated = False
    if not bits.take_flag():
        kind = bits.take_kind()
        _read_depth(bits)
        bits.take_number((0, 0), (0, 3), (0, 4), (3, 1))
        for _ in range(bits.take_number((0, 0), (4, 0), (5, 16), (10, 48))):
            bits.take_bits(8)
        if kind == ALPHA:
            associated = bits.take_flag()
        elif kind == SPOT:
            bits.take_bits(64)
        elif kind == FILTER_ARRAY:
            bits.take_number((0, 1), (2, 0), (4, 3), (8, 19))
    if kind == ALPHA and not header.alpha:
        header.alpha, header.premultiplied = True, associated
    else:
        header.other_channels = True


def _read_color(bits: _Bits, header: JxlHeader) -> None:
    if bits.take_flag():
        return
    header.packed_profile = bits.take_flag()
    space = bits.take_kind()
    header.grey = space == GREY
    if header.packed_profile:
        return
    white = bits.take_kind()
    if white == 2:
        _skip_points(bits, 1)
    primaries = 1
    if not header.grey:
        primaries = bits.take_kind()
        if primaries == 2:
            _skip_points(bits, 3)
    if bits.take_flag():
        header.gamma = 10_000_000 / max(1, bits.take_bits(24))
    else:
        header.transfer, header.transfer_at = bits.take_kind(), bits.at - 4
    header.primaries = {(1, 1): 1, (1, 9): 9, (1, 11): 12, (11, 11): 11}.get((white, primaries), 0)


def _skip_points(bits: _Bits, count: int) -> None:
    for _ in range(2 * count):
        bits.take_number((19, 0), (19, 0), (20, 0), (21, 0))
