"""The RIFF head of a WebP (RFC 9649): whether the file is whole, and how large its canvas is.

libwebp takes memory for the canvas when it is opened, so its size is read before that.
"""

from worker.conversion_error import corrupt, truncated


def canvas(data: bytes) -> tuple[int, int]:
    """Width and height in pixels. Raises ConversionError when the file is shorter than it says, or damaged."""
    if len(data) < 30 or int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise truncated()
    kind, body = data[12:16], data[20:30]
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise corrupt("its first block is no picture")


def frames(data: bytes) -> int:
    """How many frames a whole WebP has."""
    count, at = 0, 12
    while at + 8 <= len(data):
        count += data[at : at + 4] == b"ANMF"
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return max(1, count)
