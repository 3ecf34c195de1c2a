"""A JPEG taken apart as tolerant decoders read it (ITU-T T.81, annex B), and put together again without its flaws.

Decoders look for the next marker and pass over what stands before it. So bytes between segments, marks that are out of
order and a missing end cost no pixel. What is put together here has none of them; a strict decoder then tells whether
all pixels are there.
"""

import re
from dataclasses import dataclass, field, replace

from engine.errors import corrupt

SOI, EOI, SOS, DQT, DHT, DNL, DRI, DAC, APP0, APP14 = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDC, 0xDD, 0xCC, 0xE0, 0xEE
FIRST_RESTART, LAST_RESTART, TEM = 0xD0, 0xD7, 0x01
FRAMES = frozenset(range(0xC0, 0xD0)) - {DHT, DAC, 0xC8}
"""SOF0 to SOF15: the header of the picture, by its process."""
SEQUENTIAL, PROGRESSIVE = frozenset({0xC0, 0xC1}), frozenset({0xC2})
NEEDED = frozenset({DQT, DHT, DRI, DAC, SOS}) | FRAMES
"""What the pixels depend on, beside two marks of their color. Of the other segments, none can spoil them."""
COLOR_MARKS = {APP0: 14, APP14: 12}
"""The shortest bodies of JFIF and Adobe segments that tell anything."""

CODED_END = re.compile(rb"\xff+[\x01-\xfe]")
"""The end of coded data. In them, 0 stands behind an FF."""

BETWEEN = "bytes between its parts"
MISPLACED = "marks that belong elsewhere"
RENUMBERED = "restart marks out of order"
PADDED = "bytes before a mark"
ENDLESS = "its end mark is missing"
SCAN_HEADER = "a scan header is wrong"
BESIDE = "its metadata makes no sense"
LATE_HEIGHT = "its height stands behind the picture"


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker and its body. A scan's coded data is cut at the restart marks."""

    kind: int
    body: bytes
    runs: tuple[bytes, ...] = ()

    @property
    def is_needed(self) -> bool:
        """Say whether pixels depend on it."""
        return self.kind in NEEDED or len(self.body) >= COLOR_MARKS.get(self.kind, 1 << 16)

    def to_bytes(self) -> bytes:
        """Return the segment as it stands in a file, restart marks counted anew."""
        head = bytes([0xFF, self.kind]) + (len(self.body) + 2).to_bytes(2, "big") + self.body
        marks = (bytes([0xFF, FIRST_RESTART + index % 8]) for index in range(len(self.runs)))
        return head + b"".join(part for pair in zip(self.runs, marks, strict=True) for part in pair)[:-2]


@dataclass(slots=True)
class JpegFile:
    """The first picture of a file, and what was odd about its wrapping."""

    segments: list[Segment] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)

    @property
    def frame(self) -> Segment:
        """Return the picture's header. Raise ConversionError (corrupt) when there is none."""
        for segment in self.segments:
            if segment.kind in FRAMES and len(segment.body) >= 6 + 3 * segment.body[5]:
                return segment
        raise corrupt("it has no header")

    @property
    def scans(self) -> list[Segment]:
        """Return the scans in order."""
        return [segment for segment in self.segments if segment.kind == SOS]

    def note(self, flaw: str) -> None:
        """Remember a flaw, once."""
        if flaw not in self.flaws:
            self.flaws.append(flaw)

    def to_bytes(self, *, bare: bool) -> bytes:
        """Return a file without those flaws. A bare one has only what the pixels depend on."""
        kept = [segment.to_bytes() for segment in self.segments if not bare or segment.is_needed]
        return b"\xff\xd8" + b"".join(kept) + b"\xff\xd9"


def parse_file(data: bytes) -> JpegFile:
    """Take the first picture of a file apart. Raise ConversionError (corrupt) when its parts make no sense."""
    jpeg, at = JpegFile(), 2
    while True:
        at, kind = _find_marker(jpeg, data, at)
        if kind == EOI:
            return jpeg
        if kind in {SOI, TEM} or FIRST_RESTART <= kind <= LAST_RESTART:
            jpeg.note(MISPLACED)
            continue
        length = int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : at + length]
        if length < 2 or len(body) < length - 2 or (kind == SOS and len(body) < 4 + 2 * (body or b"\0")[0]):
            raise corrupt("a part of it has a wrong length")
        at += length
        runs: tuple[bytes, ...] = ()
        if kind == SOS:
            runs, at = _cut_runs(jpeg, data, at)
        jpeg.segments.append(Segment(kind, body, runs))


def _find_marker(jpeg: JpegFile, data: bytes, at: int) -> tuple[int, int]:
    """Return the place behind the next marker, and its number; that of the end when the file is over."""
    found = CODED_END.search(data, at)
    if found is None:
        jpeg.note(ENDLESS)
        return len(data), EOI
    if data[at : found.start()].strip(b"\0"):
        jpeg.note(BETWEEN)
    return found.end(), data[found.end() - 1]


def _cut_runs(jpeg: JpegFile, data: bytes, start: int) -> tuple[tuple[bytes, ...], int]:
    """Return coded data between restart marks, and where they end."""
    runs, at = [], start
    while found := CODED_END.search(data, at):
        kind = data[found.end() - 1]
        runs.append(data[at : found.start()])
        if not FIRST_RESTART <= kind <= LAST_RESTART:
            return tuple(runs), found.start()
        if kind - FIRST_RESTART != (len(runs) - 1) % 8:
            jpeg.note(RENUMBERED)
        at = found.end()
    runs.append(data[at:].rstrip(b"\xff"))
    return tuple(runs), len(data)


def correct_scans(jpeg: JpegFile) -> None:
    """Correct what the header of the picture says better than another part."""
    frame = jpeg.frame
    for index, segment in enumerate(jpeg.segments):
        if segment.kind == SOS and frame.kind in SEQUENTIAL and segment.body[-3:] != b"\0\x3f\0":
            jpeg.note(SCAN_HEADER)
            jpeg.segments[index] = replace(segment, body=segment.body[:-3] + b"\0\x3f\0")
        elif segment.kind == DNL and frame.body[1:3] == b"\0\0" and len(segment.body) == 2:
            jpeg.note(LATE_HEIGHT)
            jpeg.segments[jpeg.segments.index(frame)] = replace(
                frame, body=frame.body[:1] + segment.body + frame.body[3:]
            )


def is_complete(jpeg: JpegFile) -> bool:
    """Say whether the scans bring every bit of every coefficient of each component."""
    frame = jpeg.frame
    missing = {frame.body[6 + 3 * index]: [99] * 64 for index in range(frame.body[5])}
    for scan in jpeg.scans:
        count = scan.body[0]
        first, last, bits = scan.body[1 + 2 * count : 4 + 2 * count]
        for index in range(count):
            left = missing.get(scan.body[1 + 2 * index], [0] * 64)
            left[first : last + 1] = [bits & 15] * (last + 1 - first)
    return not any(any(left) for left in missing.values())
