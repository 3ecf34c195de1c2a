"""The chunks of a PNG (PNG specification, third edition, section 5), those of a flawed file included."""

import struct
import zlib
from collections.abc import Callable, Iterator

from core.magic import PNG
from engine.errors import corrupt, truncated

DATA = {b"IDAT", b"fdAT"}
NEEDED = {b"IHDR", b"PLTE", b"acTL", b"fcTL"}
"""What the pixels depend on, beside the image data."""

LENGTHS = {b"pHYs": 9, b"gAMA": 4, b"sRGB": 1, b"cHRM": 32, b"cICP": 4, b"tIME": 7}
"""Bytes of the chunks that have one length only."""

EARLY = {
    **dict.fromkeys((b"gAMA", b"sRGB", b"cHRM", b"cICP", b"iCCP"), frozenset({b"PLTE", b"IDAT"})),
    **dict.fromkeys((b"PLTE", b"tRNS"), frozenset({b"IDAT"})),
}
"""What changes the picture's colors counts once, and only before these chunks (section 5.6)."""

ENDLESS = "its end is missing"
NO_CHUNK = "bytes that are no block of it stand at its end"
WRONG_SUM = "a check sum beside the picture is wrong"
WRONG_DATA_SUM = "a check sum of its data is wrong"
SENSELESS = "a block beside the picture makes no sense"

Note = Callable[[str], None]


def pack_chunk(kind: bytes, *parts: bytes | memoryview) -> bytes:
    """Return a chunk with its length and check sum."""
    data = b"".join(parts)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def read_chunks(data: bytes, note: Note = lambda _: None) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the chunks up to and with IEND. Raise ConversionError (truncated or corrupt) when pixels may be missing.

    A flaw beside the pixels is told to `note`, and its chunk left out. Image data with a wrong sum have one more sum
    inside of them, so they are yielded; of data that are cut off, what is there is.
    """
    view, at = memoryview(data), len(PNG)
    seen: set[bytes] = set()
    while True:
        length, kind = int.from_bytes(view[at : at + 4], "big"), bytes(view[at + 4 : at + 8])
        body, check = view[at + 8 : at + 8 + length], view[at + 8 + length : at + 12 + length]
        if problem := _find_end(length, kind, len(check)):
            _note_end(problem, note, begun=b"IDAT" in seen | {kind})
            if kind in DATA and body:
                yield kind, body
            yield b"IEND", view[:0]
            return
        if _is_sound(kind, body, check, note) and _is_in_place(kind, seen, note):
            seen.add(kind)
            yield kind, body
        if kind == b"IEND":
            return
        at += 12 + length


def find_end(data: bytes) -> int:
    """Return where the chunk IEND ends, or the length of the data."""
    at = len(PNG)
    while at < len(data):
        kind, at = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        if kind == b"IEND":
            break
    return min(at, len(data))


def _find_end(length: int, kind: bytes, check: int) -> str:
    """Return why no whole chunk stands here, "" where one does."""
    if len(kind) == 4 and (length >= 1 << 31 or not kind.isalpha()):
        return NO_CHUNK
    return ENDLESS if check < 4 else ""


def _note_end(problem: str, note: Note, *, begun: bool) -> None:
    if not begun:
        raise corrupt("a block of it is no PNG block") if problem == NO_CHUNK else truncated()
    note(problem)


def _is_sound(kind: bytes, body: memoryview, check: memoryview, note: Note) -> bool:
    if zlib.crc32(body, zlib.crc32(kind)) != int.from_bytes(check, "big"):
        if kind in NEEDED:
            raise corrupt("a check sum is wrong")
        note(WRONG_DATA_SUM if kind in DATA else WRONG_SUM)
        return kind in DATA or kind == b"IEND"
    if len(body) != LENGTHS.get(kind, len(body)):
        note(SENSELESS)
        return False
    return True


def _is_in_place(kind: bytes, seen: set[bytes], note: Note) -> bool:
    if kind not in EARLY or not (seen & EARLY[kind] or kind in seen):
        return True
    note(SENSELESS)
    return False
