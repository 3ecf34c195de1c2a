"""Which pages of a TIFF Pillow reads: those of an ordinary kind that say so in the ordinary way.

All others are read by tifffile, which is given the checked layout, never the file's own directory.
"""

from engine.codecs.tiff_chroma import has_own_range, is_subsampled
from engine.codecs.tiff_colors import COLOR_MAP
from engine.codecs.tiff_layout import (
    BLACK_IS_ZERO,
    CIELAB,
    DEFLATE,
    FAX,
    INKS,
    JPEG,
    LZW,
    NONE,
    OLD_JPEG,
    PACKBITS,
    PALETTE,
    RGB,
    UNSIGNED,
    WHITE_IS_ZERO,
    YCBCR,
    Layout,
)
from engine.containers.tiff_pages import Directory

BY_PILLOW = frozenset({NONE, *FAX, LZW, JPEG, *DEFLATE, PACKBITS})
COLOR_BY_PILLOW = {RGB: 3, INKS: 4, YCBCR: 3, CIELAB: 3, PALETTE: 1, WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1}

BYTE, SHORT, LONG, ANY, LONG8 = 1, 3, 4, 7, 16
SIZES = dict.fromkeys((256, 257, 278, 322, 323), frozenset({SHORT, LONG}))
PLACES = dict.fromkeys((273, 279, 324, 325), frozenset({SHORT, LONG, LONG8}))
SHORTS = dict.fromkeys((258, 259, 262, 266, 277, 284, 317, COLOR_MAP, 338, 339, 530), frozenset({SHORT}))
PLAIN_TYPES = SIZES | PLACES | SHORTS | {700: frozenset({BYTE, ANY})}
"""The types that TIFF 6.0 gives the tags of a layout, and those of XMP, without which Pillow does not read the pixels."""

DEPTH = 32_997


def is_for_pillow(layout: Layout) -> bool:
    """Say whether Pillow reads a page of the file's chain: it is sound, and of an ordinary kind."""
    if layout.compression == OLD_JPEG:
        return True
    is_plain = layout.kind == UNSIGNED and not layout.planar and layout.predictor in {1, 2} and all(layout.counts)
    is_sound = not layout.directory.flaws and _is_told_plainly(layout)
    return is_plain and is_sound and layout.compression in BY_PILLOW and _has_ordinary_colors(layout)


def _is_told_plainly(layout: Layout) -> bool:
    """Say whether the directory has what it needs, in the types and numbers of TIFF 6.0."""
    fields, directory = layout.directory.fields, layout.directory
    if directory.form.big and directory.form.order == ">":
        # Pillow takes it for another kind of file.
        return False
    tiles = (322 in directory, 324 in directory, 273 not in directory)
    places, lengths = (324, 325) if layout.tile else (273, 279)
    return (
        all(fields[tag].kind in kinds and fields[tag].count for tag, kinds in PLAIN_TYPES.items() if tag in fields)
        and all(tiles) == any(tiles)
        and DEPTH not in fields
        and 262 in fields
        and fields[places].count == fields[lengths].count == layout.pieces
        and (fields[258].count if 258 in fields else layout.bits) == directory.read_number(277, 1) == layout.samples
        and (fields[338].count if 338 in fields else layout.samples - layout.colors) == layout.samples - layout.colors
        and (layout.photometric != PALETTE or (COLOR_MAP in fields and fields[COLOR_MAP].count == 3 << layout.bits))
        and directory.read_number(266, 1) in {1, 2}
        and directory.read_number(284, 1) == 1
        and directory.read_number(317, 1) in {1, 2}
        and set(directory.read_numbers(339)) <= {UNSIGNED}
        and directory.read_number(278, 1) > 0
    )


def _has_ordinary_colors(layout: Layout) -> bool:
    """Say whether Pillow is known to read these samples right: 8 bits of color, 16 of grey, 1 of black and white."""
    if layout.compression == NONE and (is_subsampled(layout) or has_own_range(layout)):
        return False
    if layout.samples == 1 and layout.photometric in {WHITE_IS_ZERO, BLACK_IS_ZERO}:
        deepest = 16 if layout.photometric == BLACK_IS_ZERO else 8
        return layout.bits in {1, 8, deepest} and layout.fill_order in {1, 2 if layout.bits == 1 else 1}
    extras = 1 if layout.photometric == RGB and layout.alpha == 3 else 0
    return (
        layout.bits == 8
        and layout.fill_order == 1
        and layout.samples == COLOR_BY_PILLOW.get(layout.photometric, -1) + extras
        and not (layout.photometric == PALETTE and _has_byte_palette(layout.directory))
    )


def _has_byte_palette(directory: Directory) -> bool:
    return max(directory.read_numbers(COLOR_MAP, 3 << 8), default=0) < 256
