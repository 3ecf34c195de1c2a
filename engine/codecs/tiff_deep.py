"""TIFF pages of 16-bit color, by tifffile: Pillow has no mode for them."""

import io
from typing import BinaryIO

import numpy as np
import tifffile
from PIL import Image

from engine.codecs.save_settings import SaveSettings
from engine.pixels.deep import DeepImage

BYTE, UNDEFINED = 1, 7
KINDS = {700: BYTE, 33_723: UNDEFINED}
"""The types of the tags that come from metadata: XMP and IPTC."""


def write_page(picture: DeepImage, profile: bytes | None, settings: SaveSettings, sink: BinaryIO) -> None:
    """Write one page as a little-endian TIFF, packed by deflate. `settings` are those of Pillow's writer."""
    page = io.BytesIO()
    tifffile.imwrite(
        page, picture.samples, byteorder="<", photometric="minisblack" if picture.mode == "LA;16" else "rgb",
        planarconfig="contig", extrasamples=["unassalpha"] if picture.has_alpha else None,
        compression="adobe_deflate", predictor=2, maxworkers=1, iccprofile=profile, resolution=_read_dpi(settings),
        resolutionunit=2, extratags=_list_tags(settings), metadata=None, software=False,
    )  # fmt: skip
    sink.write(page.getbuffer())


def _read_dpi(settings: SaveSettings) -> tuple[float, float] | None:
    dpi = settings.get("dpi")
    return (float(dpi[0]), float(dpi[1])) if isinstance(dpi, tuple) else None


def _list_tags(settings: SaveSettings) -> list[tuple[int, int, int, bytes, bool]]:
    tags = settings.get("exif")
    found = tags.items() if isinstance(tags, Image.Exif) else ()
    return [(tag, KINDS[tag], len(value), value, True) for tag, value in found if tag in KINDS]


def prepare() -> None:
    """Load what tifffile loads late. Call before a job, because a child may open no file."""
    write_page(DeepImage(np.zeros((1, 1, 3), np.uint16)), None, {}, io.BytesIO())
