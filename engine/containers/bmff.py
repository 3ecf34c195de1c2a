"""ISO base media boxes (ISO/IEC 14496-12): the one reader of them, for AVIF, HEIC, JPEG 2000 and JPEG XL.

Of an AVIF it also reads bit depth and loop count. Pillow gives neither, and writes every animation as endless.
Both sit in fixed places, and are read and patched here as libavif does it.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from engine.errors import corrupt, truncated

FOREVER = (1 << 64) - 1


class Box(NamedTuple):
    """A box: its type, and where its body starts and ends in the file."""

    kind: bytes
    start: int
    end: int


def read_boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets. Raise ConversionError (truncated) when one is longer than that."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1 and start + 16 <= end:
            (size,), head = struct.unpack_from(">Q", data, start + 8), 16
        elif size == 0:
            size = end - start
        if size < head:
            raise corrupt("a box of it has no size")
        if start + size > end:
            raise truncated()
        yield Box(kind, start + head, start + size)
        start += size
    if start != end:
        raise truncated()


def cut_film(data: bytes) -> bytes:
    """Return the file without a second one behind it, such as the film of a motion photo."""
    end = 0
    for box in read_boxes(data, 0, len(data)):
        if box.kind == b"ftyp" and end:
            return data[:end]
        end = box.end
    return data


def pack_box(kind: bytes, *parts: bytes | memoryview) -> bytes:
    """Return a box of that type around those parts."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def check_whole(data: bytes) -> None:
    """Raise ConversionError (truncated) when a box says that the file goes on."""
    for _ in read_boxes(data, 0, len(data)):
        pass


def read_depth(data: bytes) -> int:
    """Return the bits of a sample by the first AV1 configuration (AV1 in ISOBMFF 1.2, section 2.3.3), or 8."""
    at = data.find(b"av1C")
    flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def find_tracks(data: bytes, *path: bytes) -> list[Box]:
    """Return the box at the end of that path in each track that has it."""
    found = (_find_child(data, track, *path) for track in _find_tracks(data))
    return [box for box in found if box is not None]


def count_samples(data: bytes) -> int:
    """Count the pictures of the longest track, 0 when there are no tracks."""
    found = find_tracks(data, b"mdia", b"minf", b"stbl", b"stsz")
    return max((int.from_bytes(data[box.start + 8 : box.start + 12], "big") for box in found), default=0)


def read_nclx(data: bytes) -> tuple[int, int] | None:
    """Return primaries and transfer (ITU-T H.273) of the first color box with such numbers (ISO/IEC 23008-12)."""
    for meta in (box for box in read_boxes(data, 0, len(data)) if box.kind == b"meta"):
        # Four bytes of version and flags come before the boxes of this one.
        properties = _find_child(data, meta._replace(start=meta.start + 4), b"iprp", b"ipco")
        for box in read_boxes(data, properties.start, properties.end) if properties else ():
            if box.kind == b"colr" and data[box.start : box.start + 4] == b"nclx":
                primaries, transfer = struct.unpack_from(">HH", data, box.start + 4)
                return primaries, transfer
    return None


def read_loop_count(data: bytes) -> int:
    """Return the loop count of an image sequence, 0 for forever (also when it does not say)."""
    for track in _find_tracks(data):
        found = _read_edit_list(data, track)
        if found is None:
            return 0
        repeats, segment = found
        total = _get_duration(data, track)
        if not repeats:
            return 1
        if total in {FOREVER, (1 << 32) - 1} or not segment:
            return 0
        return max(1, -(-total // segment))
    return 0


def set_loop_count(data: bytes, count: int) -> bytes:
    """Return an endless file of libavif's with another loop count (0: forever)."""
    changed = bytearray(data)
    if not count:
        return data
    longest = 0
    for track in _find_tracks(data):
        edits = _find_child(data, track, b"edts", b"elst")
        if edits is None or data[edits.start] != 1:
            raise ValueError("this sequence has no edit list to change")
        (segment,) = struct.unpack_from(">Q", data, edits.start + 8)
        changed[edits.start + 3] = 0 if count == 1 else 1
        _set_duration(changed, _find_child(data, track, b"tkhd"), segment * count)
        longest = max(longest, segment * count)
    for movie in _find_movies(data):
        _set_duration(changed, _find_child(data, movie, b"mvhd"), longest)
    return bytes(changed)


def _find_movies(data: bytes) -> Iterator[Box]:
    return (box for box in read_boxes(data, 0, len(data)) if box.kind == b"moov")


def _find_tracks(data: bytes) -> list[Box]:
    return [
        box for movie in _find_movies(data) for box in read_boxes(data, movie.start, movie.end) if box.kind == b"trak"
    ]


def _find_child(data: bytes, parent: Box, *path: bytes) -> Box | None:
    found: Box | None = parent
    for kind in path:
        if found is None:
            return None
        found = next((box for box in read_boxes(data, found.start, found.end) if box.kind == kind), None)
    return found


def _read_edit_list(data: bytes, track: Box) -> tuple[bool, int] | None:
    box = _find_child(data, track, b"edts", b"elst")
    if box is None or box.end - box.start < 12:
        return None
    wide = data[box.start] == 1
    (segment,) = struct.unpack_from(">Q" if wide else ">I", data, box.start + 8)
    return bool(data[box.start + 3] & 1), segment


# Version 1 of a header: version and flags, two times of 8 bytes, then 8 (track) or 4 (movie) bytes, then the duration.
_DURATION = {b"tkhd": (28, 20), b"mvhd": (24, 16)}


def _get_duration(data: bytes, track: Box) -> int:
    box = _find_child(data, track, b"tkhd")
    if box is None:
        return FOREVER
    wide, narrow = _DURATION[box.kind]
    is_wide = data[box.start] == 1
    (value,) = struct.unpack_from(">Q" if is_wide else ">I", data, box.start + (wide if is_wide else narrow))
    return int(value)


def _set_duration(data: bytearray, box: Box | None, value: int) -> None:
    if box is None or data[box.start] != 1:
        raise ValueError("this header has no wide duration to change")
    struct.pack_into(">Q", data, box.start + _DURATION[box.kind][0], value)
