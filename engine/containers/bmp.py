"""The run-length codes of a BMP (Microsoft's "Bitmap Compression"): whether they stay inside of the picture.

Decoders cut off a run that goes beyond its row. Of single pixels beyond it, and of rows beyond the picture, they make
a picture that is shifted, and say nothing.
"""

from engine.errors import corrupt

PIXELS_AT, WIDTH_AT, HEIGHT_AT, COMPRESSION_AT = 10, 18, 22, 30
SHORT_HEADER = 12
"""Bytes of the header of OS/2, which knows no compression."""

PER_BYTE = {1: 1, 2: 2}
"""Pixels in a byte, by the number of a run-length compression."""

END_OF_ROW, END_OF_PICTURE, JUMP = 0, 1, 2


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
