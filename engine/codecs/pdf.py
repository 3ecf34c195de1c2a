"""PDF, a target only: each page is a JPEG."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from PIL import PdfParser

from core.options import HIGH_QUALITY, Options
from engine.codecs import pillow, sequences
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, choose_dpi, choose_subsampling, without_none
from engine.image import Frame
from engine.pixels.paper import lay_out_page


def _choose_settings(options: Options) -> SaveSettings:
    """Choose the save parameters. A page without a resolution is printed at 72 dpi, as PDF counts."""
    made = {"creationDate": None, "modDate": None, "title": None}
    chroma = choose_subsampling(options) if options.subsampling else None
    return (
        made | {"quality": options.quality or HIGH_QUALITY} | without_none(dpi=choose_dpi(options), subsampling=chroma)
    )


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write one page. Return its size in pixels."""
    buffer = io.BytesIO()
    size = pillow.write_still(frame, plan, buffer)
    sink.write(lay_pages(buffer, plan.options.paper))
    return size


def write_pages(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write each page with its own size. Return how many there are."""
    buffer = io.BytesIO()
    count = sequences.write_pages(frames, plan, buffer)
    sink.write(lay_pages(buffer, plan.options.paper))
    return count


def lay_pages(buffer: io.BytesIO, paper: str) -> bytes:
    """Return a PDF of Pillow's, whose pages are as large as their pictures, with the pages on that paper.

    They are replaced as PDF updates files: by new objects behind the old ones (ISO 32000-1, section 7.5.6).
    """
    if paper == "fit":
        return buffer.getvalue()
    file = PdfParser.PdfParser(f=buffer, mode="r+b")
    pages = [(reference, dict(file.read_indirect(reference))) for reference in file.pages]
    file.start_writing()
    for reference, entries in pages:
        _, _, width, height = entries.pop(b"MediaBox")
        page = lay_out_page((float(width), float(height)), paper)
        left, bottom, width, height = page.picture
        drawing = f"q {width:.4f} 0 0 {height:.4f} {left:.4f} {bottom:.4f} cm /image Do Q\n"
        file.write_obj(entries[b"Contents"], stream=drawing.encode())
        kept = {key.name_as_str(): value for key, value in entries.items()}
        file.write_page(reference, **kept, MediaBox=[0, 0, *page.size])
    file.write_xref_and_trailer()
    return buffer.getvalue()


CODEC = Codec(encoder=Encoder(pillow="PDF", settings=_choose_settings, write_still=write_still, write_all=write_pages))
