"""TIFF files of tests, written by tifffile, and ways to damage them."""

import io
import struct
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

WIDTH, HEIGHT = 24, 16
PIXELS: NDArray[np.uint8] = np.random.default_rng(13).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
"""Noise in RGB: nothing can be mistaken for it."""


def tiff_of(samples: NDArray[Any] = PIXELS, **settings: Any) -> bytes:
    """A file of one page, RGB unless `photometric` says otherwise."""
    return tiff_pages((samples, settings))


def tiff_pages(*pages: tuple[NDArray[Any], dict[str, Any]]) -> bytes:
    """A file of several pages, each with its own settings."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for samples, settings in pages:
            writer.write(samples, **({"photometric": "rgb", "metadata": None, "contiguous": False} | settings))
    return file.getvalue()


def find_tag(data: bytes, tag: int, page: int = 0) -> tuple[int, int]:
    """Where the entry of a tag is, and where its values are."""
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        read.pages.useframes = False
        found = read.pages.get(page).aspage().tags[tag]
    return found.offset, found.valueoffset


def find_link(data: bytes, page: int = 0) -> int:
    """Where the link to the next directory is."""
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        at = read.pages[page].offset
    return at + 2 + 12 * int(struct.unpack_from("<H", data, at)[0])


def put(data: bytes, at: int, code: str, *values: int) -> bytes:
    """The same bytes with other numbers there."""
    changed = bytearray(data)
    struct.pack_into(f"<{code}", changed, at, *values)
    return bytes(changed)


def rename_tag(data: bytes, tag: int) -> bytes:
    """The same file without that tag: another private one stands in its place."""
    return put(data, find_tag(data, tag)[0], "H", 60_000)
