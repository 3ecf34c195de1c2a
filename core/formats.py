"""What can be read and written, as data: the one table that api, worker and docs share.

Nothing here decodes. `sniff` looks at the first bytes only, so the API can refuse a
file without ever loading a decoder.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

SNIFF_BYTES = 64
"""How many leading bytes of a file `sniff` needs."""

SIZING = frozenset({"width", "height", "fit", "enlarge"})
EVERY_TARGET = SIZING | {"metadata", "color"}


class Alpha(StrEnum):
    """How a target stores transparency."""

    NONE = "none"
    BINARY = "binary"
    FULL = "full"


class Frames(StrEnum):
    """What a target does with more than one frame."""

    SINGLE = "single"
    ANIMATION = "animation"
    PAGES = "pages"


@dataclass(frozen=True, slots=True)
class Format:
    """One image format: how it is recognised, and what it can hold as a target.

    `max_side` is the largest width or height in pixels that the format can store.
    `options` are the names that a job with this target may give (see core.options).
    """

    name: str
    title: str
    media_type: str
    extension: str
    matches: Callable[[bytes], bool]
    aliases: tuple[str, ...] = ()
    alpha: Alpha = Alpha.NONE
    frames: Frames = Frames.SINGLE
    keeps_metadata: bool = False
    max_side: int = 65_535
    options: frozenset[str] = field(default=EVERY_TARGET)


def _starts(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def _is_avif(head: bytes) -> bool:
    """ISO BMFF with an AVIF brand, major or compatible (AV1 Image File Format 1.1, section 6)."""
    if head[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    return b"avif" in brands or b"avis" in brands


def _is_bmp(head: bytes) -> bool:
    """`BM`, then a header size that exists, so that a text starting with BM is no bitmap."""
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in {12, 40, 52, 56, 64, 108, 124}


# BMP: a signed 32-bit size, held to what decoders accept. TIFF likewise.
FORMATS: tuple[Format, ...] = (
    Format(
        "jpeg", "JPEG", "image/jpeg", "jpg", _starts(b"\xff\xd8\xff"), ("jpg",),
        keeps_metadata=True, max_side=65_500,
        options=EVERY_TARGET | {"quality", "background", "progressive", "dpi"},
    ),
    Format(
        "png", "PNG", "image/png", "png", _starts(b"\x89PNG\r\n\x1a\n"),
        alpha=Alpha.FULL, frames=Frames.ANIMATION, keeps_metadata=True,
        options=EVERY_TARGET | {"animation", "effort", "dpi"},
    ),
    Format(
        "webp", "WebP", "image/webp", "webp", _is_webp,
        alpha=Alpha.FULL, frames=Frames.ANIMATION, keeps_metadata=True, max_side=16_383,
        options=EVERY_TARGET | {"quality", "lossless", "animation", "effort"},
    ),
    Format(
        "gif", "GIF", "image/gif", "gif", _starts(b"GIF87a", b"GIF89a"),
        alpha=Alpha.BINARY, frames=Frames.ANIMATION,
        options=EVERY_TARGET | {"animation", "background"},
    ),
    Format(
        "tiff", "TIFF", "image/tiff", "tiff", _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), ("tif",),
        alpha=Alpha.FULL, frames=Frames.PAGES, keeps_metadata=True,
        options=EVERY_TARGET | {"animation", "dpi"},
    ),
    Format(
        "bmp", "BMP", "image/bmp", "bmp", _is_bmp,
        options=EVERY_TARGET | {"background", "dpi"},
    ),
    Format(
        "avif", "AVIF", "image/avif", "avif", _is_avif,
        alpha=Alpha.FULL, frames=Frames.ANIMATION, keeps_metadata=True,
        options=EVERY_TARGET | {"quality", "animation", "effort"},
    ),
)  # fmt: skip

_BY_NAME = {name: fmt for fmt in FORMATS for name in (fmt.name, *fmt.aliases)}


def find(name: str) -> Format | None:
    """The format of that name or alias, in any case; None when there is none."""
    return _BY_NAME.get(name.strip().lower())


def sniff(head: bytes) -> Format | None:
    """The format whose magic bytes a file starts with; `head` holds at least SNIFF_BYTES or the whole file."""
    return next((fmt for fmt in FORMATS if fmt.matches(head)), None)
