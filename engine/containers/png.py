"""What the chunks of a PNG say (PNG specification, third edition), APNG's frames included.

Pillow checks no sums of image data, takes a file without its end, and composes `blend over` wrong. So frames are taken
out here, each as a small PNG of its own.
"""

import struct
import zlib

from core.magic import PNG
from engine.containers.png_chunks import SENSELESS, pack_chunk, read_chunks
from engine.containers.png_file import PngFile
from engine.containers.png_film import READ_FILM, check_animation
from engine.containers.png_samples import from_apple_file
from engine.errors import corrupt, truncated, unsupported
from engine.metadata import strip_xmp_orientation

__all__ = ["PngFile", "pack_chunk", "parse_file", "read_chunks", "strip_for_decoder"]

TEXT = {b"tEXt", b"zTXt", b"iTXt"}
XMP_KEYWORD = b"XML:com.adobe.xmp"
# Other programs' way to hide EXIF and the like in text: it would bring orientation and GPS back.
RAW_PROFILE = b"Raw profile type "
PALETTE = 3

LARGEST_PROFILE = 4 << 20
"""Bytes; those of cameras and printers have one or two million at most."""


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
    for kind, body in read_chunks(data, png.note):
        if not seen and kind == b"CgBI":
            png.is_apple = True
            continue
        if not seen and kind != b"IHDR":
            raise corrupt("it does not start with its header")
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
    check_animation(png)
    return png


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


def _note_gain_map(png: PngFile, _body: memoryview, _seen: set[bytes]) -> None:
    png.has_gain_map = True


def _read_exif(png: PngFile, body: memoryview, _seen: set[bytes]) -> None:
    png.exif = bytes(body)


READ = {
    b"PLTE": _read_palette,
    b"tRNS": _read_transparency,
    b"cICP": _read_cicp,
    b"iCCP": _check_profile,
    b"sRGB": _read_srgb,
    b"gAMA": _read_gamma,
    b"cHRM": _read_chromaticities,
    b"eXIf": _read_exif,
    b"gmAP": _note_gain_map,
    b"gdAT": _note_gain_map,
} | READ_FILM


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
