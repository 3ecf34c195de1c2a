"""TIFF pages: each has its own size, mode, depth, profile and resolution.

Pillow reads the ordinary layouts, for which it is the fastest. tifffile reads the others, of which Pillow makes garbage or
nothing. What is read by which, is decided by the layout alone.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from PIL import Image, ImageChops, TiffImagePlugin

from core.losses import ImageDamaged
from engine.codecs.pillow import check_dpi, load_image
from engine.codecs.tiff_checking import check_pieces
from engine.codecs.tiff_choosing import is_for_pillow
from engine.codecs.tiff_chroma import decode_subsampled, is_subsampled
from engine.codecs.tiff_colors import color_samples, list_losses
from engine.codecs.tiff_decoding import decode_samples
from engine.codecs.tiff_layout import (
    BLACK_IS_ZERO,
    JPEG,
    RGB,
    WHITE_IS_ZERO,
    YCBCR,
    Layout,
)
from engine.codecs.tiff_metadata import read_metadata
from engine.codecs.tiff_old_jpeg import find_jpeg, read_jpeg
from engine.codecs.tiff_raw import name_raw, open_preview
from engine.codecs.tiff_stack import spread_stack
from engine.codecs.tiff_subfiles import NOT_IN_CHAIN, Page, choose_pages, is_reduced, is_thumbnail
from engine.color import profiles
from engine.containers.tiff import check_start
from engine.containers.tiff_inner import list_hidden, list_inner
from engine.containers.tiff_pages import Directory, follow_links, read_form, read_size
from engine.errors import ConversionError, corrupt, decoding
from engine.image import Frame, FrameKind, Opened, turn_dpi
from engine.limits import check_frames, check_pixels
from engine.pixels import alpha, modes
from engine.pixels.deep import DeepImage, Picture, lay_mask
from engine.request import Limits

PROFILE, ORIENTATION = 34_675, 274
ACROSS, DOWN, UNIT = 282, 283, 296
INCH = 2
DOTS_PER_INCH = {INCH: 1.0, 3: 2.54}
"""By the unit of the resolution (TIFF 6.0, section 8): inches, the default, or centimetres."""

DEEP_COLORS = frozenset({RGB, YCBCR, WHITE_IS_ZERO, BLACK_IS_ZERO})


def open_tiff(data: bytes, limits: Limits) -> Opened:
    """Read the header and the directories of all pages. Raise ConversionError when one is bad or over a limit."""
    check_start(data)
    flaws: list[str] = []
    directories = _list_directories(data, limits, flaws)
    inner = list_inner(directories)
    listed = [*directories, *(one for found in inner.found for one in found), *list_hidden(directories, inner)]
    raw = name_raw(data, listed)
    if raw:
        return open_preview(data, raw, listed, _read_orientation(directories[0]), limits)
    pages = choose_pages(directories, inner, flaws)
    if len(directories) == 1:
        pages = spread_stack(pages, flaws, limits)
    metadata = read_metadata(directories[0])
    layouts = [one for page in pages for one in (page.layout, page.mask) if one is not None]
    pixels = sum(layout.pixels for layout in layouts)
    check_pixels(pixels, limits.max_pixels)
    flaws += [flaw for directory in directories for flaw in directory.flaws]
    first, count = pages[0].layout, len(pages)
    images = _load_images(data) if any(map(_is_for_pillow, pages)) else []
    return Opened(
        format="tiff", size=(first.width, first.height), pixels=pixels, frames=count, metadata=metadata,
        read=partial(_read_pages, pages, images, limits), kind=FrameKind.PAGES if count > 1 else FrameKind.STILL,
        orientation=_read_orientation(first.directory), dpi=_read_dpi(first.directory),
        deep=any(map(_may_be_deep, pages)), opaque=all(page.layout.alpha < 0 and page.mask is None for page in pages),
        losses=(ImageDamaged(why=", ".join(dict.fromkeys(flaws))),) if flaws else (),
    )  # fmt: skip


def _list_directories(data: bytes, limits: Limits, flaws: list[str]) -> list[Directory]:
    """Return the directories of the file's chain. Check the limits on the way."""
    directories, pixels = list[Directory](), 0
    for directory in follow_links(data, read_form(data), flaws):
        directories.append(directory)
        check_frames(len(directories), limits.max_frames)
        is_beside = is_reduced(directory) or is_thumbnail(directory, directories[0])
        width, height = (0, 0) if is_beside else read_size(directory)
        pixels += width * height
        check_pixels(pixels, limits.max_pixels)
    if not directories:
        raise corrupt("it has no picture")
    return directories


def _load_images(data: bytes) -> list[TiffImagePlugin.TiffImageFile]:
    """Return Pillow's reader of the file. It may refuse it for its first directory, whatever is asked of it: then none."""
    try:
        image = load_image("tiff", data)
    except ConversionError:
        return []
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        raise TypeError(image)
    return [image]


def _is_for_pillow(page: Page) -> bool:
    return page.index != NOT_IN_CHAIN and page.mask is None and is_for_pillow(page.layout)


def _read_pages(pages: list[Page], images: list[TiffImagePlugin.TiffImageFile], limits: Limits) -> Iterator[Frame]:
    """Decode the pages, one after the other. The list of Pillow's one reader is empty afterwards."""
    for number, page in enumerate(pages, 1):
        frame = _read_page(page, images, limits)
        if number == len(pages):
            images.clear()
        yield frame if page.mask is None else _lay_mask(frame, page.mask)


def _read_page(page: Page, images: list[TiffImagePlugin.TiffImageFile], limits: Limits) -> Frame:
    """Return a page, without its mask. Raise ConversionError when pixels are missing."""
    layout = page.layout
    if jpeg := find_jpeg(layout):
        found = read_jpeg(jpeg, limits)
        return replace(_make_frame(layout, found.pixels), losses=found.losses)
    losses = check_pieces(layout)
    frame = _read_by_pillow(page, images) if _is_for_pillow(page) and _seek_page(page, images) else None
    if frame is None:
        frame = _read_by_tifffile(page)
    return replace(frame, losses=(*frame.losses, *losses))


def _seek_page(page: Page, images: list[TiffImagePlugin.TiffImageFile]) -> bool:
    """Say whether Pillow takes a page. It may refuse one for a tag that has no part in the pixels."""
    try:
        with decoding("tiff"):
            for image in images:
                image.seek(page.index)
    except ConversionError:
        return False
    return bool(images)


def _read_by_pillow(page: Page, images: list[TiffImagePlugin.TiffImageFile]) -> Frame | None:
    """Return a page as Pillow decodes it. Pillow also turns it upright.

    libtiff refuses a JPEG of other sampling than a tag says. Its strips are checked already: None has another try.
    """
    layout, image = page.layout, images[0]
    try:
        with decoding("tiff"):
            image.load()
    except ConversionError:
        if layout.compression == JPEG:
            return None
        raise
    frame = _make_frame(layout, image.copy())
    return replace(frame, orientation=1, dpi=turn_dpi(frame.dpi, by_quarter=frame.orientation >= 5))


def _may_be_deep(page: Page) -> bool:
    """Say whether a page may be read with 16 bits a sample, and not of grey alone."""
    layout = page.layout
    has_more = layout.colors > 1 or layout.alpha >= 0 or page.mask is not None
    return has_more and layout.bits > 8 and layout.photometric in DEEP_COLORS


def _read_by_tifffile(page: Page) -> Frame:
    layout = page.layout
    wanted = layout.colors if layout.alpha < 0 else layout.alpha + 1
    samples = decode_subsampled(layout) if is_subsampled(layout) else decode_samples(layout, wanted)
    if layout.alpha > layout.colors:
        samples = np.concatenate((samples[:, :, : layout.colors], samples[:, :, layout.alpha :]), axis=2)
    with decoding("tiff"):
        colored = color_samples(layout, samples, _read_profile(layout))
    frame = _make_frame(layout, colored.pixels)
    return replace(
        frame, profile=colored.profile, problem=colored.problem, stretched=colored.stretched,
        gaps=colored.gaps, depth=colored.depth or frame.depth,
    )  # fmt: skip


def _make_frame(layout: Layout, picture: Picture) -> Frame:
    """Return a picture of that page with what its directory says of it."""
    return Frame(
        picture, profile=_read_profile(layout), depth=max(8, layout.bits), orientation=_read_orientation(layout.directory),
        dpi=_read_dpi(layout.directory), losses=list_losses(layout),
    )  # fmt: skip


def _lay_mask(frame: Frame, mask: Layout) -> Frame:
    """Return a frame with the mask as its transparency: 1 is inside of the picture (TIFF 6.0, section 8)."""
    check_pieces(mask)
    picture, profile, problem = modes.to_plain_mode(frame), frame.profile, frame.problem
    shape = modes.to_eight_bits(color_samples(mask, decode_samples(mask, 1), None).pixels).convert("L")
    if shape.size != picture.size:
        shape = shape.resize(picture.size, Image.Resampling.BOX)
    if isinstance(picture, DeepImage) or picture.mode == "I;16":
        return replace(frame, pixels=lay_mask(picture, shape))
    if picture.mode in {"CMYK", "LAB"}:
        matched = profiles.to_srgb(picture, profile)
        picture, profile, problem = matched.image, None, matched.ignored
    if picture.mode in alpha.WITH_ALPHA:
        shape = ImageChops.multiply(shape, picture.getchannel("A"))
    picture.putalpha(shape)
    return replace(frame, pixels=picture, profile=profile, problem=problem)


def _read_profile(layout: Layout) -> bytes | None:
    return layout.directory.read_bytes(PROFILE) or None


def _read_orientation(directory: Directory) -> int:
    value = directory.read_number(ORIENTATION, 1)
    return value if 1 <= value <= 8 else 1


def _read_dpi(directory: Directory) -> tuple[float, float] | None:
    """Return the dots per inch of a page, None when its unit is none, or no printer could mean them."""
    dots = DOTS_PER_INCH.get(directory.read_number(UNIT, INCH), 0.0)
    return check_dpi(directory.read_ratio(ACROSS) * dots, directory.read_ratio(DOWN) * dots)
