"""DDS: its first picture, in blocks by Pillow, HDR blocks by imagecodecs, all else by its masks."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from imagecodecs import BCN, bcn_decode
from PIL import Image

from core.losses import DepthReduced, ExtrasDropped, Loss
from engine.codecs.registry import Codec, Encoder
from engine.containers.dds import Array, Blocks, DdsFile, Masks, parse_dds
from engine.errors import corrupt, decoding, truncated
from engine.image import Frame, Opened
from engine.limits import check_pixels
from engine.pixels.alpha import drop_alpha
from engine.pixels.gaps import describe_range, measure_samples
from engine.pixels.masks import unpack_masks
from engine.pixels.samples import ROWS, Samples
from engine.request import Limits

HDR_BLOCKS = {"BC6H": BCN.FORMAT.BC6HU, "BC6HS": BCN.FORMAT.BC6HS}
MODES = {"L": "L", "LA": "LA", "RG": "RGB", "RGB": "RGB", "RGBA": "RGBA", "A": "LA"}
"""The mode that holds the bands. Two are red and green, as in maps of normals; alpha alone is that of black."""


def open_dds(data: bytes, limits: Limits) -> Opened:
    """Read the header of a DDS."""
    file = parse_dds(data)
    width, height = file.size
    if not width or not height:
        raise corrupt("it has no size")
    check_pixels(width * height, limits.max_pixels)
    if file.start + file.length > len(data):
        raise truncated()
    bands = file.layout.mode if isinstance(file.layout, Blocks) else getattr(file.layout, "bands", "RGBA")
    return Opened(
        format="dds", size=file.size, pixels=width * height, read=partial(_read_frame, data, file),
        opaque=file.opaque or "A" not in bands, losses=(ExtrasDropped(what=file.extras),) if file.extras else (),
    )  # fmt: skip


def _read_frame(data: bytes, file: DdsFile) -> Iterator[Frame]:
    body = memoryview(data)[file.start : file.start + file.length]
    with decoding("dds"):
        match file.layout:
            case Blocks(name=name) if name in HDR_BLOCKS:
                frame = _scale_samples(_decode_hdr_blocks(body, file.size, name), "RGB", 16)
            case Blocks(number=number, name=name, mode=mode):
                frame = Frame(Image.frombytes(mode, file.size, bytes(body), "bcn", (number, name)))
            case Masks() as masks:
                frame = Frame(_unpack_masks(body, file.size, masks))
            case Array(kind=kind, bands=bands):
                samples = np.frombuffer(body, kind).reshape(file.size[1], file.size[0], len(bands))
                frame = _scale_samples(samples, bands, 8 * samples.itemsize)
            case _:
                frame = Frame(_read_palette(body, file.size))
    yield frame if frame.image.mode not in {"LA", "RGBA"} else _settle_alpha(frame, file)


def _settle_alpha(frame: Frame, file: DdsFile) -> Frame:
    image = frame.image
    if file.opaque:
        image = drop_alpha(image)
    elif file.premultiplied and image.mode == "RGBA":
        image = Image.frombuffer("RGBa", image.size, image.tobytes(), "raw", "RGBa", 0, 1).convert("RGBA")
    return Frame(image, depth=frame.depth, losses=frame.losses)


def _decode_hdr_blocks(body: memoryview, size: tuple[int, int], name: str) -> Samples:
    width, height = size
    whole = (height + -height % 4, width + -width % 4, 3)
    samples: Samples = np.asarray(bcn_decode(bytes(body), HDR_BLOCKS[name], shape=whole))
    return samples[:height, :width]


def _read_palette(body: memoryview, size: tuple[int, int]) -> Image.Image:
    colors = np.frombuffer(body[:1024], np.uint8).reshape(256, 4)
    return Image.fromarray(colors[np.frombuffer(body[1024:], np.uint8).reshape(size[1], size[0])])


def _unpack_masks(body: memoryview, size: tuple[int, int], layout: Masks) -> Image.Image:
    raw = np.frombuffer(body, np.uint8).reshape(size[1], size[0], layout.bits // 8)
    return unpack_masks(raw, MODES[layout.bands], dict(zip(layout.bands, layout.masks, strict=True)))


def _scale_samples(samples: Samples, bands: str, depth: int) -> Frame:
    """Return samples of 16 bits or floats as a frame: grey as it is, colors with 8 bits.

    Floats from 0 to 1 are black to white; anything else is stretched to that.
    """
    if bands == "L":
        grey = samples[:, :, 0]
        return Frame(Image.fromarray(grey if grey.dtype == np.uint16 else grey.astype(np.float32)), depth=depth)
    low, high, losses = _find_range(samples, bands, depth)
    mode = MODES[bands]
    result = np.zeros((*samples.shape[:2], len(mode)), np.uint8)
    for start in range(0, len(samples), ROWS):
        rows = samples[start : start + ROWS].astype(np.float32)
        for band, name in enumerate(bands):
            black, white = (0.0, 1.0) if name == "A" and samples.dtype.kind == "f" else (low, high)
            values = rows[:, :, band]
            scaled = (np.where(np.isfinite(values), values, black) - black) * (255 / (white - black))
            result[start : start + ROWS, :, mode.index(name)] = np.clip(scaled + 0.5, 0, 255)
    return Frame(Image.fromarray(result), depth=depth, losses=losses)


def _find_range(samples: Samples, bands: str, depth: int) -> tuple[float, float, tuple[Loss, ...]]:
    """Return the values of black and white."""
    if samples.dtype.kind != "f":
        return 0.0, 65_535.0, ()
    colors = samples[:, :, : len(bands.removesuffix("A"))]
    measured = measure_samples(colors, "dds")
    low, high = measured.low, measured.high
    is_plain = low >= 0 and high <= 1
    low, high = (0.0, 1.0) if is_plain else (low, high if high > low else low + 1)
    why = describe_range(None if is_plain else (low, high), gaps=measured.gaps)
    return low, high, (DepthReduced(depth=depth, kept=8, why=why),) if why else ()


CODEC = Codec(open=open_dds, encoder=Encoder(pillow="DDS"))
