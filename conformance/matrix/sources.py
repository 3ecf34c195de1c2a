"""The source files: `stored(subject, name)` is the subject in that format, or None if the format cannot store it.

Most files are written by Pillow, some by hand, HEIC and JPEG XL by their reference encoders. None of them is taken on
trust: the matrix reads each back with an independent reader before it judges what the engine made of it.
"""

import struct
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
from imagecodecs import jpeg2k_encode
from PIL import Image, PngImagePlugin

from conformance import images
from conformance.matrix import pictures
from conformance.matrix.handmade import ICNS_KINDS, icns, jxl_with_boxes, psd, sgi16
from conformance.matrix.pictures import Pixels
from conformance.matrix.subjects import Kind, Subject
from conformance.matrix.turning import turned_by_boxes
from conformance.profiles import rgb_profile

BROKEN_PROFILE = b"\0\0\2\0lcms" + b"this is no profile" * 20

PILLOW: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    "png": ("PNG", {}),
    "webp": ("WEBP", {"lossless": True, "exact": True}),
    "gif": ("GIF", {}),
    "tiff": ("TIFF", {}),
    "bmp": ("BMP", {}),
    "avif": ("AVIF", {"quality": 95, "subsampling": "4:4:4", "max_threads": 1}),
    "jp2": ("JPEG2000", {}),
    "tga": ("TGA", {}),
    "ppm": ("PPM", {}),
    "pcx": ("PCX", {}),
    "dds": ("DDS", {}),
    "qoi": ("QOI", {}),
    "sgi": ("SGI", {}),
}

ALPHA = {"png", "webp", "tiff", "avif", "jp2", "tga", "dds", "qoi", "sgi", "ico", "icns", "psd", "heic", "jxl"}
ENCODERS: dict[str, tuple[str, ...]] = {
    "heic": ("heif-enc", "-q", "98", "-p", "chroma=444", "-o", "{out}", "{in}"),
    "jxl": ("cjxl", "--quiet", "-d", "0", "-e", "3", "{in}", "{out}"),
}
"""Reference encoders that a format needs, with the arguments from an input to an output."""


def missing(name: str) -> str | None:
    """Return the encoder for files of that format if it is missing on this machine."""
    tool = ENCODERS[name][0] if name in ENCODERS else None
    return tool if tool and which(tool) is None else None


def stored(subject: Subject, name: str) -> bytes | None:
    """The subject as a file of that format; None when the format (or the writer used here) cannot hold it."""
    if max(subject.first.shape[:2]) > LARGEST.get(name, 65_500):
        return None
    return KINDS[subject.kind](subject, name)


LARGEST = {"ico": 256, "icns": 1024, "webp": 16_383, "heic": 8192, "jxl": 16_384, "avif": 16_384, "dds": 16_384}


def _store_color(subject: Subject, name: str) -> bytes | None:
    return _store_flat(subject.first, name)


def _store_flat(pixels: Pixels, name: str) -> bytes | None:
    rgb = pictures.image(pixels)
    if name in PILLOW:
        pillow, settings = PILLOW[name]
        if name == "gif":
            return _store_gif(rgb)
        return images.encoded(rgb, pillow, **settings)
    return _by_hand(rgb, name)


def _store_gif(rgb: Image.Image) -> bytes | None:
    """Exact, or not at all."""
    if rgb.getcolors(256) is None:
        return None
    return images.encoded(rgb.quantize(256, dither=Image.Dither.NONE), "GIF")


def _by_hand(picture: Image.Image, name: str) -> bytes | None:
    if name in ENCODERS:
        return _encoded_by_tool(name, images.encoded(picture, "PNG"), ".png") if min(picture.size) > 1 else None
    if name == "psd":
        return psd(picture)
    if name == "ico" and picture.width == picture.height:
        return images.encoded(picture, "ICO", sizes=[picture.size])
    if name == "icns" and picture.size in ICNS_KINDS:
        return icns(picture)
    return None


def _encoded_by_tool(name: str, data: bytes, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="matrix-") as directory:
        given, made = Path(directory, f"in{suffix}"), Path(directory, f"out.{name}")
        given.write_bytes(data)
        command = [part.replace("{in}", str(given)).replace("{out}", str(made)) for part in ENCODERS[name]]
        subprocess.run(command, check=True, capture_output=True)
        return made.read_bytes()


def _store_alpha(subject: Subject, name: str) -> bytes | None:
    if name not in ALPHA:
        return None
    rgba = pictures.image(subject.first, "RGBA")
    if name in PILLOW:
        return images.encoded(rgba, PILLOW[name][0], **PILLOW[name][1])
    return _by_hand(rgba, name)


def _store_palette(subject: Subject, name: str) -> bytes | None:
    if name not in {"png", "gif"}:
        return None
    rgba = pictures.image(subject.first, "RGBA")
    clear = rgba.getchannel("A").point(lambda value: 255 if value == 0 else 0)
    indexed = rgba.convert("RGB").quantize(255, dither=Image.Dither.NONE)
    table = (indexed.getpalette() or [])[: 255 * 3]
    free = len(table) // 3
    indexed.putpalette([*table, *pictures.HIDDEN])
    indexed.paste(free, mask=clear)
    return images.encoded(indexed, PILLOW[name][0], transparency=free)


def _store_grey16(subject: Subject, name: str) -> bytes | None:
    grey = Image.fromarray(np.ascontiguousarray(subject.first[..., 0]))
    if name in {"png", "tiff", "jp2", "ppm"}:
        return images.encoded(grey, PILLOW[name][0])
    if name == "jxl":
        return _encoded_by_tool(name, images.encoded(grey, "PNG"), ".png")
    # An SGI's 16 bits are read as 8, grey too: `_colour16` and the tests of the engine have those.
    return None


def _store_color16(subject: Subject, name: str) -> bytes | None:
    height, width = subject.first.shape[:2]
    samples = subject.first[..., :3].astype(">u2")
    if name == "ppm":
        return b"P6\n%d %d\n65535\n" % (width, height) + samples.tobytes()
    if name == "tiff":
        return _store_tiff16(width, height, samples.tobytes())
    if name == "sgi":
        return sgi16(samples)
    if name == "jp2":
        return bytes(jpeg2k_encode(samples.astype(np.uint16)))
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    png = images.png_of(width, height, 16, 2, rows)
    if name == "jxl":
        return _encoded_by_tool(name, png, ".png")
    return png if name == "png" else None


def _store_tiff16(width: int, height: int, samples: bytes) -> bytes:
    """A big-endian TIFF 6.0 with one strip of 16-bit RGB."""
    bits_at, start = 8, 14
    entries: Sequence[tuple[int, int, int, int]] = (
        (256, 3, 1, width << 16), (257, 3, 1, height << 16), (258, 3, 3, bits_at), (259, 3, 1, 1 << 16),
        (262, 3, 1, 2 << 16), (273, 4, 1, start), (277, 3, 1, 3 << 16), (278, 3, 1, height << 16),
        (279, 4, 1, len(samples)), (284, 3, 1, 1 << 16),
    )  # fmt: skip
    table = struct.pack(">H", len(entries)) + b"".join(struct.pack(">HHII", *entry) for entry in entries) + bytes(4)
    return b"MM\0*" + struct.pack(">I", start + len(samples)) + struct.pack(">3H", 16, 16, 16) + samples + table


def _store_cmyk(subject: Subject, name: str) -> bytes | None:
    picture = Image.fromarray(subject.stored, "CMYK")
    if name in {"jpeg", "tiff"}:
        return images.encoded(picture, PILLOW[name][0], **PILLOW[name][1])
    # In a PSD, 255 is no ink.
    return psd(Image.fromarray(255 - subject.stored, "CMYK")) if name == "psd" else None


def _store_bit(subject: Subject, name: str) -> bytes | None:
    picture = pictures.image(subject.first, "L").convert("1")
    return images.encoded(picture, PILLOW[name][0]) if name in {"png", "tiff", "bmp", "pcx", "ppm", "gif"} else None


def _store_animation(subject: Subject, name: str) -> bytes | None:
    films = subject.stored or subject.frames
    opaque = all((frame[..., 3] == pictures.FULL).all() for frame in films)
    frames = [pictures.image(frame, "RGB" if opaque else "RGBA") for frame in films]
    plays = {"gif": {"loop": 2}, "png": {"loop": 3}, "webp": {"loop": 3}, "avif": {}}
    if name not in plays:
        return None
    settings = PILLOW[name][1] | plays[name] | ({"disposal": 1 if opaque else 2} if name == "gif" else {})
    return images.encoded(
        frames[0], PILLOW[name][0], save_all=True, append_images=frames[1:], duration=list(subject.times), **settings
    )


def _store_pages(subject: Subject, name: str) -> bytes | None:
    frames = [pictures.image(frame) for frame in subject.frames]
    return images.encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]) if name == "tiff" else None


def _store_album(subject: Subject, name: str) -> bytes | None:
    first, second = (pictures.image(frame) for frame in subject.frames)
    settings = PILLOW["jpeg"][1]
    return images.encoded(first, "MPO", save_all=True, append_images=[second], **settings) if name == "jpeg" else None


def _store_oriented(subject: Subject, name: str) -> bytes | None:
    """Store turned pixels and a tag to turn them back. The writers of AVIF and HEIC make boxes of the tag."""
    turn = images.TURNED[subject.orientation]
    upright = pictures.image(subject.first)
    turned = upright if turn is None else upright.transpose(turn)
    exif = images.exif(subject.orientation)
    if name in {"jpeg", "png", "webp", "tiff", "avif"}:
        return images.encoded(turned, PILLOW[name][0], exif=exif, **PILLOW[name][1])
    if name == "heic":
        jpeg = images.encoded(turned, "JPEG", exif=exif, **PILLOW["jpeg"][1])
        made = _encoded_by_tool(name, jpeg, ".jpg")
        return turned_by_boxes(made, subject.orientation)
    return _encoded_by_tool(name, images.encoded(turned, "PNG", exif=exif), ".png") if name == "jxl" else None


def _store_described(subject: Subject, name: str) -> bytes | None:
    """EXIF with a place, XMP, IPTC, comments and text, as far as the format has them."""
    picture, exif = pictures.image(subject.first), images.exif()
    settings: dict[str, Any] = {"exif": exif, "xmp": images.XMP}
    if name == "jpeg":
        resources = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(images.IPTC)) + images.IPTC
        segment = b"\xff\xed" + struct.pack(">H", len(resources) + 2) + resources
        settings |= {"comment": b"secret comment", "extra": segment}
    elif name == "png":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "secret comment")
        text.add_text("Author", "secret author", zip=True)
        text.add_itxt("XML:com.adobe.xmp", images.XMP.decode())
        settings = {"exif": exif, "pnginfo": text}
    if name == "jxl":
        return jxl_with_boxes(_encoded_by_tool(name, images.encoded(picture, "PNG"), ".png"), exif)
    return _encode_with(picture, name, settings)


def _store_profiled(subject: Subject, name: str) -> bytes | None:
    picture = pictures.image(subject.first if subject.stored is None else subject.stored)
    profile = BROKEN_PROFILE if subject.kind is Kind.MISPROFILED else rgb_profile()
    if subject.kind is Kind.MISPROFILED and name in ENCODERS:
        return None
    return _encode_with(picture, name, {"icc_profile": profile})


def _encode_with(picture: Image.Image, name: str, settings: dict[str, Any]) -> bytes | None:
    """Encode by the reference encoders. They take over the metadata of the given PNG or JPEG."""
    if name in {"jpeg", "png", "webp", "tiff", "avif"}:
        return images.encoded(picture, PILLOW[name][0], **settings, **PILLOW[name][1])
    if name == "jxl":
        return _encoded_by_tool(name, images.encoded(picture, "PNG", **settings), ".png")
    if name == "heic":
        return _encoded_by_tool(name, images.encoded(picture, "JPEG", **settings, **PILLOW["jpeg"][1]), ".jpg")
    return None


KINDS: dict[Kind, Callable[[Subject, str], bytes | None]] = {
    Kind.COLOUR: _store_color,
    Kind.ALPHA: _store_alpha,
    Kind.PALETTE: _store_palette,
    Kind.GREY16: _store_grey16,
    Kind.COLOUR16: _store_color16,
    Kind.CMYK: _store_cmyk,
    Kind.BIT: _store_bit,
    Kind.ANIMATION: _store_animation,
    Kind.PAGES: _store_pages,
    Kind.ALBUM: _store_album,
    Kind.ORIENTED: _store_oriented,
    Kind.DESCRIBED: _store_described,
    Kind.PROFILED: _store_profiled,
    Kind.MISPROFILED: _store_profiled,
}
