"""Formats that hold one picture: Pillow reads them, and what it hides or gets wrong is made plain here."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from imagecodecs import qoi_decode
from PIL import Image

from engine.codecs.opening import is_opaque, load_image, once, sensible_dpi
from engine.containers import bmp, icons, j2k, psd
from engine.errors import corrupt, decoding, truncated
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.metadata import Metadata, without_mark
from engine.pixels.samples import eight_bits_by_rows
from engine.request import Limits

Make = Callable[[Image.Image], Frame]
Open = Callable[[bytes, Limits], Opened]
QOI_END = bytes(7) + b"\1"
QOI_CHANNELS = 12
"""Where a QOI says how many samples a pixel has."""


def _open(name: str, data: bytes, limits: Limits, make: Make = Frame, metadata: Metadata | None = None) -> Opened:
    """The header by Pillow; `make` turns its image into a frame."""
    image = load_image(name, data)
    pixels = image.width * image.height
    check_pixels(pixels, limits.max_pixels)
    return Opened(
        format=name, size=image.size, pixels=pixels, read=partial(once, name, [image], make),
        opaque=is_opaque(image), dpi=sensible_dpi(image), metadata=metadata or Metadata(),
    )  # fmt: skip


def open_plain(name: str) -> Open:
    """For a format about which there is nothing to say."""
    return partial(_open, name)


def open_bmp(data: bytes, limits: Limits) -> Opened:
    """A bitmap, plain or packed by runs."""
    opened = _open("bmp", data, limits)
    return replace(opened, read=partial(_read_bmp, data, opened.read))


def _read_bmp(data: bytes, read: Callable[[], Iterator[Frame]]) -> Iterator[Frame]:
    bmp.check_runs(data)
    yield from read()


def open_jp2(data: bytes, limits: Limits) -> Opened:
    """JPEG 2000, boxed or bare. Samples of odd depths come shifted up to 16 bits."""
    header = j2k.parse(data)
    depth = header.depth
    make = partial(
        Frame,
        profile=header.profile,
        depth=max(8, depth),
        full_scale=((1 << depth) - 1) << (16 - depth) if 8 < depth < 16 else 65_535,
    )
    return _open("jp2", data, limits, make, Metadata(exif=without_mark(header.exif), xmp=header.xmp))


def open_ppm(data: bytes, limits: Limits) -> Opened:
    """PBM, PGM and PPM. Pillow brings every depth above 8 to 16 bits, and gives grey as integers of 32."""
    depth = max(8, _pnm_depth(data))
    return _open("ppm", data, limits, lambda image: Frame(_grey16(image), depth=depth))


def _grey16(image: Image.Image) -> Image.Image:
    return image.convert("I;16") if image.mode == "I" else image


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


def open_tga(data: bytes, limits: Limits) -> Opened:
    """TGA. A fourth sample is alpha only when the descriptor says so; else it is anything, often 0 throughout."""
    opaque = not data[17] & 15 if len(data) > 17 else True
    return _open("tga", data, limits, lambda image: Frame(_without_alpha(image) if opaque else image))


def _without_alpha(image: Image.Image) -> Image.Image:
    return image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))


def open_psd(data: bytes, limits: Limits) -> Opened:
    """The composite of a PSD."""
    file = psd.parse(data)

    def make(image: Image.Image) -> Frame:
        flat = image if image.mode != "RGBA" else _unmatted(image) if file.transparent else _without_alpha(image)
        return Frame(flat, profile=image.info.get("icc_profile") or None)

    return _open("psd", data, limits, make, file.metadata)


def _unmatted(image: Image.Image) -> Image.Image:
    """Photoshop lays the composite on white and keeps its alpha beside; this takes the white out again."""
    return Image.fromarray(eight_bits_by_rows(np.asarray(image), _without_white))


def _without_white(rows: Any) -> Any:
    share = rows[:, :, 3:] / 255
    rows[:, :, :3] = (rows[:, :, :3] - 255 * (1 - share)) / np.maximum(share, 1 / 255)
    return rows


def open_qoi(data: bytes, limits: Limits) -> Opened:
    """QOI, through imagecodecs: Pillow's decoder is Python and takes two seconds for a megapixel."""
    if len(data) < 14 + len(QOI_END) or QOI_END not in data:
        raise truncated()
    width, height = struct.unpack_from(">II", data, 4)
    if not width or not height:
        raise corrupt("it has no size")
    check_pixels(width * height, limits.max_pixels)
    # Its colour space byte is informative by the specification, and Pillow writes `linear` over what is not.
    read = partial(_read_qoi, data, (width, height))
    opaque = data[QOI_CHANNELS] == 3
    return Opened(format="qoi", size=(width, height), pixels=width * height, read=read, opaque=opaque)


def _read_qoi(data: bytes, size: tuple[int, int]) -> Iterator[Frame]:
    with decoding("qoi"):
        samples: Any = qoi_decode(data)
        image = Image.fromarray(samples)
        if image.size != size:
            raise ValueError("the decoder gave another size than the header says")
    del samples
    yield Frame(image)


def open_ico(open_png: Open, data: bytes, limits: Limits) -> Opened:
    """The largest picture of an icon; most are PNGs."""
    return _open_icon("ico", icons.largest_of_ico(data), {"png": open_png}, limits)


def open_icns(open_png: Open, data: bytes, limits: Limits) -> Opened:
    """The largest picture of an Apple icon: a PNG, a JPEG 2000, or a block of the old kind."""
    return _open_icon("icns", icons.largest_of_icns(data), {"png": open_png, "jp2": open_jp2}, limits)


def _open_icon(name: str, icon: icons.Icon, readers: dict[str, Open], limits: Limits) -> Opened:
    if icon.kind in readers:
        opened = readers[icon.kind](icon.data, limits)
        opened = opened.only_the_first()
    else:
        check_pixels(icon.size[0] * icon.size[1], limits.max_pixels)
        opened = _open(name, icon.data, limits)
    return opened.called(name)
