"""Small test images as bytes, built here so that every property of them is known."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from imagecodecs import jpegxl_decode, jpegxl_encode
from PIL import ExifTags, Image, ImageDraw

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 160, 0), (0, 0, 255), (255, 220, 0)
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    b'tiff:Orientation="6" dc:format="secret"/></rdf:RDF></x:xmpmeta>'
)
IPTC = b"\x1c\x02\x78\x00\x06secret"


def encoded(image: Image.Image, name: str, **settings: object) -> bytes:
    """Return an image as a file of that Pillow format."""
    if name == "JXL":
        assert not settings, "imagecodecs has other settings than Pillow"
        return bytes(jpegxl_encode(np.asarray(image), lossless=True))
    buffer = io.BytesIO()
    image.save(buffer, name, **settings)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    """Open a file by Pillow, or by imagecodecs if it is JPEG XL."""
    if not data.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return Image.open(io.BytesIO(data))
    samples = jpegxl_decode(data)
    image = Image.fromarray(
        samples.reshape(samples.shape[:2]) if samples.ndim == 3 and samples.shape[2] == 1 else samples
    )
    image.format = "JXL"
    return image


def decoded(data: bytes) -> Image.Image:
    """Return the first frame of a file, loaded."""
    image = opened(data)
    image.load()
    return image


def unpacked(image: Image.Image) -> Image.Image:
    """Return the picture of a palette or of one bit in plain samples, any other as it is."""
    if image.mode not in {"1", "P"}:
        return image
    plain = image.convert(_find_plain_mode(image))
    plain.format = image.format
    return plain


def _find_plain_mode(image: Image.Image) -> str:
    if image.mode == "1":
        return "L"
    if image.has_transparency_data:
        return "RGBA"
    colors = iter(image.getpalette() or ())
    grey = all(red == green == blue for red, green, blue in zip(colors, colors, colors, strict=True))
    return "L" if grey else "RGB"


def quarters(size: tuple[int, int] = (48, 32), mode: str = "RGB") -> Image.Image:
    """Red, green, blue and yellow from the upper left, clockwise from red: red green / yellow blue."""
    width, height = size
    image = Image.new("RGB", size, RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (width // 2, height // 2, width, height))
    image.paste(YELLOW, (0, height // 2, width // 2, height))
    return image.convert(mode)


TURNED = {
    1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip
"""How an upright picture is stored so that this EXIF orientation makes it upright again."""


def exif(orientation: int = 1) -> Image.Exif:
    """EXIF with a place, a maker and that orientation."""
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = orientation
    block[ExifTags.Base.Make] = "Millstone"
    block[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (48.0, 8.0, 0.0)}
    loaded = Image.Exif()
    loaded.load(block.tobytes())
    return loaded


def oriented(orientation: int, name: str = "JPEG", **settings: object) -> bytes:
    """Return `quarters` (48 x 32 when upright) stored turned, with the EXIF orientation for it and GPS."""
    turn = TURNED[orientation]
    image = quarters() if turn is None else quarters().transpose(turn)
    return encoded(image, name, exif=exif(orientation), **settings)


def described_jpeg(orientation: int = 6) -> bytes:
    """A JPEG with EXIF (GPS, and a thumbnail with an orientation of its own), XMP, IPTC and a comment."""
    resources = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC)) + IPTC
    body = b"Photoshop 3.0\0" + resources
    segment = b"\xff\xed" + struct.pack(">H", len(body) + 2) + body
    block = with_thumbnail(exif(orientation).tobytes(), orientation)
    return encoded(quarters(), "JPEG", exif=block, xmp=XMP, comment=b"secret comment", extra=segment)


def with_thumbnail(block: bytes, orientation: int) -> bytes:
    """An EXIF segment (little-endian, as Pillow writes it) with a second directory: an orientation and a JPEG."""
    tiff = bytearray(block.removeprefix(b"Exif\0\0"))
    order = "<" if tiff[:2] == b"II" else ">"
    thumbnail = encoded(Image.new("RGB", (16, 16), RED), "JPEG")
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, first)
    at = len(tiff) + len(tiff) % 2
    tiff += b"\0" * (at - len(tiff))
    struct.pack_into(f"{order}I", tiff, first + 2 + 12 * count, at)
    start = at + 2 + 3 * 12 + 4
    tiff += struct.pack(f"{order}H", 3)
    tiff += struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff += struct.pack(f"{order}HHII", 0x0201, 4, 1, start)
    tiff += struct.pack(f"{order}HHII", 0x0202, 4, 1, len(thumbnail))
    return b"Exif\0\0" + bytes(tiff) + bytes(4) + thumbnail


def soft_disc(size: int = 40) -> Image.Image:
    """RGBA: a red disc with a soft edge; where it is clear, a garish green hides."""
    alpha = Image.new("L", (size * 4, size * 4), 0)
    ImageDraw.Draw(alpha).ellipse((size // 2, size // 2, size * 7 // 2, size * 7 // 2), fill=255)
    image = Image.new("RGBA", (size, size), (*RED, 255))
    image.putalpha(alpha.resize((size, size), Image.Resampling.LANCZOS))
    image.paste((0, 255, 0, 0), mask=image.getchannel("A").point([255] + [0] * 255))
    return image


def png_with_alpha() -> bytes:
    """`soft_disc` as a PNG."""
    return encoded(soft_disc(), "PNG")


def film(count: int = 4, size: tuple[int, int] = (40, 30)) -> list[Image.Image]:
    """Return RGBA frames: a red square walks over a blue ground."""
    frames = []
    for index in range(count):
        frame = Image.new("RGBA", size, (*BLUE, 255))
        frame.paste((*RED, 255), (index * 8, 5, index * 8 + 8, 13))
        frames.append(frame)
    return frames


FILM_TIMES = [100, 200, 50, 70]


def animated_gif(loop: int | None = 2, times: Sequence[int] = FILM_TIMES) -> bytes:
    """`film` as a GIF; loop None writes no loop block."""
    frames = [frame.convert("RGB") for frame in film()]
    settings: dict[str, Any] = {} if loop is None else {"loop": loop}
    return encoded(
        frames[0], "GIF", save_all=True, append_images=frames[1:], duration=list(times), disposal=1, **settings
    )


def animated_webp(loop: int = 3) -> bytes:
    """`film` as a lossless WebP."""
    return _encode_film("WEBP", loop=loop, lossless=True)


def animated_avif() -> bytes:
    """Return `film` as an AVIF looping forever."""
    return _encode_film("AVIF", quality=95)


def animated_png(loop: int = 3) -> bytes:
    """`film` as an APNG."""
    return _encode_film("PNG", loop=loop)


def _encode_film(name: str, **settings: object) -> bytes:
    frames = film()
    return encoded(frames[0], name, save_all=True, append_images=frames[1:], duration=FILM_TIMES, **settings)


def tiff_pages(count: int = 3) -> bytes:
    """Return a TIFF with pages of different size, mode and colour: page n is 30 + 10n by 20, RGB and grey in turn."""
    pages = [
        Image.new("RGB", (30 + 10 * index, 20), RED) if index % 2 == 0 else Image.new("L", (30 + 10 * index, 20), 90)
        for index in range(count)
    ]
    return encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])


def mpo() -> bytes:
    """Two JPEGs in one file, as stereo cameras and phones write them."""
    return encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (48, 32), BLUE)])


def cmyk_jpeg(*, adobe: bool = True, profile: bytes | None = None) -> bytes:
    """Pure cyan ink. With the Adobe mark the samples are stored inverted, without it as they are."""
    settings = {"icc_profile": profile} if profile else {}
    if adobe:
        return encoded(Image.new("CMYK", (32, 32), (255, 0, 0, 0)), "JPEG", quality=100, subsampling=0, **settings)
    data = encoded(Image.new("CMYK", (32, 32), (0, 255, 255, 255)), "JPEG", quality=100, subsampling=0, **settings)
    at = data.index(b"\xff\xee")
    (length,) = struct.unpack_from(">H", data, at + 2)
    return data[:at] + data[at + 2 + length :]


def grey16_png(value: int = 40_000) -> bytes:
    """A 16-bit grey PNG, one value everywhere."""
    return encoded(Image.new("I;16", (24, 16), value), "PNG")


def float_tiff(values: Sequence[float]) -> bytes:
    """A TIFF of 32-bit floats, one row."""
    image = Image.frombytes("F", (len(values), 1), struct.pack(f"<{len(values)}f", *values))
    return encoded(image, "TIFF")


def truncated_jpeg() -> bytes:
    """The first half of a photograph-like JPEG."""
    data = noisy_jpeg()
    return data[: len(data) // 2]


def noisy_jpeg(size: tuple[int, int] = (200, 150), quality: int = 75) -> bytes:
    """Return a JPEG of noise: it compresses badly."""
    return encoded(Image.effect_noise(size, 80).convert("RGB"), "JPEG", quality=quality)


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, depth: int, colour_type: int, rows: bytes, *extra: bytes) -> bytes:
    """A PNG by hand: `rows` are filter bytes and samples, `extra` chunks go before the image data."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def png_claiming(width: int = 60_000, height: int = 60_000) -> bytes:
    """Return a whole PNG of a few bytes with that size in its header."""
    return png_of(width, height, 8, 2, b"\0" * 1000)


def apng_over(opacity: int = 128) -> bytes:
    """An APNG by hand: 2 x 1, opaque red; then half clear blue is blended over the left pixel (blend_op over)."""
    red = zlib.compress(b"\0" + bytes((255, 0, 0, 255)) * 2)
    blue = zlib.compress(b"\0" + bytes((0, 0, 255, opacity)))
    first = struct.pack(">IIIIIHHBB", 0, 2, 1, 0, 0, 1, 10, 0, 0)
    second = struct.pack(">IIIIIHHBB", 1, 1, 1, 0, 0, 1, 10, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 6, 0, 0, 0)),
            chunk(b"acTL", struct.pack(">II", 2, 0)),
            chunk(b"fcTL", first),
            chunk(b"IDAT", red),
            chunk(b"fcTL", second),
            chunk(b"fdAT", struct.pack(">I", 2) + blue),
            chunk(b"IEND", b""),
        ]
    )
