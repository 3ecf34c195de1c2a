"""BMP: sizes that its headers tell wrong, padding, runs (Microsoft's "Bitmap Storage")."""

import struct
from collections.abc import Iterator

from conformance import images
from conformance.flaws.flaw import JUNK, Flaw, Owed, make_photo

Found = Iterator[tuple[str, Owed, bytes]]
WIDTH, HEIGHT = 77, 64


def make_flaws() -> Iterator[Flaw]:
    """Yield each flaw of each kind of BMP."""
    photo = make_photo().crop((0, 0, WIDTH, HEIGHT))
    kinds = {
        "colour": images.encoded(photo, "BMP"),
        "palette": images.encoded(photo.quantize(64), "BMP"),
        "grey": images.encoded(photo.convert("L"), "BMP"),
        "black and white": images.encoded(photo.convert("1"), "BMP"),
        "runs": _pack_runs(),
    }
    for kind, sound in kinds.items():
        for place, owed, data in _flaw_header(sound):
            yield Flaw("bmp", kind, place, owed, data, sound)
        flaws = _flaw_runs(sound) if kind == "runs" else _flaw_rows(sound)
        for place, owed, data in flaws:
            yield Flaw("bmp", kind, place, owed, data, sound)


def _pack_runs() -> bytes:
    table = b"".join(bytes([value * 16, 255 - value * 16, value, 0]) for value in range(16))
    rows = b"".join(bytes([38, row % 16, 39, (row + 5) % 16, 0, 0]) for row in range(HEIGHT))
    rows = rows[:-2] + b"\0\1"
    start = 54 + len(table)
    head = b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start)
    return head + struct.pack("<IiiHHIIiiII", 40, WIDTH, HEIGHT, 1, 8, 1, len(rows), 0, 0, 16, 16) + table + rows


def _flaw_header(data: bytes) -> Found:
    for name, size in (("0", 0), ("too small", 100), ("too large", len(data) + 999)):
        yield f"a file size of {name}", Owed.WHOLE, data[:2] + struct.pack("<I", size) + data[6:]
    for name, size in (("0", 0), ("too small", 100), ("too large", len(data) + 999)):
        yield f"an image size of {name}", Owed.WHOLE, data[:34] + struct.pack("<I", size) + data[38:]
    if data[28] <= 8:
        for told in (257, 1 << 31):
            yield f"{told:,} colours told", Owed.WHOLE, data[:46] + struct.pack("<I", told) + data[50:]
    yield "reserved fields in use", Owed.WHOLE, data[:6] + b"\1\2\3\4" + data[10:]
    yield "bytes behind the end", Owed.WHOLE, data + JUNK
    yield "no planes", Owed.WHOLE, data[:26] + b"\0\0" + data[28:]


def _flaw_rows(data: bytes) -> Found:
    padding = -(WIDTH * data[28] // -8) % -4
    for missing in range(1, 1 - padding):
        yield f"{missing} of the padding are missing", Owed.WARNED, data[:-missing]
    for percent in (30, 60, 95):
        yield f"cut at {percent} %", Owed.FAILURE, data[: len(data) * percent // 100]
    yield "a pixel is missing", Owed.FAILURE, data[:-8]


def _flaw_runs(data: bytes) -> Found:
    yield "no end of the picture", Owed.WHOLE, data[:-2]
    yield "an end of the row for that of the picture", Owed.WHOLE, data[:-2] + b"\0\0"
    yield "half a code behind the end", Owed.WHOLE, data + b"\0"
    for percent in (50, 95):
        yield f"cut at {percent} %", Owed.FAILURE, data[: len(data) * percent // 100]
    yield "a run is missing at the end", Owed.FAILURE, data[:-4]
