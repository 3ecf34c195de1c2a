"""What stands behind the picture of a JPEG: films, sounds, archives, and the blocks of Samsung's phones."""

import re
import struct
from collections.abc import Iterator

FILM, SOUND, DEPTH_MAP = "a short film (motion photo)", "a sound recording", "a depth map"
FURTHER = "a further picture"
SAMSUNG_FOOT, SAMSUNG_HEAD = b"SEFT", b"SEFH"
SAMSUNG_KINDS = {0x0100: SOUND, 0x0A30: FILM, 0x0AB1: DEPTH_MAP, 0x0AB3: DEPTH_MAP, 0x0B41: DEPTH_MAP}
SAMSUNG_NAMES = (
    (re.compile(rb"DepthMap(?:_\d+)?\Z"), DEPTH_MAP),
    (re.compile(rb"Shot_Image(?:_\d+)?\Z"), FURTHER),
    (re.compile(rb"MotionPhoto_Data\Z"), FILM),
    (re.compile(rb"SoundShot_\d+\Z"), SOUND),
)
"""Blocks of other kinds by their names: the same content has other numbers in other phones."""

LONGEST_NAME = 100
MOST_BLOCKS = 1000

FILM_START = re.compile(rb"ftyp(?<=\0\0\0.ftyp)(?:isom|mp4|qt  |avc1|M4V|3gp|iso|MSNV|hvc1|hev1)", re.DOTALL)
"""The start of a film, by the brands of MP4 and QuickTime. A pattern that began with zeros would be slow in padding."""

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
    """Yield the known blocks of a directory at the end: 12 bytes for each, with its kind and its place before that."""
    if not data.endswith(SAMSUNG_FOOT):
        return
    head = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    if head < 0 or data[head : head + 4] != SAMSUNG_HEAD:
        return
    (count,) = struct.unpack_from("<I", data, head + 8)
    for at in range(head + 12, min(head + 12 * (1 + min(count, MOST_BLOCKS)), len(data) - 8), 12):
        kind, back = struct.unpack_from("<HI", data, at + 2)
        if word := SAMSUNG_KINDS.get(kind) or _find_by_name(data, head - back):
            yield word


def _find_by_name(data: bytes, block: int) -> str:
    """Return what a block is by its name, which stands behind 4 bytes and its length."""
    if block < 0:
        return ""
    length = int.from_bytes(data[block + 4 : block + 8], "little")
    name = data[block + 8 : block + 8 + min(length, LONGEST_NAME)]
    return next((word for sign, word in SAMSUNG_NAMES if sign.search(name)), "")
