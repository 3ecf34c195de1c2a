"""PDF, a target only: each page is a picture that fills its paper.

The objects are written by Pillow's PdfParser, one page after the other, so that no more than one is in memory.
"""

from collections.abc import Iterator
from typing import BinaryIO

from PIL import PdfParser

from engine.codecs.pdf_pictures import PdfPicture, make_picture
from engine.codecs.plan import WritePlan
from engine.codecs.registry import Codec, Encoder
from engine.codecs.save_settings import SaveSettings, choose_dpi, without_none
from engine.image import Frame
from engine.pixels.paper import Paper, choose_paper

TURNED = {
    1: (1, 0, 0, 1, 0, 0), 2: (-1, 0, 0, 1, 1, 0), 3: (-1, 0, 0, -1, 1, 1), 4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1), 6: (0, -1, 1, 0, 0, 1), 7: (0, 1, 1, 0, 0, 0), 8: (0, 1, -1, 0, 1, 0),
}  # fmt: skip
"""The matrix that turns a picture in the unit square upright, by its EXIF orientation (ISO 32000-1, 8.3.4)."""

BINARY = b"%\xe2\xe3\xcf\xd3\n"
"""A comment that tells programs that this is no text (7.5.2)."""


def write_still(frame: Frame, plan: WritePlan, sink: BinaryIO) -> tuple[int, int]:
    """Write a document of one page. Return the size of its picture in pixels."""
    _write_document(iter([frame]), 1, plan, sink)
    return frame.image.size


def write_pages(frames: Iterator[Frame], plan: WritePlan, sink: BinaryIO) -> int:
    """Write a document, each page with its own size and resolution."""
    _write_document(frames, plan.frames, plan, sink)
    return plan.frames


def _write_document(frames: Iterator[Frame], count: int, plan: WritePlan, sink: BinaryIO) -> None:
    document = PdfParser.PdfParser(f=sink, mode="w+b")
    document.start_writing()
    document.write_header()
    sink.write(BINARY)
    document.pages.extend(document.next_object_id(0) for _ in range(count))
    document.write_catalog()
    settings = plan.settings
    for page, frame in zip(document.pages, frames, strict=True):
        _write_page(document, page, frame, plan, settings)
        settings = plan.later_settings
    document.write_xref_and_trailer()
    document.close()


def _write_page(
    document: PdfParser.PdfParser,
    page: PdfParser.IndirectReference,
    frame: Frame,
    plan: WritePlan,
    settings: SaveSettings,
) -> None:
    dpi = _read_dpi(settings | plan.choose_page_dpi(frame))
    paper = choose_paper(frame.image.size, dpi, plan.options.paper)
    picture = make_picture(frame, plan.options)
    drawing = document.write_obj(None, stream=_place_picture(picture, paper))
    document.write_page(
        page,
        Resources=PdfParser.PdfDict(XObject=PdfParser.PdfDict(image=_write_picture(document, picture))),
        MediaBox=[0, 0, paper.width, paper.height],
        Contents=drawing,
    )


def _read_dpi(settings: SaveSettings) -> tuple[float, float] | None:
    dpi = settings.get("dpi")
    return dpi if isinstance(dpi, tuple) else None


def _write_picture(document: PdfParser.PdfParser, picture: PdfPicture) -> PdfParser.IndirectReference:
    return document.write_obj(
        None,
        stream=picture.data,
        Type=PdfParser.PdfName("XObject"),
        Subtype=PdfParser.PdfName("Image"),
        Width=picture.size[0],
        Height=picture.size[1],
        ColorSpace=picture.color,
        BitsPerComponent=picture.bits,
        Filter=PdfParser.PdfName(picture.filter),
        **({"DecodeParms": PdfParser.PdfDict(picture.parameters)} if picture.parameters else {}),
    )


def _place_picture(picture: PdfPicture, paper: Paper) -> bytes:
    """Return the commands that draw the picture on its paper, upright."""
    left, bottom, width, height = paper.box
    turn = TURNED[picture.orientation]
    across, down = (turn[0] * width, turn[2] * width, turn[4] * width + left), (turn[1] * height, turn[3] * height, turn[5] * height + bottom)  # fmt: skip
    numbers = (across[0], down[0], across[1], down[1], across[2], down[2])
    return b"q %s cm /image Do Q\n" % " ".join(f"{number:.4f}" for number in numbers).encode()


CODEC = Codec(
    encoder=Encoder(
        pillow="PDF",
        settings=lambda options: without_none(dpi=choose_dpi(options)),
        write_still=write_still,
        write_all=write_pages,
    )
)
