"""Which directories of a TIFF are its pictures, and which are masks, thumbnails or overviews of them."""

import math
from bisect import bisect
from dataclasses import dataclass, replace

from engine.codecs.tiff_layout import JPEG_START, MASK, OLD_JPEG, Layout
from engine.codecs.tiff_tags import read_layout
from engine.containers.tiff_inner import Inner
from engine.containers.tiff_pages import Directory, read_size
from engine.errors import corrupt

REDUCED, OF_SEVERAL, IS_MASK = 1, 2, 4
"""Bits of NewSubfileType (TIFF 6.0, section 8): a smaller version of another picture, one page of several, a mask."""

OLD_REDUCED = 2
"""The old SubfileType of a smaller version."""

NOT_IN_CHAIN = -1
"""The place of a page in an inner directory, where Pillow does not look."""

STRIPS, TILES = 273, 324


@dataclass(frozen=True, slots=True)
class Page:
    """A picture of the file: its place among the directories, how it is stored, and its mask if it has one."""

    index: int
    layout: Layout
    mask: Layout | None = None


def choose_pages(directories: list[Directory], inner: Inner, flaws: list[str]) -> list[Page]:
    """Return the pictures of the file with their masks.

    Thumbnails and overviews are none. If there is nothing else, the picture is in an inner directory, or it is the largest
    of them. Raise ConversionError when it is in none that can be read. `flaws` are those of the chain.
    """
    listed = [
        item
        for index, (first, below) in enumerate(zip(directories, inner.found, strict=True))
        if not is_thumbnail(first, directories[0])
        for item in [(index, first), *((NOT_IN_CHAIN, one) for one in below)]
    ]
    shown = [item for item in listed if not is_reduced(item[1])]
    if any(index != NOT_IN_CHAIN and not _is_mask(one) for index, one in shown):
        shown = [(index, one) for index, one in shown if index != NOT_IN_CHAIN or _is_mask(one)]
    elif all(_is_mask(one) for _, one in shown):
        _check_found(inner, flaws)
        sizes = [math.prod(read_size(one)) for _, one in listed]
        index, largest = listed[sizes.index(max(sizes))]
        return [Page(index, read_layout(largest))]
    pages = _tie_masks(shown)
    return [_find_larger(page, inner.found[page.index]) if page.index != NOT_IN_CHAIN else page for page in pages]


def _check_found(inner: Inner, flaws: list[str]) -> None:
    """Raise ConversionError when the picture of a thumbnail is where the file cannot be read."""
    if inner.failure is not None:
        raise inner.failure
    if flaws:
        raise corrupt(", ".join(flaws))


def _tie_masks(listed: list[tuple[int, Directory]]) -> list[Page]:
    """Return the pages. A mask is that of the page of its size before it, else behind it, else of the page before it."""
    pages = {at: Page(index, read_layout(one)) for at, (index, one) in enumerate(listed) if not _is_mask(one)}
    places, free = list(pages), dict[tuple[int, int], list[int]]()
    for at in places:
        free.setdefault(read_size(listed[at][1]), []).append(at)
    for at, (_, mask) in enumerate(listed):
        if at in pages:
            continue
        fitting = free.get(read_size(mask)) or places
        wanted = fitting[max(0, bisect(fitting, at) - 1)]
        if pages[wanted].mask is None:
            pages[wanted] = replace(pages[wanted], mask=read_layout(mask))
            free[read_size(listed[wanted][1])].remove(wanted)
    return list(pages.values())


def _find_larger(page: Page, below: list[Directory]) -> Page:
    """Return the picture of which a page is a smaller version without saying so: it is inside, larger, and as wide for its height.

    Raise ConversionError when that cannot be read.
    """
    width, height = page.layout.width, page.layout.height
    larger = [
        (across * down, -at)
        for at, one in enumerate(below)
        for across, down in [read_size(one)]
        if across > width and down > height and abs(across * height - down * width) <= max(across, down)
        if not is_reduced(one) and not _is_mask(one)
    ]
    return Page(NOT_IN_CHAIN, read_layout(below[-max(larger)[1]]), page.mask) if larger else page


def is_reduced(directory: Directory) -> bool:
    """Say whether a directory is a smaller version of another."""
    return bool(directory.read_number(254, 0) & REDUCED) or directory.read_number(255, 0) == OLD_REDUCED


def is_thumbnail(directory: Directory, first: Directory) -> bool:
    """Say whether a directory is Exif's thumbnail of the first: a JPEG by its old tags, without a size or a smaller one.

    Exif leaves out what the JPEG says itself (Exif 2.32, section 4.6.5). Pages have strips.
    """
    has_pieces = STRIPS in directory or TILES in directory
    if directory.at == first.at or JPEG_START not in directory or has_pieces:
        return False
    if read_size(directory) == (0, 0):
        return True
    is_smaller = all(side <= most for side, most in zip(read_size(directory), read_size(first), strict=True))
    packings = directory.read_number(259, 0), first.read_number(259, 0)
    is_page = directory.read_number(254, 0) & OF_SEVERAL
    return (
        is_smaller
        and read_size(directory) != read_size(first)
        and packings[0] == OLD_JPEG != packings[1]
        and not is_page
    )


def _is_mask(directory: Directory) -> bool:
    return bool(directory.read_number(254, 0) & IS_MASK) or directory.read_number(262, 0) == MASK
