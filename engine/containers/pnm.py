"""PBM, PGM and PPM (netpbm's pages pbm, pgm, ppm): the header with its comments, and what stands behind the picture.

A comment may stand anywhere before the samples, right behind a number too. Some readers know that of few places only.
"""

import re
from dataclasses import dataclass

from engine.errors import ConversionError, corrupt, truncated
from engine.limits import check_frames

PLAIN_BITS, PLAIN = b"P1", frozenset({b"P1", b"P2", b"P3"})
BITMAPS = frozenset({b"P1", b"P4"})
COLORS = frozenset({b"P3", b"P6"})
MOST_DIGITS = 10
LONGEST_HEADER = 1 << 16
"""Bytes, comments included."""

WORD = re.compile(rb"(?:[ \t\r\n\v\f]+|#[^\r\n]*)*(\d*)")
BEHIND = re.compile(rb"(?:#[^\r\n]*)?[ \t\r\n\v\f]")
BITS = re.compile(rb"[01 \t\r\n\v\f]*")
COMMENT = re.compile(rb"#[^\r\n]*")
NEXT = re.compile(rb"\s*P[1-7][\s#]")
NEXT_OF_PLAIN = re.compile(rb"\sP[1-7][\s#]")


@dataclass(frozen=True, slots=True)
class PnmHeader:
    """`largest` is the value of white, `start` the place of the samples."""

    kind: bytes
    width: int
    height: int
    largest: int
    start: int

    @property
    def end(self) -> int:
        """Return the place behind the samples, of those that are no text."""
        if self.kind in BITMAPS:
            return self.start + (self.width + 7) // 8 * self.height
        samples = self.width * self.height * (3 if self.kind in COLORS else 1)
        return self.start + samples * (1 if self.largest < 256 else 2)


def parse_header(data: bytes, place: int = 0) -> PnmHeader:
    """Read the header at that place. Raise ConversionError when it is damaged, or ends early."""
    kind, at, words = data[place : place + 2], place + 2, list[int]()
    for _ in range(2 if kind in BITMAPS else 3):
        found = WORD.match(data, at, place + LONGEST_HEADER)
        digits = found[1] if found else b""
        at = found.end() if found else at
        if not digits and at >= len(data):
            raise truncated()
        if not 0 < len(digits) <= MOST_DIGITS:
            raise corrupt("its header is broken")
        words.append(int(digits))
    width, height, largest = (*words, 1)[:3]
    behind = BEHIND.match(data, at)
    if behind is None:
        raise truncated() if at >= len(data) else corrupt("its header is broken")
    if not width or not height:
        raise corrupt("it has no size")
    if not 0 < largest < 1 << 16:
        raise corrupt("its white is none")
    return PnmHeader(kind, width, height, largest, behind.end())


def simplify_file(data: bytes, header: PnmHeader) -> bytes:
    """Return the file without comments in its header, and without what stands behind bits in words."""
    end = _find_end_of_bits(data, header) if header.kind == PLAIN_BITS else len(data)
    if b"#" not in data[: header.start] and end == len(data):
        return data
    largest = b"" if header.kind in BITMAPS else b"%d\n" % header.largest
    return b"%s\n%d %d\n%s" % (header.kind, header.width, header.height, largest) + data[header.start : end]


def _find_end_of_bits(data: bytes, header: PnmHeader) -> int:
    """Return where something else than bits begins, the end of the file if bits are missing before that.

    Raise ConversionError when the file ends before they do.
    """
    at = header.start
    while True:
        bits = BITS.match(data, at)
        at = bits.end() if bits else at
        comment = COMMENT.match(data, at)
        if comment is None:
            break
        at = comment.end()
    is_whole = data.count(b"0", header.start, at) + data.count(b"1", header.start, at) >= header.width * header.height
    if not is_whole and at >= len(data):
        raise truncated()
    return at if is_whole else len(data)


def has_more_text(data: bytes, header: PnmHeader) -> bool:
    """Say whether further pictures stand behind one of text, which is to be alone in its file."""
    return header.kind in PLAIN and NEXT_OF_PLAIN.search(data, header.start) is not None


def find_pictures(data: bytes, most: int) -> list[int]:
    """Return where the pictures start, one behind the other. Of those as text, the first.

    Raise ConversionError when the first header is damaged, or there are more pictures than allowed.
    """
    starts, header = [0], parse_header(data)
    while header.kind not in PLAIN and (found := NEXT.match(data, header.end)):
        try:
            header = parse_header(data, found.end() - 3)
        except ConversionError:
            break
        starts.append(found.end() - 3)
        check_frames(len(starts), most)
    return starts
