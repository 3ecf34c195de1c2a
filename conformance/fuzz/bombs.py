"""Small files with large demands, each with the codes it may end with."""

import struct
import zlib

import numpy as np
from imagecodecs import brotli_encode, jpegxl_encode
from PIL import Image

from conformance import images
from conformance.fuzz import claims
from conformance.fuzz.bomb import BROKEN, CROWDED, FINE, ODD, REFUSED, Bomb, pack_zeros
from conformance.fuzz.claims import MANY, claiming
from conformance.fuzz.grid import AVIF, HEIC, grid
from conformance.fuzz.tiff_bombs import TIFF_BOMBS


def _png_of_bits(side: int) -> bytes:
    row = bytes(1 + (side + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = (images.chunk(b"IHDR", header), images.chunk(b"IDAT", body), images.chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _make_gif(count: int, side: int = 8) -> bytes:
    """Make many frames with the shortest possible code."""
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, 0, 1, 0, 0) + struct.pack("<BHHHHB", 0x2C, 0, 0, 1, 1, 0)
    return head + (frame + b"\x02\x02\x44\x01\x00") * count + b";"


def _png_with_text(megabytes: int, kind: bytes = b"zTXt") -> bytes:
    small = images.encoded(images.quarters(), "PNG")
    head = {b"zTXt": b"Comment\0\0", b"iTXt": b"Comment\0\1\0\0\0"}[kind]
    text = images.chunk(kind, head + pack_zeros(megabytes))
    return small[:33] + text + small[33:]


def _make_ico(count: int) -> bytes:
    png = images.encoded(Image.new("RGBA", (256, 256), (*images.RED, 255)), "PNG")
    entry = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(png), 6 + 16 * count)
    return struct.pack("<HHH", 0, 1, count) + entry * count + png


def _ico_of_large_pngs(count: int) -> bytes:
    png = _png_of_bits(20_000)
    entry = struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(png), 6 + 16 * count)
    return struct.pack("<HHH", 0, 1, count) + entry * count + png


def _make_psd(groups: int, side: int = 16) -> bytes:
    """Groups in groups: each layer is empty and opens a section (Photoshop's `lsct`, type 3 or 1)."""
    records = b"".join(_psd_group(kind) for kind in [3] * groups + [1] * groups)
    info = struct.pack(">h", 2 * groups) + records
    info += bytes(len(info) % 2)
    layers = struct.pack(">I", len(info)) + info + bytes(4)
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, side, side, 8, 3)
    composite = struct.pack(">H", 0) + bytes((200,)) * (side * side * 3)
    return header + bytes(8) + struct.pack(">I", len(layers)) + layers + composite


def _psd_group(kind: int) -> bytes:
    extra = bytes(8) + b"\x03abc" + b"8BIMlsct" + struct.pack(">II", 4, kind)
    head = struct.pack(">4iH", 0, 0, 0, 0, 0) + b"8BIMnorm" + bytes((255, 0, 0, 0))
    return head + struct.pack(">I", len(extra)) + extra


def _psd_claiming() -> bytes:
    data = bytearray(_make_psd(1))
    struct.pack_into(">II", data, 14, 30_000, 30_000)
    return bytes(data)


def _png_profiled(megabytes: int) -> bytes:
    small = images.encoded(images.quarters(), "PNG")
    return small[:33] + images.chunk(b"iCCP", b"Profile\0\0" + pack_zeros(megabytes)) + small[33:]


def _make_apng(count: int) -> bytes:
    """Frames of one pixel."""
    pixel = zlib.compress(b"\0\1\2\3")
    control = struct.pack(">IIIIHHBB", 1, 1, 0, 0, 1, 100, 0, 0)
    frames = b"".join(
        images.chunk(b"fcTL", struct.pack(">I", 2 * at) + control)
        + images.chunk(b"fdAT", struct.pack(">I", 2 * at + 1) + pixel)
        for at in range(count)
    )
    plan = images.chunk(b"acTL", struct.pack(">II", count, 0))
    still = images.png_of(1, 1, 8, 2, b"\0\1\2\3")
    return still[:33] + plan + still[33:-12] + frames + still[-12:]


def _make_webp(count: int) -> bytes:
    """Frames of one pixel on a canvas of 16 x 16."""
    still = images.encoded(Image.new("RGB", (1, 1)), "WEBP", lossless=True)
    frame = (
        struct.pack(
            "<3x3x3x3x",
        )
        + struct.pack("<I", 10)[:3]
        + b"\0"
        + still[12:]
    )
    body = b"WEBP" + _make_riff(b"VP8X", b"\2\0\0\0" + b"\x0f\0\0" * 2) + _make_riff(b"ANIM", bytes(6))
    body += _make_riff(b"ANMF", frame) * count
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _make_riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _icns_of_large_png() -> bytes:
    png = _png_of_bits(20_000)
    return b"icns" + struct.pack(">I", len(png) + 16) + b"ic10" + struct.pack(">I", len(png) + 8) + png


def _jxl_with_packed_exif(megabytes: int) -> bytes:
    codestream = bytes(jpegxl_encode(np.asarray(images.quarters()), lossless=True, numthreads=1))
    body = b"Exif" + bytes(brotli_encode(bytes(megabytes << 20)))
    boxes = ((b"JXL ", b"\r\n\x87\n"), (b"ftyp", b"jxl " + bytes(4) + b"jxl "), (b"brob", body), (b"jxlc", codestream))
    return b"".join(struct.pack(">I", len(part) + 8) + kind + part for kind, part in boxes)


def _jpeg_of_scans(side: int, count: int) -> bytes:
    """Make a progressive JPEG with the first scan of all coefficients again and again: each is a pass over the picture."""
    data = images.encoded(Image.new("L", (side, side), 90), "JPEG", progressive=True)
    places = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    return data[: places[1]] + data[places[1] : places[2]] * count + data[places[2] :]


def _psd_of_layers(count: int) -> bytes:
    """Make a composite of 16 x 16 with a layer section for layers of 30,000 x 30,000."""
    layer = struct.pack(">IIIIH", 0, 0, 30_000, 30_000, 0) + b"8BIMnorm" + struct.pack(">BBBBI", 255, 0, 0, 0, 0)
    info = struct.pack(">h", count) + layer * count
    section = struct.pack(">I", len(info)) + info
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 16, 16, 8, 3)
    return head + bytes(8) + struct.pack(">I", len(section)) + section + struct.pack(">H", 0) + bytes(16 * 16 * 3)


BOMBS: tuple[Bomb, ...] = (
    Bomb("PNG, 400 MP of one bit", "png", lambda: _png_of_bits(20_000), REFUSED),
    Bomb("PNG, a text of 100 MB", "png", lambda: _png_with_text(100), FINE),
    Bomb("PNG, an international text of 100 MB", "png", lambda: _png_with_text(100, b"iTXt"), FINE),
    Bomb("PNG, a profile of 100 MB", "png", lambda: _png_profiled(100), FINE),
    Bomb("PNG, claims 60,000 x 60,000", "png", images.png_claiming, REFUSED),
    Bomb("APNG, 10,000 frames", "png", lambda: _make_apng(10_000), CROWDED),
    Bomb("APNG, claims 2,147,483,647 frames", "png", claims.apng, BROKEN | CROWDED),
    *TIFF_BOMBS,
    Bomb("GIF, 10,000 frames", "gif", lambda: _make_gif(10_000), CROWDED),
    Bomb("GIF, 1,000 frames of 60,000 x 60,000", "gif", lambda: _make_gif(1_000, MANY), REFUSED),
    Bomb("AVIF, a grid of 65,536 x 65,536", "avif", lambda: grid(AVIF, 16, 4096), ODD),
    Bomb("AVIF, a grid of 128 x 128 tiles", "avif", lambda: grid(AVIF, 128, 64), ODD),
    Bomb("AVIF, a grid that is a tile of itself", "avif", lambda: grid(AVIF, 4, 64, tile=1), ODD),
    Bomb("AVIF, claims 60,000 x 60,000", "avif", lambda: claims.bmff("AVIF"), ODD),
    Bomb("HEIC, a grid of 65,536 x 65,536", "heic", lambda: grid(HEIC, 16, 4096), ODD),
    Bomb("HEIC, a grid of 128 x 128 tiles", "heic", lambda: grid(HEIC, 128, 64), ODD),
    Bomb("HEIC, a grid that is a tile of itself", "heic", lambda: grid(HEIC, 4, 64, tile=1), ODD),
    Bomb("HEIC, claims 60,000 x 60,000", "heic", lambda: claims.bmff("HEIF"), ODD),
    Bomb("JPEG XL, claims 2^30 x 2^30", "jxl", claims.jxl, REFUSED),
    Bomb("JPEG XL, EXIF of 1 GB", "jxl", lambda: _jxl_with_packed_exif(1024), FINE),
    Bomb("ICO, 1,000 entries", "ico", lambda: _make_ico(1_000), FINE),
    Bomb("ICO, 1,000 entries of 400 MP", "ico", lambda: _ico_of_large_pngs(1_000), REFUSED),
    Bomb("ICNS, a PNG of 400 MP", "icns", _icns_of_large_png, REFUSED),
    Bomb("PSD, 4,000 groups in groups", "psd", lambda: _make_psd(4_000), FINE),
    Bomb("PSD, 30,000 layers of 30,000 x 30,000", "psd", lambda: _psd_of_layers(30_000), FINE | ODD),
    Bomb("PSD, claims 30,000 x 30,000", "psd", _psd_claiming, BROKEN),
    Bomb("BMP, claims 30,000 x 30,000", "bmp", claiming("BMP", 18, "<ii", 30_000, 30_000), BROKEN),
    Bomb("TGA, claims 60,000 x 60,000", "tga", claiming("TGA", 12, "<HH", MANY, MANY), BROKEN),
    Bomb("TGA, run lengths, 60,000 x 60,000", "tga", claims.tga_rle, BROKEN),
    Bomb("PCX, claims 60,000 x 60,000", "pcx", claiming("PCX", 8, "<HH", MANY, MANY), BROKEN),
    Bomb("DDS, claims 60,000 x 60,000", "dds", claiming("DDS", 12, "<II", MANY, MANY), BROKEN),
    Bomb("QOI, claims 60,000 x 60,000", "qoi", claiming("QOI", 4, ">II", MANY, MANY), BROKEN),
    Bomb("SGI, claims 60,000 x 60,000", "sgi", claiming("SGI", 6, ">HH", MANY, MANY), BROKEN),
    Bomb("PPM, claims 60,000 x 60,000", "ppm", lambda: b"P6 60000 60000 255\n" + bytes(1000), BROKEN),
    Bomb("JPEG, claims 65,500 x 65,500", "jpeg", lambda: claims.jpeg(65_500), BROKEN),
    Bomb("JPEG, 36 MP in 1,000 scans", "jpeg", lambda: _jpeg_of_scans(6_000, 1_000), frozenset({"unsupported_image"})),
    Bomb("JPEG, 36 MP in 150 scans", "jpeg", lambda: _jpeg_of_scans(6_000, 150), FINE),
    Bomb("JPEG 2000, claims 60,000 x 60,000", "jp2", claims.jp2, ODD),
    Bomb("JPEG 2000, claims 60,000 x 60,000 in tiles of 1", "jp2", lambda: claims.jp2(1), ODD),
    Bomb("WebP, claims 16,383 x 16,383", "webp", claims.webp, BROKEN),
    Bomb("WebP, 10,000 frames", "webp", lambda: _make_webp(10_000), CROWDED),
)
