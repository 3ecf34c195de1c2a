"""The RIFF head of a WebP (RFC 9649): whether the file is whole, and how large its canvas is.

libwebp takes memory for the canvas when it is opened, so its size is read before that.
"""

from typing import NamedTuple

from engine.containers.disposal import Disposal
from engine.errors import corrupt, truncated

DISPOSALS = {0: Disposal.KEEP, 1: Disposal.CLEAR}
"""By the lowest bit of a frame's flags."""

FLAGS, ALPHA_FLAG = 20, 0x10
PIXELS = {b"VP8 ", b"VP8L", b"ALPH", b"ANMF"}
BESIDE = {b"EXIF", b"XMP ", b"ICCP"}
SIMPLE = {b"VP8 ", b"VP8L"}
"""The one chunk of a file without others."""
SHORTEST_FRAME = 32
"""Bytes: the chunk of a frame with another one in it."""

WRONG_SIZE = "it tells a wrong size of itself"
CUT = "a block beside the picture is cut off"
NO_CHUNK = "bytes that are no block of it stand at its end"


class Mended(NamedTuple):
    """A file with the right size, and what was wrong with its own, "" for a sound one."""

    data: bytes
    flaw: str


def read_length(data: bytes) -> int:
    """Return how many bytes the file says that it has."""
    return int.from_bytes(data[4:8], "little") + 8


def mend_file(data: bytes) -> Mended:
    """Return a file of those chunks that are whole. Raise ConversionError (truncated) when one with pixels is not."""
    told, at, end = read_length(data), 12, 12
    chunks: list[bytes] = []
    while at + 8 <= len(data) and at != told:
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size
        if end > len(data) and kind in PIXELS:
            raise truncated()
        if end > len(data) or not kind.isascii() or not kind.strip().isalnum():
            return Mended(_pack_chunks(chunks), CUT if kind in BESIDE else NO_CHUNK)
        chunks.append(data[at:end])
        at = end + size % 2
    if at == told and at <= len(data):
        return Mended(data, "")
    if told - end >= SHORTEST_FRAME and any(chunk.startswith(b"ANMF") for chunk in chunks):
        raise truncated()
    return Mended(_pack_chunks(chunks), WRONG_SIZE)


def _pack_chunks(chunks: list[bytes]) -> bytes:
    if not chunks:
        raise truncated()
    kept = chunks[:1] if chunks[0][:4] in SIMPLE else chunks
    body = b"WEBP" + b"".join(chunk + bytes(len(chunk) % 2) for chunk in kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def read_canvas(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels. Raise ConversionError when the file is damaged."""
    if len(data) < 30:
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


def count_frames(data: bytes) -> int:
    """Count the frames of a whole WebP."""
    return max(1, len(_find_frame_heads(data)))


def has_clear_parts(data: bytes) -> bool:
    """Say whether an animation leaves part of its canvas clear, though each of its frames may be opaque.

    The file's alpha flag tells of the frames only, and libwebp's own encoder stores no more than the part that is seen.
    """
    whole, uncovered = read_canvas(data), True
    for head in _find_frame_heads(data):
        left, top, width, height = (_read_number(head[at : at + 3]) for at in (0, 3, 6, 9))
        if uncovered and (left, top, width + 1, height + 1) != (0, 0, *whole):
            return True
        uncovered = DISPOSALS[head[15] & 1] is Disposal.CLEAR
    return False


def set_alpha_flag(data: bytes) -> bytes:
    """Set the flag of alpha in a file with a VP8X chunk.

    Some readers go by it.
    """
    return data[:FLAGS] + bytes([data[FLAGS] | ALPHA_FLAG]) + data[FLAGS + 1 :]


def _find_frame_heads(data: bytes) -> list[bytes]:
    """Return the 16 bytes before each frame's own chunks: place and size, time, flags (RFC 9649, section 2.7.1.1)."""
    heads, at = [], 12
    while at + 8 <= len(data):
        if data[at : at + 4] == b"ANMF" and at + 24 <= len(data):
            heads.append(data[at + 8 : at + 24])
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return heads


def _read_number(three: bytes) -> int:
    return int.from_bytes(three, "little")
