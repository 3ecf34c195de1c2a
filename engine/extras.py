"""What a file holds beside its picture: gain maps, depth maps, films of motion photos, previews.

Sources: Ultra HDR image format 1.1, Dynamic Depth 1.0, Depthmap Metadata and Motion Photo 1.0 (Google), ISO 21496-1,
and the names that Apple gives its auxiliary pictures.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from core.losses import ExtrasDropped
from engine.containers import heif_items, mpf
from engine.containers.heif_items import Items
from engine.containers.jpeg_segments import Segment, find_end, read_segments
from engine.containers.png_chunks import find_end as find_png_end
from engine.containers.trailers import DEPTH_MAP, FILM, FURTHER, SOUND, name_samsung_blocks, name_trailers

GAIN_MAP, MASK, PREVIEW, ORIGINAL = (
    "a gain map for HDR screens", "a mask of parts of the picture", "a smaller preview", "the picture before it was edited",
)  # fmt: skip

XMP_MARK, EXTENDED_MARK = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
ISO_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"
EXTENDED_HEAD = 40
"""Bytes before each part of an extended packet: its sum, its length, and the part's place."""

APP1, APP2, APP11 = 0xE1, 0xE2, 0xEB
END = b"\xff\xd9"

SIGNS = (
    (re.compile(rb"hdr-?gain-?map", re.IGNORECASE), GAIN_MAP),
    (re.compile(rb"gdepth|:depth|depth(?:data|map|blur)|disparity|auxid:2", re.IGNORECASE), DEPTH_MAP),
    (re.compile(rb"matte|segmentation", re.IGNORECASE), MASK),
)
"""Words that tell the use of an auxiliary picture: in its XMP, or in its name."""

SEMANTIC = re.compile(rb"""[\w.-]{1,32}:Semantic(?:\s{0,9}=\s{0,9}["']|>)\s{0,9}(\w{1,32})""")
SEMANTICS = {b"GainMap": GAIN_MAP, b"Depth": DEPTH_MAP, b"DepthMap": DEPTH_MAP, b"Original": ORIGINAL,
             b"Confidence": DEPTH_MAP, b"ConfidenceMap": DEPTH_MAP, b"SegmentationMask": MASK}  # fmt: skip
"""What an item of a container is, by the XMP of the first picture."""

DYNAMIC_DEPTH = b"http://ns.google.com/photos/dd/1.0/"
FIRST_SIGNS = (
    (b"http://ns.apple.com/HDRGainMap/", GAIN_MAP),
    (b"http://ns.adobe.com/hdr-gain-map/", GAIN_MAP),
    (b"http://ns.apple.com/depthData/", DEPTH_MAP),
)
"""What the XMP of the first picture says of a second one that says nothing of itself."""

PADDING = re.compile(rb"\0{0,4096}")
"""What may stand between two pictures."""

INSIDE_XMP = ((b"GDepth:", DEPTH_MAP), (b"GImage:", ORIGINAL), (b"GAudio:", SOUND))
"""Properties with data of their own. Their `Mime` stands in the first packet, their `Data` may be in an extended one."""

RESIDUALS = (b"HDR_RI", b"RESI")
"""JPEG-HDR, and the box of JPEG XT (ISO/IEC 18477-3) with what 8 bits cannot hold."""

MOST_PICTURES = 100


@dataclass(frozen=True, slots=True)
class Extras:
    """`frames` counts the file's pictures of equal rank. `what` names all else, in words."""

    frames: int = 1
    what: tuple[str, ...] = ()

    @property
    def losses(self) -> tuple[ExtrasDropped, ...]:
        """Return the warning of what is not kept."""
        return (ExtrasDropped(what=_join_words(self.what)),) if self.what else ()


def name_auxiliary(kind: bytes) -> str:
    """Return what an auxiliary picture is, by the name of its kind or by its XMP."""
    return next((word for sign, word in SIGNS if sign.search(kind)), FURTHER)


def unite(words: Iterable[str], frames: int = 1) -> Extras:
    """Return each of those words once."""
    return Extras(frames, tuple(dict.fromkeys(words)))


def survey_jpeg(data: bytes) -> Extras:
    """Tell what a JPEG holds beside its first picture."""
    segments = list(read_segments(data))
    xmp = _join_bodies(data, segments, XMP_MARK)
    extended = _join_bodies(data, segments, EXTENDED_MARK, EXTENDED_HEAD)
    pictures = _find_pictures(data, segments)
    words = _name_pictures(data, pictures, xmp, _read_first_signs(data, segments, xmp))
    inside = (word for sign, word in INSIDE_XMP if _holds_property(sign, xmp, extended))
    residual = (GAIN_MAP for one in segments if one.marker == APP11 and _holds_residual(data, one))
    behind = () if data.endswith(END) and not pictures else name_trailers(data, _find_last_end(data, pictures))
    return unite([*filter(None, words), *inside, *residual, *behind], 1 + words.count(""))


def _holds_property(prefix: bytes, xmp: bytes, extended: bytes) -> bool:
    content = prefix + b"Data"
    return content in xmp or content in extended or (bool(extended) and prefix + b"Mime" in xmp)


def _find_pictures(data: bytes, segments: Sequence[Segment]) -> list[mpf.Picture]:
    """Return the pictures behind the first: by the index, else those that lie there."""
    for segment in segments:
        if segment.marker == APP2 and data.startswith(mpf.SEGMENT_MARK, segment.start):
            body = segment.start + len(mpf.SEGMENT_MARK)
            if found := mpf.read_later_pictures(data, body, segment.end - body):
                return found[:MOST_PICTURES]
    return list(islice(_find_appended(data), MOST_PICTURES))


def _find_appended(data: bytes) -> Iterator[mpf.Picture]:
    at = _skip_padding(data, find_end(data))
    while data.startswith(mpf.START, at):
        end = find_end(data, at)
        yield mpf.Picture(mpf.Kind.APPENDED, at, end)
        at = _skip_padding(data, end)


def _skip_padding(data: bytes, at: int) -> int:
    found = PADDING.match(data, at)
    return found.end() if found else at


def _find_last_end(data: bytes, pictures: Sequence[mpf.Picture]) -> int:
    return max((picture.end for picture in pictures), default=0) or find_end(data)


def _name_pictures(data: bytes, pictures: Sequence[mpf.Picture], xmp: bytes, told: str) -> list[str]:
    """Return what each picture behind the first is, "" when it is one of equal rank.

    `told` is what the first says that there is. It counts where no picture says that it is this.
    """
    words = [_name_picture(data, picture, xmp, place) for place, picture in enumerate(pictures)]
    rest = "" if told in words else told
    spare: dict[int, str] = {mpf.Kind.UNDEFINED: rest, mpf.Kind.APPENDED: rest or FURTHER}
    return [word or spare.get(picture.kind, "") for word, picture in zip(words, pictures, strict=True)]


def _read_first_signs(data: bytes, segments: Iterable[Segment], xmp: bytes) -> str:
    if _holds_iso_gain_map(data, segments):
        return GAIN_MAP
    return next((word for sign, word in FIRST_SIGNS if sign in xmp), "")


def _holds_iso_gain_map(data: bytes, segments: Iterable[Segment]) -> bool:
    return any(one.marker == APP2 and data.startswith(ISO_GAIN_MAP, one.start) for one in segments)


def _name_picture(data: bytes, picture: mpf.Picture, xmp: bytes, place: int) -> str:
    """Return what a picture behind the first is, "" when nothing says it."""
    if mpf.Kind.is_preview(picture.kind):
        return PREVIEW
    if picture.kind == mpf.Kind.GAIN_MAP:
        return GAIN_MAP
    if picture.kind not in {mpf.Kind.UNDEFINED, mpf.Kind.APPENDED}:
        return ""
    segments = list(read_segments(data, picture.start))
    if _holds_iso_gain_map(data, segments):
        return GAIN_MAP
    own = name_auxiliary(_join_bodies(data, segments, XMP_MARK))
    if own != FURTHER:
        return own
    named = [
        SEMANTICS.get(found[1], FURTHER)
        for found in SEMANTIC.finditer(xmp)
        if found[1] not in {b"Primary", b"MotionPhoto"}
    ]
    return named[place] if place < len(named) else DEPTH_MAP if DYNAMIC_DEPTH in xmp else ""


def _join_bodies(data: bytes, segments: Iterable[Segment], mark: bytes, skipped: int = 0) -> bytes:
    bodies = (
        data[one.start + len(mark) + skipped : one.end]
        for one in segments
        if one.marker == APP1 and data.startswith(mark, one.start)
    )
    return b"".join(bodies)


def _holds_residual(data: bytes, segment: Segment) -> bool:
    head = data[segment.start : segment.start + 16]
    return any(sign in head for sign in RESIDUALS)


def survey_png(data: bytes, *, has_gain_map: bool) -> Extras:
    """Tell what a PNG holds beside its picture, its gain map included (chunks gmAP and gdAT)."""
    return unite([*([GAIN_MAP] if has_gain_map else []), *name_trailers(data, find_png_end(data))])


def survey_trailers(data: bytes, end: int) -> Extras:
    """Tell what stands behind the end of a file that holds nothing else beside its picture."""
    return unite(name_trailers(data, end))


def survey_heif(data: bytes, items: Items, frames: int, behind: bytes = b"") -> Extras:
    """Tell what a HEIF or AVIF holds beside its pictures, and what is behind it. Transparency is no extra."""
    names = (name for name in items.auxiliary if b"alpha" not in name and not name.endswith(b"auxid:1"))
    films = (FILM for box in items.top if box.kind == heif_items.FILM)
    blocks = (
        word
        for box in items.top
        if box.kind == heif_items.SAMSUNG
        for word in name_samsung_blocks(data[box.start : box.end])
    )
    tone_maps = [GAIN_MAP] if items.has_gain_map else []
    return unite([*tone_maps, *map(name_auxiliary, names), *films, *blocks, *name_trailers(behind, 0)], frames)


def _join_words(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
