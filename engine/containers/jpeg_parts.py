"""The picture of a JPEG without all that stands beside it (ITU-T T.81, B.1), byte for byte."""

import re
from dataclasses import dataclass

from engine.containers.jpeg import END, MARKER
from engine.containers.jpeg_scans import FRAMES
from engine.metadata import EXIF_MARK, read_exif_orientation, strip_exif_mark

START, SCAN, COMMENT, APP0, APP1, APP2, APP13, APP14 = 0xD8, 0xDA, 0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xEE
JFIF, PROFILE, ADOBE = b"JFIF\0", b"ICC_PROFILE\0", b"Adobe"
KNOWN = (
    (APP0, JFIF), (APP1, EXIF_MARK), (APP1, b"http://ns.adobe.com/xap/1.0/\0"), (APP2, PROFILE),
    (APP13, b"Photoshop 3.0\0"), (APP14, ADOBE), (COMMENT, b""),
)  # fmt: skip
"""What describes one picture. Anything else may be about a second one in the file."""

TURNED = re.compile(rb""":Orientation(?:\s{0,64}=\s{0,64}["']|>\s{0,64})[02-9]""")
"""An orientation of XMP that is not 1."""

MOST_SEGMENTS = 10_000


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment with its marker; of a scan with the coded data behind it."""

    marker: int
    data: bytes

    @property
    def body(self) -> bytes:
        """Return what follows the length."""
        return self.data[4:]


@dataclass(frozen=True, slots=True)
class JpegParts:
    """The segments between start and end of the first picture, and whether anything follows it."""

    segments: tuple[Segment, ...]
    has_more: bool

    @property
    def coding(self) -> Segment:
        """Return the segment of the frame: bits, size, and each component's number and sampling."""
        return next(segment for segment in self.segments if segment.marker in FRAMES)

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        body = self.coding.body
        return int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")

    @property
    def is_known(self) -> bool:
        """Say whether there is nothing in the file that is not about this picture."""
        described = [segment for segment in self.segments if segment.marker == COMMENT or segment.marker & 0xF0 == APP0]
        return not self.has_more and all(
            any(segment.marker == marker and segment.body.startswith(mark) for marker, mark in KNOWN)
            for segment in described
        )

    @property
    def is_upright(self) -> bool:
        """Say whether no metadata speaks of a turn."""
        bodies = [segment.body for segment in self.segments if segment.marker == APP1]
        return not any(
            read_exif_orientation(strip_exif_mark(body)) != 1 if body.startswith(EXIF_MARK) else TURNED.search(body)
            for body in bodies
        )

    def pack_picture(self, *, keep_profile: bool, exif: bytes = b"") -> bytes:
        """Return a JPEG of the coded picture and what says how to read its colors. `exif` is a TIFF block to add."""
        kept = [self._strip_thumbnail(segment) for segment in self.segments if self._is_picture(segment, keep_profile)]
        if exif:
            body = EXIF_MARK + exif
            at = 1 if kept[0].marker == APP0 else 0
            kept.insert(at, Segment(APP1, bytes((0xFF, APP1)) + (len(body) + 2).to_bytes(2, "big") + body))
        return bytes((0xFF, START)) + b"".join(segment.data for segment in kept) + bytes((0xFF, END))

    @staticmethod
    def _is_picture(segment: Segment, keep_profile: bool) -> bool:
        if segment.marker & 0xF0 != APP0:
            return segment.marker != COMMENT
        marks = [(APP0, JFIF), (APP14, ADOBE), *([(APP2, PROFILE)] if keep_profile else [])]
        return any(segment.marker == marker and segment.body.startswith(mark) for marker, mark in marks)

    @staticmethod
    def _strip_thumbnail(segment: Segment) -> Segment:
        """Return JFIF's segment without its thumbnail, any other as it is."""
        if segment.marker != APP0 or len(segment.body) <= 14:
            return segment
        return Segment(APP0, bytes((0xFF, APP0, 0, 16)) + segment.body[:12] + bytes(2))


def split_jpeg(data: bytes) -> JpegParts | None:
    """Take the first picture of a JPEG apart, None when its segments do not follow each other without a gap."""
    segments: list[Segment] = []
    at = 2
    while len(segments) < MOST_SEGMENTS and data[at : at + 1] == b"\xff" and at + 4 <= len(data) + 2:
        marker = data[at + 1] if at + 1 < len(data) else 0
        if marker == END:
            whole = any(segment.marker in FRAMES and len(segment.body) >= 6 for segment in segments)
            return JpegParts(tuple(segments), has_more=at + 2 < len(data)) if whole else None
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker < 0xC0 or 0xD0 <= marker <= START or end < at + 4 or end > len(data):
            return None
        if marker == SCAN:
            following = MARKER.search(data, end)
            end = following.start() if following else len(data)
        segments.append(Segment(marker, data[at:end]))
        at = end
    return None
