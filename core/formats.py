"""What can be read and written, as data: the one table that api, worker and docs share.

Nothing here decodes. `sniff` looks at the first bytes only, so the API can refuse a
file without ever loading a decoder.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec

SNIFF_BYTES = 64
"""How many leading bytes of a file `sniff` needs."""

TAIL_BYTES = 26
"""And how many at its end: the length of a TGA's footer."""

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

    `max_side` is the largest width or height in pixels that the format can store; a larger image is refused, or made
    smaller where the format `shrinks`. A format may be read only, or written only; `encoder` is the module that has to be
    installed besides for writing it.
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
    shrinks: bool = False
    reads: bool = True
    writes: bool = True
    encoder: str = ""
    options: frozenset[str] = field(default=EVERY_TARGET)


def _starts(*magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(magics)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})


def _brands(head: bytes) -> list[bytes]:
    """Major and compatible brands of an ISO BMFF file, as far as the head goes."""
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]


def _is_avif(head: bytes) -> bool:
    """ISO BMFF with an AVIF brand, major or compatible (AV1 Image File Format 1.1, section 6)."""
    return not {b"avif", b"avis"}.isdisjoint(_brands(head))


def _is_heif(head: bytes) -> bool:
    """ISO BMFF with a brand of HEVC pictures or of pictures of any kind (ISO/IEC 23008-12); AVIF is told before."""
    return not HEIF_BRANDS.isdisjoint(_brands(head))


def _is_bmp(head: bytes) -> bool:
    """`BM`, then a header size that exists, so that a text starting with BM is no bitmap."""
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in {12, 40, 52, 56, 64, 108, 124}


def _is_pcx(head: bytes) -> bool:
    """Manufacturer 10, a version that exists, run-length encoding, bits a sample (ZSoft's technical reference)."""
    return len(head) > 4 and head[0] == 10 and head[1] in {0, 2, 3, 4, 5} and head[2] == 1 and head[3] in {1, 2, 4, 8}


def _is_pnm(head: bytes) -> bool:
    """`P1` to `P6`, then white space or a comment."""
    return (
        head[:1] == b"P"
        and head[1:2] in {b"1", b"2", b"3", b"4", b"5", b"6"}
        and head[2:3] in {b" ", b"\t", b"\r", b"\n", b"#"}
    )


def _is_tga(head: bytes) -> bool:
    """TGA has no magic bytes: a header that makes sense in every field, which an icon's or cursor's does not."""
    if len(head) < 18:
        return False
    kind, mapped, width, height = head[2], head[1], head[12:14], head[14:16]
    if kind not in {1, 2, 3, 9, 10, 11} or mapped not in {0, 1} or b"\0\0" in {width, height}:
        return False
    depths = {1: {8}, 3: {8, 16}}.get(kind & 3, {15, 16, 24, 32})
    table = head[7] in {15, 16, 24, 32} if mapped else not any(head[3:8])
    return head[16] in depths and table and (mapped == 1) == (kind in {1, 9}) and not head[17] & 0xC0


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
    Format(
        "heic", "HEIC", "image/heic", "heic", _is_heif, ("heif",),
        alpha=Alpha.FULL, keeps_metadata=True, max_side=16_384,
        options=EVERY_TARGET | {"quality", "effort"}, encoder="pillow_heif",
    ),
    Format(
        "jxl", "JPEG XL", "image/jxl", "jxl", _starts(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),
        alpha=Alpha.FULL, keeps_metadata=True, max_side=1 << 30,
        options=EVERY_TARGET | {"quality", "lossless", "effort"},
    ),
    Format(
        "jp2", "JPEG 2000", "image/jp2", "jp2", _starts(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"), ("j2k", "jpeg2000"),
        alpha=Alpha.FULL, options=EVERY_TARGET | {"quality", "lossless"},
    ),
    Format(
        "ico", "ICO", "image/vnd.microsoft.icon", "ico", _starts(b"\0\0\1\0"),
        alpha=Alpha.FULL, max_side=256, shrinks=True,
    ),
    Format(
        "icns", "ICNS", "image/icns", "icns", _starts(b"icns"),
        alpha=Alpha.FULL, max_side=1024, shrinks=True,
    ),
    Format(
        "ppm", "PPM", "image/x-portable-anymap", "ppm", _is_pnm, ("pnm", "pgm"),
        options=EVERY_TARGET | {"background"},
    ),
    Format("pcx", "PCX", "image/vnd.zbrush.pcx", "pcx", _is_pcx, options=EVERY_TARGET | {"background", "dpi"}),
    Format("dds", "DDS", "image/vnd.ms-dds", "dds", _starts(b"DDS \x7c\0\0\0"), alpha=Alpha.FULL),
    Format("psd", "PSD", "image/vnd.adobe.photoshop", "psd", _starts(b"8BPS\0\1"), alpha=Alpha.FULL, writes=False),
    Format("qoi", "QOI", "image/qoi", "qoi", _starts(b"qoif"), alpha=Alpha.FULL),
    Format(
        "pdf", "PDF", "application/pdf", "pdf", lambda _: False, frames=Frames.PAGES, reads=False,
        options=EVERY_TARGET | {"quality", "animation", "background", "dpi"},
    ),
    # The last: it is told by what it does not contradict.
    Format("tga", "TGA", "image/x-tga", "tga", _is_tga, alpha=Alpha.FULL),
)  # fmt: skip

READABLE = tuple(fmt for fmt in FORMATS if fmt.reads)
TARGETS = tuple(fmt for fmt in FORMATS if fmt.writes)

_BY_NAME = {name: fmt for fmt in FORMATS for name in (fmt.name, *fmt.aliases)}


def find(name: str) -> Format | None:
    """The format of that name or alias, in any case; None when there is none."""
    return _BY_NAME.get(name.strip().lower())


def is_installed(fmt: Format) -> bool:
    """Whether what writing that format needs besides is installed in this environment."""
    return not fmt.encoder or find_spec(fmt.encoder) is not None


def find_target(name: str, targets: Iterable[Format] = TARGETS) -> Format | None:
    """The same, if it is one of the targets."""
    found = find(name)
    return found if found is not None and found in tuple(targets) else None


def sniff(head: bytes, tail: bytes = b"") -> Format | None:
    """The format whose magic bytes a file starts with, or whose footer it ends with.

    `head` holds at least SNIFF_BYTES or the whole file; `tail` its last TAIL_BYTES, where they are known.
    """
    found = next((fmt for fmt in READABLE if fmt.matches(head)), None)
    return find("tga") if found is None and tail.endswith(b"TRUEVISION-XFILE.\0") else found
