"""Formats that hold one picture, without metadata: Pillow reads them, and what it hides is made plain here."""

from collections.abc import Callable, Iterator
from functools import partial

from PIL import Image

from worker.ceilings import check_pixels
from worker.opening import load_image, once, sensible_dpi
from worker.request import Limits
from worker.source import Frame, Opened

Depth = Callable[[bytes], int]
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def read_still(name: str, depth_of: Depth, data: bytes, limits: Limits) -> Opened:
    """The header; `depth_of` tells the bits of a sample, which Pillow may have reduced to 8."""
    _check_icon(name, data, limits)
    image = load_image(name, data)
    size = image.size
    check_pixels(size[0] * size[1], limits.max_pixels)
    make = partial(_frame, depth_of(data), image.info.get("icc_profile") or None)
    return Opened(
        format=name,
        size=size,
        pixels=size[0] * size[1],
        read=partial(once, name, [image], make),
        dpi=sensible_dpi(image),
    )


def _check_icon(name: str, data: bytes, limits: Limits) -> None:
    """Pillow decodes icons at once, and their directories may say another size than the PNGs that they point to."""
    for offset in _icon_pictures(name, data):
        if data[offset : offset + 8] == PNG_MAGIC:
            width, height = (int.from_bytes(data[offset + at : offset + at + 4], "big") for at in (16, 20))
            check_pixels(width * height, limits.max_pixels)


def _icon_pictures(name: str, data: bytes) -> Iterator[int]:
    """Where the pictures of an ICO or ICNS begin."""
    if name == "ico":
        count = int.from_bytes(data[4:6], "little")
        yield from (int.from_bytes(data[at : at + 4], "little") for at in range(18, 18 + 16 * count, 16))
    at = 8
    while name == "icns" and at + 8 <= len(data):
        yield at + 8
        at += max(8, int.from_bytes(data[at + 4 : at + 8], "big"))


def _frame(depth: int, profile: bytes | None, image: Image.Image) -> Frame:
    """Grey of 16 bits comes from some decoders as integers of 32."""
    if image.mode == "I" and depth <= 16:
        image = image.convert("I;16")
    return Frame(image, profile=profile, depth=max(8, depth))


def _eight(_: bytes) -> int:
    return 8


def _jp2_depth(data: bytes) -> int:
    """Of the image header box, or of the first component in a bare codestream (ISO 15444-1, I.5.3.1 and A.5.1)."""
    at = data.find(b"ihdr", 0, 256)
    coded = data[at + 14 : at + 15] if at > 0 else data[42:43]
    return (coded[0] & 0x7F) + 1 if coded and coded[0] != 0xFF else 8


def _pnm_depth(data: bytes) -> int:
    """By the largest value, the fourth word of the header; bitmaps have none."""
    if data[1:2] in {b"1", b"4"}:
        return 1
    words: list[bytes] = []
    for line in data[:2048].splitlines():
        words += line.partition(b"#")[0].split()
        if len(words) >= 4:
            return int(words[3]).bit_length() if words[3].isdigit() else 8
    return 8


STILL_READERS: dict[str, Callable[[bytes, Limits], Opened]] = {
    name: partial(read_still, name, depth_of)
    for name, depth_of in (
        ("jp2", _jp2_depth), ("ico", _eight), ("icns", _eight), ("ppm", _pnm_depth), ("pcx", _eight),
        ("dds", _eight), ("psd", _eight), ("qoi", _eight), ("tga", _eight),
    )
}  # fmt: skip
