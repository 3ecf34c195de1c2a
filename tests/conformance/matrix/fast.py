"""The part of the matrix that runs with every test: each target from one source, each source to one target."""

from functools import cache

from conformance.matrix.cells import Cell, cells_of, uploads

EVERY_TARGET = {
    ("still", "png"), ("alpha", "png"), ("animation", "gif"), ("16-bit grey", "png"), ("16-bit colour", "png"),
    ("metadata, stripped", "jpeg"),
    ("orientation 6", "jpeg"),
}  # fmt: skip
"""These go to every target."""

EVERY_SOURCE = {"still", "alpha", "orientation 8", "animation with alpha", "CMYK", "1-bit", "Display P3", "pages"}
"""These come from every source, and go to PNG (pages: to TIFF)."""


@cache
def cells() -> tuple[Cell, ...]:
    """About 160 cells."""
    made = uploads(lambda subject, source: subject in EVERY_SOURCE or (subject, source) in EVERY_TARGET)
    return tuple(cell for upload in made for cell in cells_of(upload) if _chosen(cell))


def _chosen(cell: Cell) -> bool:
    subject, source = cell.upload.subject.name, cell.upload.source
    home = "tiff" if subject == "pages" else "png"
    return (subject, source) in EVERY_TARGET or (subject in EVERY_SOURCE and cell.target == home)
