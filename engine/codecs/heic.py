"""HEIC by libheif: through pillow-heif if it is installed, else through pi-heif.

Only pillow-heif brings an encoder.
"""

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Protocol, TypedDict

import numpy as np
from PIL import Image

from core.options import Options
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, attach_marked
from engine.color import hdr
from engine.color.colorimetry import Described, Hdr, describe_cicp
from engine.color.profile_tags import describe_profile
from engine.containers import bmff
from engine.containers.heif_items import read_items
from engine.errors import decoding, unsupported
from engine.extras import survey_heif
from engine.image import Frame, FrameKind, Opened
from engine.limits import check_pixels
from engine.metadata import Metadata, strip_exif_mark, strip_xmp_orientation
from engine.request import Limits

THREADS = {"x265:pools": "none", "x265:frame-threads": "1"}
"""A job has one processor."""

STRIPS = {"x265:allow-non-conformance": "1"}
"""For pictures less than 32 pixels high or wide and longer than 4,216: no level of HEVC has them, but readers do."""

PRESETS = ("ultrafast", *["superfast"] * 2, *["veryfast"] * 4, "slow", "slower", "veryslow")
"""x265's names of the efforts 0 to 9; those between gave the same files."""

EFFORT, QUALITY = 3, 50
"""Chosen by docs/encoders.md, which `make tune` measures."""


DEEP_CHANNELS = {"I;16": 1, "RGB;16": 3, "RGBA;16": 4, "RGBa;16": 4}
"""Channels of the binding's modes of more than 8 bits."""


class Numbers(TypedDict, total=False):
    """Color by numbers, as the binding names them."""

    color_primaries: int
    transfer_characteristics: int


class HeifInfo(TypedDict, total=False):
    """The facts of a picture beside its pixels, as the binding names them."""

    icc_profile: bytes
    nclx_profile: Numbers
    bit_depth: int
    exif: bytes | None
    xmp: bytes | None


class HeifImage(Protocol):
    """A picture of either binding, decoded when its data are asked for."""

    info: HeifInfo
    mode: str
    size: tuple[int, int]
    stride: int
    data: bytes


def find_library() -> ModuleType:
    """Return the installed binding to libheif."""
    return import_module("pillow_heif" if find_spec("pillow_heif") else "pi_heif")


def load_library() -> None:
    """Load the library with one thread a decoder, and register its encoder, if any. Call once per process."""
    find_library().register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)


def open_heif(data: bytes, limits: Limits, entry: int | None = None) -> Opened:
    """Read the header of the primary picture, or of that entry, counted from 0. Raise ConversionError when it is bad or over a limit.

    libheif turns and mirrors as the file says. An orientation in EXIF beside that is history.
    """
    bmff.check_whole(data)
    whole, data = data, bmff.cut_film(data)
    with decoding("heic"):
        image, count = _open_picture(data, entry)
        color = _describe_color(image.info, grey=image.mode[0] == "L")
        read = partial(_read_frame, [image], color)
        if color.hdr is not None and image.info.get("bit_depth", 8) > 8:
            read = partial(_read_hdr, [_open_picture(data, entry, deep=True)[0]], color.hdr)
        (width, height), opaque = image.size, "A" not in image.mode.upper()
        items = read_items(data)
        count = max(count - items.count_gain_maps(), bmff.count_samples(data), 1)
    check_pixels(width * height, limits.max_pixels)
    return Opened(
        format="heic", size=(width, height), pixels=width * height, read=read,
        kind=FrameKind.ALBUM if count > 1 else FrameKind.STILL, frames=count, opaque=opaque,
        metadata=_read_metadata(image.info), losses=survey_heif(data, items, count, whole[len(data) :]).losses,
        open_entry=partial(open_heif, data, limits),
    )  # fmt: skip


def _open_picture(data: bytes, entry: int | None, *, deep: bool = False) -> tuple[HeifImage, int]:
    """Return that picture, or the primary one, of more than 8 bits only if `deep`, and the number of all."""
    file = find_library().open_heif(data, convert_hdr_to_8bit=not deep)
    if entry is not None and entry >= len(file):
        raise unsupported("heic", "of its film, only the first picture is")
    return file[file.primary_index if entry is None else entry], len(file)


def _read_frame(images: list[HeifImage], color: Described) -> Iterator[Frame]:
    with decoding("heic"):
        image = images.pop()
        depth, mode = image.info.get("bit_depth", 8), image.mode
        decoded = Image.frombytes(mode, image.size, bytes(image.data), "raw", mode, image.stride)
    del image
    yield Frame(decoded, profile=color.profile, problem=color.problem, hdr=color.hdr, depth=max(8, depth))


def _read_hdr(images: list[HeifImage], bright: Hdr) -> Iterator[Frame]:
    """Decode in all depth: HDR has too few steps in 8 bits. The binding shifts samples up to 16 bits."""
    with decoding("heic"):
        image = images.pop()
        (width, height), depth = image.size, image.info.get("bit_depth", 8)
        rows = np.frombuffer(image.data, np.uint16).reshape(height, image.stride // 2)
        samples = rows[:, : width * DEEP_CHANNELS[image.mode]].reshape(height, width, -1)
        full_scale = ((1 << depth) - 1) << (16 - depth)
        frame = hdr.make_frame(partial(Frame, depth=depth), samples, bright, full_scale)
    del image, rows, samples
    yield frame


def _describe_color(info: HeifInfo, *, grey: bool) -> Described:
    if profile := info.get("icc_profile"):
        return describe_profile(profile)
    numbers: Numbers = info.get("nclx_profile") or {}
    return describe_cicp(numbers.get("color_primaries", 2), numbers.get("transfer_characteristics", 2), grey=grey)


def _read_metadata(info: HeifInfo) -> Metadata:
    return Metadata(
        exif=strip_exif_mark(info.get("exif") or b""), xmp=strip_xmp_orientation((info.get("xmp") or b"").rstrip(b"\0"))
    )


def _choose_settings(options: Options) -> SaveSettings:
    preset = PRESETS[options.effort if options.effort is not None else EFFORT]
    return {
        "quality": options.quality or QUALITY,
        "chroma": int(options.subsampling or (444 if options.has_full_chroma else 420)),
        "enc_params": {"preset": preset} | THREADS | STRIPS,
    }


CODEC = Codec(
    prepare=load_library,
    open=open_heif,
    encoder=Encoder(pillow="HEIF", settings=_choose_settings, attach=attach_marked, crashes=True),
    # libde265 and x265 start threads although they are set to one.
    may_start_threads=True,
)
