"""The part of the matrix that runs with every test: each target from one source, each source to one target."""

from functools import cache

from tests.matrix.cells import Cell, cells_of, uploads

EVERY_TARGET = {
    ("still", "png"), ("alpha", "png"), ("animation", "gif"), ("16-bit grey", "png"), ("metadata, stripped", "jpeg"),
    ("orientation 6", "jpeg"),
}  # fmt: skip
"""These go to every target."""

EVERY_SOURCE = {"still", "alpha", "orientation 8", "animation with alpha", "CMYK", "1-bit", "Display P3", "pages"}
"""These come from every source, and go to PNG (pages: to TIFF)."""


@cache
def cells() -> tuple[Cell, ...]:
    """About 160 cells."""
    chosen = []
    for upload in uploads():
        name = upload.subject.name
        for cell in cells_of(upload):
            one_target = cell.target == ("tiff" if name == "pages" else "png")
            if (name, upload.source) in EVERY_TARGET or (name in EVERY_SOURCE and one_target):
                chosen.append(cell)
    return tuple(chosen)
