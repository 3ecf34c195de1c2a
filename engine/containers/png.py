"""What the chunks of a PNG say (PNG specification, third edition), APNG's frames included.

Pillow checks no sums of image data, takes a file without its end, and composes `blend over` wrong. So frames are taken
out here, each as a small PNG of its own.
"""

import struct
import zlib
from dataclasses import dataclass, field
from fractions import Fraction

from core.magic import PNG
from engine.containers.disposal import Disposal
from engine.containers.png_chunks import SENSELESS, WRONG_DATA_SUM, pack_chunk, read_chunks
from engine.containers.png_frames import BLEND_OVER, DISPOSALS, FrameControl
from engine.containers.png_samples import correct_sum, find_most, from_apple_file
from engine.errors import corrupt, truncated, unsupported
from engine.metadata import Metadata, strip_xmp_orientation

__all__ = ["PngFile", "pack_chunk", "parse_file", "read_chunks", "strip_for_decoder"]

TEXT = {b"tEXt", b"zTXt", b"iTXt"}
XMP_KEYWORD = b"XML:com.adobe.xmp"
# Other programs' way to hide EXIF and the like in text: it would bring orientation and GPS back.
RAW_PROFILE = b"Raw profile type "
PALETTE = 3
MISCOUNTED = "it tells a wrong number of frames"

LARGEST_PROFILE = 4 << 20
"""Bytes; those of cameras and printers have one or two million at most."""


@dataclass(slots=True)
class PngFile:
    """A PNG taken apart. `frames` is empty when it is no animation. `loop_count` 0 is forever."""

    width: int = 0
    height: int = 0
    depth: int = 8
    color_type: int = 0
    header: bytes = b""
    loop_count: int = 0
    declared_frames: int = 0
    palette: bytes = b""
    transparency: bytes | None = None
    cicp: bytes = b""
    srgb: bool = False
    gamma: int = 0
    chromaticities: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    profile_problem: str = ""
    is_apple: bool = False
    flaws: list[str] = field(default_factory=list)
    dropped: set[bytes] = field(default_factory=set)
    text: list[tuple[bytes, bytes]] = field(default_factory=list)
    frames: list[tuple[FrameControl, list[memoryview]]] = field(default_factory=list)

    def note(self, flaw: str) -> None:
        """Remember a flaw, once."""
        if flaw not in self.flaws:
            self.flaws.append(flaw)

    @property
    def has_unsure_data(self) -> bool:
        """Say whether only the sum inside of the packed samples can tell that they are right."""
        return WRONG_DATA_SUM in self.flaws

    @property
    def bits(self) -> int:
        """Return the bits of a pixel."""
        return self.depth * {2: 3, 4: 2, 6: 4}.get(self.color_type, 1)

    @property
    def has_alpha(self) -> bool:
        """Say whether a pixel can be anything but opaque, hidden transparency included."""
        return self.color_type in {4, 6} or self.transparency is not None

    @property
    def is_opaque(self) -> bool:
        """Say whether no composed frame of the animation can show through."""
        covers = bool(self.frames) and (self.frames[0][0].width, self.frames[0][0].height) == (self.width, self.height)
        return covers and not (self._clears or self.has_alpha)

    @property
    def stays_opaque(self) -> bool:
        """Say whether no composed frame can show through where the first does not."""
        return not self._clears and all(control.over for control, _ in self.frames[1:])

    @property
    def _clears(self) -> bool:
        undone_first = bool(self.frames) and self.frames[0][0].disposal is Disposal.RESTORE
        return undone_first or any(control.disposal is Disposal.CLEAR for control, _ in self.frames)

    def collect_metadata(self) -> Metadata:
        """Return the metadata of all chunks."""
        return Metadata(exif=self.exif, xmp=self.xmp, text=tuple(self.text))

    def pack_frame(self, index: int) -> bytes:
        """Return one frame of the animation as a PNG of its own, of the region's size."""
        control, parts = self.frames[index]
        header = struct.pack(">II", control.width, control.height) + self.header[8:]
        chunks = [(b"IHDR", header)]
        if self.palette:
            chunks.append((b"PLTE", self.palette))
        if self.transparency is not None:
            chunks.append((b"tRNS", self.transparency))
        chunks += [(b"IDAT", b"".join(parts)), (b"IEND", b"")]
        return PNG + b"".join(pack_chunk(kind, data) for kind, data in chunks)


def strip_for_decoder(data: bytes, png: PngFile) -> bytes:
    """Return the file without flaws, without its text, and without a profile with a problem.

    Decoders unpack both, and give up over it.
    """
    if png.is_apple:
        return from_apple_file(data, png.header, png.dropped)
    if not (png.dropped or png.flaws):
        return data
    return PNG + b"".join(pack_chunk(kind, body) for kind, body in read_chunks(data) if kind not in png.dropped)


def parse_file(data: bytes) -> PngFile:
    """Take a PNG apart. Raise ConversionError when it ends early, is damaged or contradicts itself."""
    png = PngFile()
    seen: set[bytes] = set()
    sequence = 0
    for kind, body in read_chunks(data, png.note):
        if not seen and kind == b"CgBI":
            png.is_apple = True
            continue
        if not seen and kind != b"IHDR":
            raise corrupt("it does not start with its header")
        if kind in {b"fcTL", b"fdAT"} and png.declared_frames:
            sequence = _check_sequence(sequence, body)
        if kind == b"IHDR":
            _read_header(png, body)
        elif kind in TEXT:
            _read_text(png, kind, bytes(body))
        elif kind in READ:
            READ[kind](png, body, seen)
        seen.add(kind)
    if b"IDAT" not in seen:
        raise truncated()
    _check_colors(png)
    _check_animation(png)
    return png


def _check_sequence(sequence: int, body: memoryview) -> int:
    if int.from_bytes(body[:4], "big") != sequence:
        raise corrupt("its frames are out of order")
    return sequence + 1


def _read_header(png: PngFile, body: memoryview) -> None:
    if png.header or len(body) != 13:
        raise corrupt("its header is broken")
    png.header = bytes(body)
    png.width, png.height, png.depth, png.color_type = struct.unpack(">IIBB", body[:10])
    if not png.width or not png.height:
        raise corrupt("it has no size")


def _read_text(png: PngFile, kind: bytes, body: bytes) -> None:
    png.dropped |= TEXT
    keyword, _, rest = body.partition(b"\0")
    if kind == b"iTXt" and keyword == XMP_KEYWORD:
        packet = rest[2:].split(b"\0", 2)
        if rest[:1] == b"\0" and len(packet) == 3:
            png.xmp = strip_xmp_orientation(packet[2])
    elif not keyword.startswith(RAW_PROFILE):
        png.text.append((kind, body))


def _read_palette(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    png.palette = bytes(body)


def _read_transparency(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    png.transparency = bytes(body)


def _read_cicp(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    png.cicp = bytes(body)


def _check_profile(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    _, _, packed = bytes(body).partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        unpacker.decompress(packed[1:], LARGEST_PROFILE)
    except zlib.error:
        png.profile_problem = "it cannot be unpacked"
    else:
        if unpacker.unconsumed_tail or not unpacker.eof:
            png.profile_problem = "it is too large, or cut off"
    if png.profile_problem:
        png.dropped.add(b"iCCP")


def _read_srgb(png: PngFile, _body: memoryview, _seen: set[bytes]) -> None:
    png.srgb = True


def _read_gamma(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    png.gamma = int.from_bytes(body, "big")


def _read_chromaticities(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    png.chromaticities = bytes(body)


def _read_exif(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    png.exif = bytes(body)


def _read_animation(png: PngFile, body: memoryview, seen: set[bytes]) -> None:
    if len(body) == 8 and b"IDAT" not in seen and not png.declared_frames:
        png.declared_frames, png.loop_count = struct.unpack(">II", body)


def _read_frame_control(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    if not png.declared_frames:
        return
    if len(body) != 26:
        raise corrupt("a frame's header is broken")
    _, width, height, x, y, part, whole, dispose, blend = struct.unpack(">IIIIIHHBB", body)
    if not (width and height and x + width <= png.width and y + height <= png.height):
        raise corrupt("a frame lies outside of the picture")
    duration = Fraction(part * 1000, whole or 100)
    disposal = DISPOSALS.get(dispose, Disposal.KEEP)
    png.frames.append((FrameControl(width, height, x, y, duration, disposal, blend == BLEND_OVER), []))


def _read_image_data(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    # Without a frame's header before it, this is the default image, which is no part of the animation.
    if png.frames:
        png.frames[-1][1].append(body)


def _read_frame_data(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    if not png.declared_frames:
        return
    if not png.frames:
        raise corrupt("a frame has no header")
    png.frames[-1][1].append(body[4:])


READ = {
    b"PLTE": _read_palette,
    b"tRNS": _read_transparency,
    b"cICP": _read_cicp,
    b"iCCP": _check_profile,
    b"sRGB": _read_srgb,
    b"gAMA": _read_gamma,
    b"cHRM": _read_chromaticities,
    b"eXIf": _read_exif,
    b"acTL": _read_animation,
    b"fcTL": _read_frame_control,
    b"IDAT": _read_image_data,
    b"fdAT": _read_frame_data,
}


def _check_colors(png: PngFile) -> None:
    if png.color_type not in {0, 2, 3, 4, 6}:
        raise unsupported("png", "its colour type does not exist")
    if png.color_type == PALETTE and len(png.palette) < 3:
        raise corrupt("it has no palette")
    fits = {0: {2}, 2: {6}, PALETTE: range(1, 257)}.get(png.color_type, ())
    if png.transparency is not None and len(png.transparency) not in fits:
        png.note(SENSELESS)
        png.transparency = None
        png.dropped.add(b"tRNS")


def _check_animation(png: PngFile) -> None:
    if len(png.frames) < png.declared_frames:
        raise truncated()
    if len(png.frames) != png.declared_frames:
        png.note(MISCOUNTED)
    if any(not parts for _, parts in png.frames):
        raise corrupt("a frame has no data")
    if png.frames and png.flaws:
        _check_last_frame(png)


def _check_last_frame(png: PngFile) -> None:
    control, parts = png.frames[-1]
    if correct_sum(b"".join(parts), find_most(control.width, control.height, png.bits)) is None:
        raise truncated()
