"""The picture of a JPEG without all that stands beside it (ITU-T T.81, B.1), byte for byte."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.containers import photoshop
from engine.containers.jpeg import END, MARKER
from engine.containers.jpeg_scans import FRAMES
from engine.containers.xmp import strip_extras
from engine.metadata import (
    EXIF_MARK,
    Metadata,
    read_exif_orientation,
    strip_exif_mark,
    strip_exif_orientation,
    strip_xmp_orientation,
)

START, SCAN, COMMENT, APP0, APP1, APP2, APP13, APP14 = 0xD8, 0xDA, 0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xEE
JFIF, PROFILE, ADOBE, XMP_MARK = b"JFIF\0", b"ICC_PROFILE\0", b"Adobe", b"http://ns.adobe.com/xap/1.0/\0"
KNOWN = (
    (APP0, JFIF), (APP1, EXIF_MARK), (APP1, XMP_MARK), (APP2, PROFILE),
    (APP13, photoshop.SEGMENT_MARK), (APP14, ADOBE), (COMMENT, b""),
)  # fmt: skip
"""What describes one picture. Anything else may be about a second one in the file."""

TURNED = re.compile(rb""":Orientation(?:\s{0,64}=\s{0,64}["']|>\s{0,64})[02-9]""")
"""An orientation of XMP that is not 1."""

MOST_SEGMENTS = 10_000

NOTHING = Metadata()


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

    @property
    def metadata(self) -> Metadata:
        """Return what describes the picture, but for a turn of it and for what speaks of further pictures."""
        exif = next(self._iter_bodies(APP1, EXIF_MARK), b"")
        return Metadata(
            exif=strip_exif_orientation(strip_exif_mark(exif), keep_thumbnail=self.is_upright),
            xmp=strip_extras(strip_xmp_orientation(next(self._iter_bodies(APP1, XMP_MARK), b""))),
            iptc=photoshop.read_iptc(b"".join(self._iter_bodies(APP13, photoshop.SEGMENT_MARK))),
            comment=next(self._iter_bodies(COMMENT, b""), b""),
        )

    def holds(self, metadata: Metadata) -> bool:
        """Say whether the file, taken as it is, describes its picture by that EXIF and XMP, and by no turn."""
        if not self.is_known or not self.is_upright:
            return False
        own = self.metadata
        return metadata.exif in {b"", own.exif} and metadata.xmp in {b"", own.xmp}

    def _iter_bodies(self, marker: int, mark: bytes) -> Iterator[bytes]:
        for segment in self.segments:
            if segment.marker == marker and segment.body.startswith(mark):
                yield segment.body[len(mark) :]

    def pack_picture(self, *, keep_profile: bool, metadata: Metadata = NOTHING) -> bytes:
        """Return a JPEG of the coded picture, what says how to read its colors, and that metadata."""
        kept = [self._strip_more(segment) for segment in self.segments if self._is_picture(segment, keep_profile)]
        at = 1 if kept[0].marker == APP0 else 0
        kept[at:at] = _describe_picture(metadata)
        return bytes((0xFF, START)) + b"".join(segment.data for segment in kept) + bytes((0xFF, END))

    @staticmethod
    def _is_picture(segment: Segment, keep_profile: bool) -> bool:
        if segment.marker & 0xF0 != APP0:
            return segment.marker != COMMENT
        marks = [(APP0, JFIF), (APP14, ADOBE), *([(APP2, PROFILE)] if keep_profile else [])]
        return any(segment.marker == marker and segment.body.startswith(mark) for marker, mark in marks)

    @staticmethod
    def _strip_more(segment: Segment) -> Segment:
        """Return the segments of JFIF and Adobe with their own fields alone, without a thumbnail, any other as it is."""
        if segment.marker == APP0 and len(segment.body) > 14:
            return make_segment(APP0, segment.body[:12] + bytes(2))
        return make_segment(APP14, segment.body[:12]) if segment.marker == APP14 else segment


def make_segment(marker: int, body: bytes) -> Segment:
    """Return a segment of that body."""
    return Segment(marker, bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body)


def _describe_picture(metadata: Metadata) -> list[Segment]:
    bodies = (
        (APP1, EXIF_MARK, metadata.exif), (APP1, XMP_MARK, metadata.xmp),
        (APP13, photoshop.SEGMENT_MARK, photoshop.pack_iptc(metadata.iptc) if metadata.iptc else b""),
        (COMMENT, b"", metadata.comment),
    )  # fmt: skip
    return [make_segment(marker, mark + body) for marker, mark, body in bodies if body]


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
