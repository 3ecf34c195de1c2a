"""What can be read and written, as data: the one table for api, worker and docs.

Nothing here decodes. `sniff` looks at the first and last bytes only, so the API can refuse a
file without ever loading a decoder.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec

from core import magic

SNIFF_BYTES = 64
"""How many leading bytes of a file `sniff` needs."""

TAIL_BYTES = 26
"""And how many at its end: the length of a TGA's footer."""

SIZING = frozenset({"rotate", "crop", "width", "height", "fit", "enlarge", "background"})
EVERY_TARGET = SIZING | {"metadata", "color", "page"}
FILM = frozenset({"animation", "loop"})
PALETTE = frozenset({"colors", "dither"})
LOSSY = frozenset({"quality", "max_bytes"})
MARKED = frozenset({"exif", "xmp"})


class Alpha(StrEnum):
    """How a target stores transparency."""

    NONE = "none"
    BINARY = "binary"
    FULL = "full"


class Frames(StrEnum):
    """What a format holds of several frames; an album is of pictures that are neither film nor document."""

    SINGLE = "single"
    ANIMATION = "animation"
    PAGES = "pages"
    ALBUM = "album"


@dataclass(frozen=True, slots=True)
class Carries:
    """What a file of a format can bring along: the most bits a sample, and the parts of metadata that are read.

    `deep` says that up to 16 bits are read as such, of grey and of colour, `grey16` that they are of grey alone; else 8
    are.
    """

    alpha: bool = False
    frames: Frames = Frames.SINGLE
    bits: int = 8
    deep: bool = False
    grey16: bool = False
    profile: bool = False
    metadata: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Format:
    """One image format: how it is recognised, and what it can hold as a target.

    `max_side` is the largest width or height in pixels that the format can store; a larger image is refused, or made
    smaller where the format `shrinks`. A format may be read only, or written only; `encoder` is the module that has to be
    installed besides for writing it.
    `modes` are the kinds of pixels that are stored as they are (named as Pillow does: L grey, A alpha, P palette, PA
    palette with alpha, I;16 16-bit grey, and others of 16 bits likewise),
    `profile_modes` those whose ICC profile can stay with them, `metadata` the parts that are held. `carries` is what
    it brings as a source.
    `icon_sides` are the only sides of an icon's pictures, in pixels; without them, any up to `max_side`.
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
    metadata: frozenset[str] = frozenset()
    modes: frozenset[str] = frozenset()
    profile_modes: frozenset[str] = frozenset()
    max_side: int = 65_535
    shrinks: bool = False
    icon_sides: tuple[int, ...] = ()
    reads: bool = True
    writes: bool = True
    encoder: str = ""
    carries: Carries = field(default=Carries())
    options: frozenset[str] = field(default=EVERY_TARGET)

    @property
    def keeps_depth(self) -> bool:
        """Return whether 16-bit grey and colour keep their 16 bits."""
        return self.modes >= DEEP

    def holds_side(self, side: int) -> bool:
        """Return whether an icon of this format may have a picture of that side."""
        return side in self.icon_sides if self.icon_sides else side <= self.max_side

    @property
    def shown_sides(self) -> str:
        """Return the sides that an icon's pictures may have, in words."""
        return ", ".join(map(str, self.icon_sides)) or f"1 to {self.max_side}"


GREY_AND_COLOUR = frozenset({"L", "RGB"})
COLOUR_AND_ALPHA = frozenset({"RGB", "RGBA"})
WITH_GREY = GREY_AND_COLOUR | COLOUR_AND_ALPHA
WITH_ALPHA = WITH_GREY | {"LA"}
DEEP = frozenset({"I;16", "RGB;16"})
DEEP_ALPHA = frozenset({"LA;16", "RGBA;16"})
INK = frozenset({"CMYK"})
PALETTES = frozenset({"P"})

# BMP: a signed 32-bit size, held to what decoders accept. TIFF likewise.
FORMATS: tuple[Format, ...] = (
    Format(
        "jpeg", "JPEG", "image/jpeg", "jpg", magic.starts(b"\xff\xd8\xff"), ("jpg",),
        carries=Carries(frames=Frames.ALBUM, profile=True, metadata=frozenset({"exif", "xmp", "iptc", "comment"})),
        modes=GREY_AND_COLOUR, profile_modes=GREY_AND_COLOUR | INK,
        metadata=frozenset({"exif", "xmp", "iptc", "comment"}), max_side=65_500,
        options=EVERY_TARGET | LOSSY | {"subsampling", "progressive", "dpi"},
    ),
    Format(
        "png", "PNG", "image/png", "png", magic.starts(magic.PNG),
        carries=Carries(alpha=True, frames=Frames.ANIMATION, bits=16, deep=True, profile=True, metadata=frozenset({"exif", "xmp", "text"})),
        modes=WITH_ALPHA | DEEP | DEEP_ALPHA | PALETTES | {"PA"}, profile_modes=WITH_ALPHA | DEEP | DEEP_ALPHA,
        alpha=Alpha.FULL, frames=Frames.ANIMATION, metadata=frozenset({"exif", "xmp", "text"}),
        options=EVERY_TARGET | FILM | PALETTE | {"effort", "dpi"},
    ),
    Format(
        "webp", "WebP", "image/webp", "webp", magic.is_webp,
        carries=Carries(alpha=True, frames=Frames.ANIMATION, profile=True, metadata=MARKED),
        modes=COLOUR_AND_ALPHA, profile_modes=COLOUR_AND_ALPHA,
        alpha=Alpha.FULL, frames=Frames.ANIMATION, metadata=MARKED, max_side=16_383,
        options=EVERY_TARGET | LOSSY | FILM | {"lossless", "effort"},
    ),
    Format(
        "gif", "GIF", "image/gif", "gif", magic.starts(magic.GIF87, magic.GIF89),
        carries=Carries(alpha=True, frames=Frames.ANIMATION, metadata=frozenset({"comment"})),
        modes=WITH_ALPHA, alpha=Alpha.BINARY, frames=Frames.ANIMATION,
        options=EVERY_TARGET | FILM | PALETTE,
    ),
    Format(
        "tiff", "TIFF", "image/tiff", "tiff",
        magic.starts(magic.TIFF_LITTLE, magic.TIFF_BIG, magic.BIGTIFF_LITTLE, magic.BIGTIFF_BIG), ("tif",),
        carries=Carries(alpha=True, frames=Frames.PAGES, bits=32, deep=True, profile=True, metadata=MARKED | {"iptc"}),
        modes=WITH_ALPHA | DEEP | DEEP_ALPHA | PALETTES, profile_modes=WITH_ALPHA | DEEP | DEEP_ALPHA | INK,
        alpha=Alpha.FULL, frames=Frames.PAGES, metadata=MARKED | {"iptc"},
        options=EVERY_TARGET | PALETTE | {"animation", "dpi"},
    ),
    Format(
        "bmp", "BMP", "image/bmp", "bmp", magic.is_bmp,
        carries=Carries(alpha=True, bits=32), modes=GREY_AND_COLOUR | PALETTES, options=EVERY_TARGET | PALETTE | {"dpi"},
    ),
    Format(
        "avif", "AVIF", "image/avif", "avif", magic.is_avif,
        carries=Carries(alpha=True, frames=Frames.ANIMATION, bits=12, profile=True, metadata=MARKED),
        modes=WITH_GREY, profile_modes=WITH_GREY,
        # What its decoders take without being told otherwise; the format itself goes to 65,536.
        alpha=Alpha.FULL, frames=Frames.ANIMATION, metadata=MARKED, max_side=32_768,
        options=EVERY_TARGET | LOSSY | FILM | {"subsampling", "effort"},
    ),
    Format(
        "heic", "HEIC", "image/heic", "heic", magic.is_heif, ("heif",),
        carries=Carries(alpha=True, frames=Frames.ALBUM, bits=12, profile=True, metadata=MARKED),
        modes=WITH_GREY, profile_modes=WITH_GREY, alpha=Alpha.FULL, metadata=MARKED, max_side=16_384,
        options=EVERY_TARGET | LOSSY | {"subsampling", "effort"}, encoder="pillow_heif",
    ),
    Format(
        "jxl", "JPEG XL", "image/jxl", "jxl", magic.starts(magic.JXL_CODESTREAM, magic.JXL),
        carries=Carries(alpha=True, frames=Frames.ANIMATION, bits=32, deep=True, profile=True, metadata=MARKED),
        modes=WITH_ALPHA | DEEP | DEEP_ALPHA, alpha=Alpha.FULL, metadata=MARKED, max_side=1 << 30,
        options=EVERY_TARGET | LOSSY | {"lossless", "effort"},
    ),
    Format(
        "jp2", "JPEG 2000", "image/jp2", "jp2", magic.starts(magic.JP2, magic.J2K_CODESTREAM), ("j2k", "jpeg2000"),
        carries=Carries(alpha=True, bits=16, deep=True, profile=True, metadata=MARKED),
        modes=WITH_ALPHA | DEEP | DEEP_ALPHA, alpha=Alpha.FULL, options=EVERY_TARGET | LOSSY | {"lossless"},
    ),
    Format(
        "ico", "ICO", "image/vnd.microsoft.icon", "ico", magic.is_ico,
        carries=Carries(alpha=True), modes=WITH_ALPHA, alpha=Alpha.FULL, max_side=256, shrinks=True,
        options=EVERY_TARGET | {"sizes"},
    ),
    Format(
        "icns", "ICNS", "image/icns", "icns", magic.starts(magic.ICNS),
        carries=Carries(alpha=True), modes=WITH_ALPHA, alpha=Alpha.FULL, max_side=1024, shrinks=True,
        icon_sides=(16, 32, 64, 128, 256, 512, 1024), options=EVERY_TARGET | {"sizes"},
    ),
    Format(
        "ppm", "PPM", "image/x-portable-anymap", "ppm", magic.is_pnm, ("pnm", "pgm"),
        carries=Carries(bits=16, deep=True), modes=GREY_AND_COLOUR | DEEP,
    ),
    Format(
        "pcx", "PCX", "image/vnd.zbrush.pcx", "pcx", magic.is_pcx,
        # Its lines have an even number of bytes, which it counts with 16 bits.
        modes=GREY_AND_COLOUR | PALETTES, max_side=65_534, options=EVERY_TARGET | PALETTE | {"dpi"},
    ),
    Format(
        "dds", "DDS", "image/vnd.ms-dds", "dds", magic.starts(b"DDS \x7c\0\0\0"),
        carries=Carries(alpha=True, bits=32, grey16=True), modes=COLOUR_AND_ALPHA, alpha=Alpha.FULL,
    ),
    Format(
        "psd", "PSD", "image/vnd.adobe.photoshop", "psd", magic.starts(b"8BPS\0\1", b"8BPS\0\2"),
        carries=Carries(alpha=True, bits=32, grey16=True, profile=True, metadata=MARKED | {"iptc"}), alpha=Alpha.FULL, writes=False,
    ),
    Format(
        "qoi", "QOI", "image/qoi", "qoi", magic.starts(b"qoif"),
        carries=Carries(alpha=True), modes=COLOUR_AND_ALPHA, alpha=Alpha.FULL,
    ),
    Format(
        "pdf", "PDF", "application/pdf", "pdf", lambda _: False, reads=False,
        # Photographs in it are JPEGs.
        modes=GREY_AND_COLOUR, frames=Frames.PAGES, max_side=65_500,
        options=EVERY_TARGET | {"quality", "subsampling", "animation", "dpi", "paper"},
    ),
    Format(
        "sgi", "SGI", "image/sgi", "sgi", magic.starts(b"\x01\xda\0\1", b"\x01\xda\0\2", b"\x01\xda\1\1", b"\x01\xda\1\2"),
        carries=Carries(alpha=True, bits=16), modes=WITH_GREY, alpha=Alpha.FULL,
    ),
    # The last: it is told by what it does not contradict.
    Format(
        "tga", "TGA", "image/x-tga", "tga", magic.is_tga,
        carries=Carries(alpha=True), modes=WITH_GREY | PALETTES, alpha=Alpha.FULL, options=EVERY_TARGET | PALETTE,
    ),
)  # fmt: skip

READABLE = tuple(fmt for fmt in FORMATS if fmt.reads)
TARGETS = tuple(fmt for fmt in FORMATS if fmt.writes)

_BY_NAME = {name: fmt for fmt in FORMATS for name in (fmt.name, *fmt.aliases)}


def find(name: str) -> Format | None:
    """Return the format of that name or alias, in any case; None when there is none."""
    return _BY_NAME.get(name.strip().lower())


def is_installed(fmt: Format) -> bool:
    """Return whether the encoder of that format is installed. Most formats need no separate one."""
    return not fmt.encoder or find_spec(fmt.encoder) is not None


def find_target(name: str, targets: Iterable[Format] = TARGETS) -> Format | None:
    """Return the format of that name or alias, if it is one of the targets."""
    found = find(name)
    return found if found is not None and found in tuple(targets) else None


def sniff(head: bytes, tail: bytes = b"") -> Format | None:
    """Return the format by a file's magic bytes or its footer.

    `head` holds at least SNIFF_BYTES or the whole file; `tail` its last TAIL_BYTES, where they are known.
    """
    found = next((fmt for fmt in READABLE if fmt.matches(head)), None)
    return find("tga") if found is None and tail.endswith(b"TRUEVISION-XFILE.\0") else found
