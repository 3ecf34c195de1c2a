"""What stands behind the picture of a JPEG: films, sounds, archives, and the blocks of Samsung's phones."""

import re
import struct
from collections.abc import Iterator

FILM, SOUND, DEPTH_MAP = "a short film (motion photo)", "a sound recording", "a depth map"
SAMSUNG_FOOT, SAMSUNG_HEAD = b"SEFT", b"SEFH"
SAMSUNG_KINDS = {0x0100: SOUND, 0x0A30: FILM, 0x0AB1: DEPTH_MAP, 0x0B41: DEPTH_MAP}
MOST_BLOCKS = 1000

FILM_START = re.compile(rb"\0\0\0.ftyp(?:isom|mp4|qt  |avc1|M4V|3gp|iso|MSNV|hvc1|hev1)", re.DOTALL)
"""The start of a film, by the brands of MP4 and QuickTime."""

ARCHIVE_START, SOUND_START = b"PK\3\4", re.compile(rb"RIFF....WAVE", re.DOTALL)


def name_trailers(data: bytes, start: int) -> Iterator[str]:
    """Yield what a file holds from `start` on, in words."""
    yield from name_samsung_blocks(data)
    # Some write a few bytes of their own first.
    if FILM_START.search(data, start):
        yield FILM
    if data.find(ARCHIVE_START, start, start + 64) >= 0:
        yield "a ZIP archive"
    if SOUND_START.search(data, start):
        yield SOUND


def name_samsung_blocks(data: bytes) -> Iterator[str]:
    """Yield the known blocks of a directory at the end: 12 bytes for each, its kind in the third and fourth."""
    if not data.endswith(SAMSUNG_FOOT):
        return
    head = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    if head < 0 or data[head : head + 4] != SAMSUNG_HEAD:
        return
    (count,) = struct.unpack_from("<I", data, head + 8)
    for at in range(head + 12, min(head + 12 * (1 + min(count, MOST_BLOCKS)), len(data) - 8), 12):
        (kind,) = struct.unpack_from("<H", data, at + 2)
        if kind in SAMSUNG_KINDS:
            yield SAMSUNG_KINDS[kind]
