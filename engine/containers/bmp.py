"""BMP: missing bytes at its end, masks, whether run-length codes stay in the picture, and the file of a palette.

The codes are Microsoft's ("Bitmap Storage", "Bitmap Compression"). Decoders cut off a run that goes beyond its row. Of
single pixels beyond it, and of rows beyond the picture, they make a picture that is shifted, and say nothing.
"""

import struct
from dataclasses import dataclass

from engine.errors import corrupt, truncated, unsupported

PIXELS_AT, HEADER_AT, WIDTH_AT, HEIGHT_AT, BITS_AT, COMPRESSION_AT, DOTS_AT, COLORS_AT, MASKS_AT = (
    10,
    14,
    18,
    22,
    28,
    30,
    38,
    46,
    54,
)
SHORT_HEADER = 12
"""Bytes of the header of OS/2, which knows no compression."""

PER_BYTE = {1: 1, 2: 2}
"""Pixels in a byte, by the number of a run-length compression."""

END_OF_ROW, END_OF_PICTURE, JUMP = 0, 1, 2

MASKED, MASKED_WITH_ALPHA = 3, 6
"""Compressions that are none: samples below masks, which stand behind the first 40 bytes of the header."""

HEADER_WITH_ALPHA = 56
"""Bytes of the shortest header that has a fourth mask."""


PACKED_BY_OTHERS = {4: "JPEG", 5: "PNG"}
"""Compressions of which a BMP is the wrapping only."""

SHORT_PADDING = "the last row is shorter than rows are stored"


@dataclass(frozen=True, slots=True)
class Masked:
    """Pixels of 16 or 32 bits, their samples below masks. `stride` is the bytes of a stored row."""

    size: tuple[int, int]
    bits: int
    masks: dict[str, int]
    start: int
    from_top: bool
    dots: tuple[int, int]

    @property
    def stride(self) -> int:
        """Return the bytes of a stored row."""
        return measure_row(self.size[0], self.bits)

    @property
    def end(self) -> int:
        """Return the place behind the last pixel. Padding behind it may be missing."""
        width, height = self.size
        return self.start + self.stride * (height - 1) + width * self.bits // 8

    @property
    def depth(self) -> int:
        """Return the most bits of a sample."""
        return max(mask.bit_count() for mask in self.masks.values())


def read_masked(data: bytes) -> Masked | None:
    """Return how pixels lie below masks, None for a file without any.

    Raise ConversionError when the masks make no sense.
    """
    if len(data) < MASKS_AT or _read_number(data, HEADER_AT) < MASKS_AT - HEADER_AT:
        return None
    compression, bits = _read_number(data, COMPRESSION_AT), int.from_bytes(data[BITS_AT : BITS_AT + 2], "little")
    if compression not in {MASKED, MASKED_WITH_ALPHA} or bits not in {16, 32}:
        return None
    has_alpha = compression == MASKED_WITH_ALPHA or _read_number(data, HEADER_AT) >= HEADER_WITH_ALPHA
    masks = {
        band: _read_number(data, MASKS_AT + 4 * index) for index, band in enumerate("RGBA" if has_alpha else "RGB")
    }
    if not any(masks[band] for band in "RGB") or not all(_is_mask(mask, bits) for mask in masks.values()):
        raise unsupported("bmp", "the masks of its samples make no sense")
    width, height, across, down = (
        int.from_bytes(data[at : at + 4], "little", signed=True) for at in (WIDTH_AT, HEIGHT_AT, DOTS_AT, DOTS_AT + 4)
    )
    if width < 1 or not height:
        raise corrupt("it has no size")
    return Masked(
        (width, abs(height)), bits, {band: mask for band, mask in masks.items() if mask},
        _read_number(data, PIXELS_AT), from_top=height < 0, dots=(across, down),
    )  # fmt: skip


def _is_mask(mask: int, bits: int) -> bool:
    """Say whether the bits of a mask stand beside each other, in numbers of so many bits. Without any, there is no sample."""
    alone = mask // (mask & -mask) if mask else 0
    return mask < 1 << bits and not alone & (alone + 1)


def cut_rows(data: bytes, masked: Masked) -> bytes | memoryview:
    """Return the stored rows, with their last padding. Raise ConversionError when pixels are missing."""
    if masked.end > len(data):
        raise truncated()
    length = masked.stride * masked.size[1]
    rows = memoryview(data)[masked.start : masked.start + length]
    return rows if len(rows) == length else bytes(rows).ljust(length, b"\0")


def find_flaw(data: bytes) -> str:
    """Return the flaw of plain rows whose last padding is missing, "" for others.

    Raise ConversionError (unsupported) for a printer's file, which is a JPEG or PNG inside.
    """
    if len(data) < PIXELS_AT + 24 or _read_number(data, 14) == SHORT_HEADER:
        return ""
    compression = _read_number(data, COMPRESSION_AT)
    if inside := PACKED_BY_OTHERS.get(compression):
        raise unsupported("bmp", f"its pixels are packed as {inside}")
    bits = _read_number(data, WIDTH_AT) * int.from_bytes(data[BITS_AT : BITS_AT + 2], "little")
    height = abs(int.from_bytes(data[HEIGHT_AT : HEIGHT_AT + 4], "little", signed=True))
    padding = -(bits // -32) * 4 + bits // -8
    missing = _read_number(data, PIXELS_AT) - (bits // -32) * 4 * height - len(data)
    return SHORT_PADDING if compression not in PER_BYTE and 0 < missing <= padding else ""


def bound_palette(data: bytes) -> bytes:
    """Return the file with no more colors told than its bits can count, and than stand before the pixels."""
    if len(data) < MASKS_AT or _read_number(data, HEADER_AT) == SHORT_HEADER:
        return data
    most = 1 << int.from_bytes(data[BITS_AT : BITS_AT + 2], "little")
    if most > 256 or _read_number(data, COLORS_AT) <= most:
        return data
    stored = (_read_number(data, PIXELS_AT) - 14 - _read_number(data, HEADER_AT)) // 4
    return data[:COLORS_AT] + struct.pack("<I", max(0, min(most, stored))) + data[COLORS_AT + 4 :]


def check_runs(data: bytes) -> None:
    """Raise ConversionError when a BMP, packed by runs, has pixels outside of its picture."""
    if _read_number(data, 14) == SHORT_HEADER or (compression := _read_number(data, COMPRESSION_AT)) not in PER_BYTE:
        return
    width = _read_number(data, WIDTH_AT)
    height = abs(int.from_bytes(data[HEIGHT_AT : HEIGHT_AT + 4], "little", signed=True))
    at, x, y = _read_number(data, PIXELS_AT), 0, 0
    while at + 1 < len(data):
        count, value = data[at], data[at + 1]
        at += 2
        if count or value > JUMP:
            _raise_unless(y < height and (count or x + value <= width))
            x += count or value
            at += 0 if count else _pad_length(value, PER_BYTE[compression])
        elif value == END_OF_ROW:
            x, y = 0, y + 1
        elif value == JUMP:
            _raise_unless(at + 1 < len(data))
            x, y, at = x + data[at], y + data[at + 1], at + 2
        else:
            return


def _raise_unless(fits: int) -> None:
    if not fits:
        raise corrupt()


def _pad_length(pixels: int, per_byte: int) -> int:
    """Return the bytes of single pixels, an even number."""
    length = -(-pixels // per_byte)
    return length + length % 2


def _read_number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def measure_row(width: int, bits: int) -> int:
    """Return the bytes of a row, a multiple of four."""
    return (width * bits + 31) // 32 * 4


def pack_palette_file(size: tuple[int, int], bits: int, palette: bytes, rows: bytes, dpi: tuple[float, float]) -> bytes:
    """Return a file of palette indices. `palette` is red, green and blue of each color; `rows` go from the bottom up."""
    colors = b"".join(bytes((blue, green, red, 0)) for red, green, blue in zip(*[iter(palette)] * 3, strict=True))
    start = 14 + 40 + len(colors)
    across, down = (round(side / 0.0254) for side in dpi)
    header = struct.pack(
        "<IiiHHIIiiII", 40, *size, 1, bits, 0, len(rows), across, down, len(colors) // 4, len(colors) // 4
    )
    return struct.pack("<2sIHHI", b"BM", start + len(rows), 0, 0, start) + header + colors + rows
