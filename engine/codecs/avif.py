"""AVIF, stills and image sequences, by libavif through Pillow."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from imagecodecs import avif_decode
from PIL import AvifImagePlugin, Image

from core.losses import ImageDamaged
from core.options import Options
from engine.animation.timing import Clock
from engine.codecs.pillow import load_image
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, attach_marked, choose_subsampling, without_none
from engine.codecs.sequences import FrameSequence, encode_sequence, open_sequence
from engine.color import hdr
from engine.color.colorimetry import Described, Hdr, describe_cicp
from engine.color.profile_tags import describe_profile
from engine.containers import bmff
from engine.containers.heif_crop import find_aperture
from engine.containers.heif_items import read_items
from engine.containers.heif_properties import join_tables
from engine.errors import decoding, unsupported
from engine.extras import survey_heif
from engine.image import Frame, FrameKind, Opened
from engine.request import Limits

NO_APERTURE = "what part of it is to be seen makes no sense"

EFFORT = 4
"""Chosen by docs/encoders.md, which `make tune` measures."""


def limit_threads() -> None:
    """Let a decoder have one thread."""
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def open_avif(data: bytes, limits: Limits) -> Opened:
    """Read the header of an AVIF."""
    bmff.check_whole(data)
    whole, data = data, bmff.cut_film(data)
    behind = whole[len(data) :]
    with decoding("avif"):
        data, flaw = join_tables(data)
    image = load_image("avif", data)
    with decoding("avif"):
        depth, loop_count = bmff.read_depth(data), bmff.read_loop_count(data)
        color = _describe_color(image, bmff.read_nclx(data))
    opened = open_sequence("avif", image, depth=depth, loop_count=loop_count, color=color)
    opened = _add_pictures(data, limits, opened, behind)
    if flaw:
        opened = replace(opened, losses=(ImageDamaged(why=flaw), *opened.losses))
    if color.hdr is not None and depth > 8 and opened.kind is not FrameKind.ANIMATION:
        make = partial(Frame, orientation=opened.orientation, depth=depth)
        opened = replace(opened, read=partial(_read_hdr, data, make, color.hdr, (1 << depth) - 1))
    return _crop(data, opened)


def _crop(data: bytes, opened: Opened) -> Opened:
    """Return what was opened with its clean aperture alone. libavif leaves that to its callers.

    It comes before turning and mirroring (MIAF, ISO/IEC 23000-22, 7.3.6.7).
    """
    try:
        box = find_aperture(data, opened.size, film=opened.kind is FrameKind.ANIMATION)
    except ValueError:
        return replace(opened, losses=(*opened.losses, ImageDamaged(why=NO_APERTURE)))
    if box is None or box == (0, 0, *opened.size):
        return opened
    read = opened.read

    def read_cropped() -> Iterator[Frame]:
        for frame in read():
            yield replace(frame, pixels=frame.pixels.crop(box))

    return replace(opened, size=(box[2] - box[0], box[3] - box[1]), read=read_cropped)


def _add_pictures(data: bytes, limits: Limits, opened: Opened, behind: bytes) -> Opened:
    """Return what was opened with the count of all pictures, and what the file holds beside them."""
    items = read_items(data)
    count = items.count_pictures() if opened.frames == 1 else 1
    opened = replace(opened, losses=(*opened.losses, *survey_heif(data, items, count, behind).losses))
    if count == 1:
        return opened
    return replace(opened, frames=count, kind=FrameKind.ALBUM, open_entry=partial(_open_entry, data, limits))


def _open_entry(data: bytes, limits: Limits, index: int) -> Opened:
    """Read the header of the primary picture. libavif gives no other. Raise ConversionError for another."""
    if index:
        raise unsupported("avif", "of several pictures, only the first is")
    return open_avif(data, limits)


def _describe_color(image: Image.Image, numbers: tuple[int, int] | None) -> Described:
    profile = image.info.get("icc_profile") or None
    if profile is None and numbers is not None:
        return describe_cicp(*numbers, grey=image.mode == "L")
    return describe_profile(profile)


def _read_hdr(data: bytes, make: Callable[..., Frame], bright: Hdr, full_scale: int) -> Iterator[Frame]:
    """Decode by imagecodecs, because Pillow gives 8 bits, in which HDR has too few steps."""
    with decoding("avif"):
        samples = avif_decode(data, index=0, numthreads=1)
    yield hdr.make_frame(make, samples, bright, full_scale)


def _choose_settings(options: Options) -> SaveSettings:
    speed = 10 - (EFFORT if options.effort is None else options.effort)
    return without_none(
        quality=options.quality,
        speed=speed,
        subsampling=choose_subsampling(options),
        max_threads=1,
        # libavif's own choice for stills, `iq`, needs a tenth more bytes for the same picture at these speeds.
        advanced={"tune": "ssim"},
    )


def write_avif(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write an image sequence. Its frames last a millisecond at least."""
    clock = Clock(1, least=1, most=(1 << 31) - 1)
    data = encode_sequence(FrameSequence(frames, plan.frames, clock), plan)
    if clock.rounded:
        plan.warn_rounded("AVIF", 1)
    sink.write(bmff.set_loop_count(data, plan.loop_count))
    return plan.frames


def has_other_libraries() -> bool:
    """Return whether Pillow has others than libaom and dav1d. Those obey a limit of one thread, and are chosen first."""
    return None in (AvifImagePlugin.get_codec_version("aom"), AvifImagePlugin.get_codec_version("dav1d"))


CODEC = Codec(
    prepare=limit_threads,
    open=open_avif,
    encoder=Encoder(
        pillow="AVIF", settings=_choose_settings, attach=attach_marked,
        write_all=write_avif, crashes=True,
    ),
    may_start_threads=has_other_libraries(),
)  # fmt: skip
