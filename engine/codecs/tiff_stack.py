"""Stacks in a TIFF of one directory: the pixels of all pictures lie one behind the other, and a tag says how many.

ImageJ, tifffile and MetaMorph write such files, as their directories would take more time or room than the format has.
"""

import math
import re
from dataclasses import replace

from engine.codecs.tiff_layout import NONE, YCBCR, Layout, measure_piece
from engine.codecs.tiff_subfiles import NOT_IN_CHAIN, Page
from engine.containers.tiff_pages import SIZES, SLACK, Directory
from engine.errors import truncated
from engine.limits import check_frames, check_pixels
from engine.request import Limits

DESCRIPTION, METAMORPH = 270, 33_629
IMAGEJ = b"ImageJ="
LONGEST = 1 << 16
"""So many bytes of a description are looked through."""

IMAGES = re.compile(rb"^images=(\d{1,9})\s*$", re.MULTILINE)
SHAPE = re.compile(rb'"shape":\s*\[([\d,\s]{1,200})\]')
IS_TRUNCATED = re.compile(rb'"truncated":\s*true')


def spread_stack(pages: list[Page], flaws: list[str], limits: Limits) -> list[Page]:
    """Return the pictures of a stack as pages, those given if they are none.

    Raise ConversionError when the file ends inside of one, or there are more than the limits allow.
    """
    (first, *others), wanted = pages, 1
    if not others and first.index != NOT_IN_CHAIN and first.mask is None:
        wanted = _count_pictures(first.layout)
    places = _find_places(first.layout) if wanted > 1 else None
    if places is None:
        return pages
    start, size = places
    directory = first.layout.directory
    if _has_tags_between(directory, start + size, start + wanted * size):
        return pages
    rest = len(directory.data) - start - size
    if rest < (wanted - 1) * size:
        if rest > SLACK:
            raise truncated()
        flaws.append(f"it says that it has {wanted} pictures, and holds one")
        return pages
    check_frames(wanted, limits.max_frames)
    check_pixels(wanted * first.layout.pixels, limits.max_pixels)
    return [first, *(Page(NOT_IN_CHAIN, _move_layout(first.layout, size * number)) for number in range(1, wanted))]


def _count_pictures(layout: Layout) -> int:
    """Return how many pictures the directory speaks of."""
    directory = layout.directory
    if METAMORPH in directory:
        return directory.fields[METAMORPH].count
    text = directory.read_bytes(DESCRIPTION)[:LONGEST]
    if text.startswith(IMAGEJ):
        found = IMAGES.search(text.rstrip(b"\0"))
        return int(found[1]) if found else 1
    shape = SHAPE.search(text)
    if shape is None or not IS_TRUNCATED.search(text):
        return 1
    samples = math.prod(int(side) for side in shape[1].split(b",") if side.strip().isdigit())
    count, rest = divmod(samples, layout.pixels * layout.samples)
    return count if not rest else 1


def _find_places(layout: Layout) -> tuple[int, int] | None:
    """Return where the first picture starts and how many bytes it has. None if its pixels are packed or not in one piece."""
    if layout.compression != NONE or layout.tile is not None or layout.photometric == YCBCR:
        return None
    at = start = layout.offsets[0]
    for index, offset in enumerate(layout.offsets):
        if offset != at:
            return None
        at += measure_piece(layout, index)[0]
    return start, at - start


def _has_tags_between(directory: Directory, start: int, end: int) -> bool:
    """Say whether the directory or its values lie there: then no pixels do, and the description is of another file."""
    ranges = [(directory.at, directory.end)]
    ranges += [(one.at, one.at + one.count * SIZES[one.kind]) for one in directory.fields.values()]
    return any(first < end and last > start for first, last in ranges)


def _move_layout(layout: Layout, distance: int) -> Layout:
    """Return the layout of a picture that lies so many bytes behind."""
    offsets, counts = layout.offsets[:0], layout.counts[:0]
    offsets.extend(offset + distance for offset in layout.offsets)
    counts.extend(measure_piece(layout, index)[0] for index in range(len(layout.counts)))
    return replace(layout, offsets=offsets, counts=counts)
