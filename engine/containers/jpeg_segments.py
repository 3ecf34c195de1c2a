"""The segments before a JPEG's samples, and where its picture ends (ITU-T T.81, B.1.1 and B.2)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

SCAN, END = 0xDA, 0xD9
BARE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length."""

MARKER = re.compile(rb"\xff+[^\x00\xff]")
"""Any number of FF may stand before one."""

AFTER_SAMPLES = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""After coded data: 0 stands behind an FF of the data itself, D0 to D7 are restarts."""

MOST_SEGMENTS = 10_000


class Segment(NamedTuple):
    """A segment: its marker, and where its body starts and ends in the file."""

    marker: int
    start: int
    end: int


def read_segments(data: bytes, at: int = 0) -> Iterator[Segment]:
    """Yield the segments of the picture starting at `at`, up to its first scan. End early when they make no sense."""
    for segment in _walk(data, at + 2):
        if segment.marker in {SCAN, END}:
            return
        yield segment


def find_end(data: bytes, at: int = 0) -> int:
    """Return the end of the end mark of the picture starting at `at`, or the length of the data."""
    return next((segment.start for segment in _walk(data, at + 2) if segment.marker == END), len(data))


def _walk(data: bytes, at: int) -> Iterator[Segment]:
    """Yield segments, passing over coded data, until the end mark or until they make no sense."""
    for _ in range(MOST_SEGMENTS):
        found = MARKER.match(data, at)
        if found is None:
            return
        at, marker = found.end(), data[found.end() - 1]
        if marker == END:
            yield Segment(marker, at, at)
            return
        if marker in BARE:
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        yield Segment(marker, at + 2, min(at + length, len(data)))
        at += length
        if marker == SCAN:
            following = AFTER_SAMPLES.search(data, at)
            at = following.start() if following else len(data)
