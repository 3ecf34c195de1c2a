"""Read each cell by the engine, and once more by ImageMagick, and compare with what the picture has to look like."""

import io
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from conformance.matrix.limits import DEFAULT_LIMITS
from conformance.tiff_grid.cells import FAXES, REFUSED, Cell, make_file
from conformance.tiff_grid.meanings import HEIGHT, WIDTH, Floats
from core.options import Options
from engine.pipeline import convert
from engine.request import Request

RIGHT, WRONG, SILENT = "right", "wrong", "right, but a loss was not said"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ours` is RIGHT, WRONG, SILENT or the failure's sentence; `other` is what the second opinion saw."""

    cell: Cell
    ours: str
    other: str

    @property
    def is_good(self) -> bool:
        """Whether the cell is right, or refused with its packing named."""
        return self.ours == RIGHT or (self.cell.packing in REFUSED and REFUSED[self.cell.packing] in self.ours)


def judge(cell: Cell, *, ask_other: bool = False) -> Verdict:
    """Convert the cell to PNG and look at it."""
    data, expected = make_file(cell), expect(cell)
    sink = io.BytesIO()
    request = Request(source="tiff", target="png", options=Options(), limits=DEFAULT_LIMITS)
    outcome = convert(request, data, sink)
    other = _ask_imagemagick(cell, data, expected) if ask_other else ""
    if outcome.failure is not None:
        return Verdict(cell, outcome.failure.detail, other)
    seen = _read_png(sink.getvalue())
    if not _is_near(cell, seen, expected):
        return Verdict(cell, WRONG, other)
    codes = {warned.code.value for warned in outcome.warnings}
    return Verdict(cell, RIGHT if _expect_warnings(cell) <= codes else SILENT, other)


def expect(cell: Cell) -> Floats:
    """Return red, green, blue and alpha, 0 to 1."""
    shown = cell.meaning.show()
    if cell.packing in FAXES:
        shown = np.round(shown + 1e-9)
    elif cell.bits < 8:
        top = (1 << cell.bits) - 1
        first = np.round(cell.meaning.store()[:, :, :1] * top) / top
        first = 1 - first if cell.meaning.photometric == 0 else first
        shown = np.concatenate(
            (first, 1 - first if cell.meaning.photometric == 3 else first, first, shown[:, :, 3:]), axis=2
        )
    return shown


def _expect_warnings(cell: Cell) -> set[str]:
    """A loss of channels and of depth has to be said: all but grey of at most 16 bits has fewer in PNG."""
    codes = {"channels_dropped"} if cell.meaning.dropped else set()
    deeper = cell.bits > 16 or (cell.bits > 8 and cell.meaning.photometric == 5) or cell.kind[0] == "i"
    return codes | ({"depth_reduced"} if deeper else set())


def _is_near(cell: Cell, seen: Floats, expected: Floats) -> bool:
    """Compare in units of 8 bits. Colors at little alpha are coarse, lossy packings are lossy."""
    lossy = 14.0 if cell.packing == "jpeg" else 1.6
    if cell.meaning.photometric in {5, 6, 8, 9}:
        lossy = max(lossy, 3.0)
    if 1 in cell.meaning.extras:
        lossy = 1 + 1.2 / 0.25
    # The last block of a JPEG holds pixels beside the picture, and they ring into it.
    share = 0.9 if cell.packing == "jpeg" else 1.0
    return bool(np.quantile(np.abs(seen - expected), share) * 255 <= lossy)


def _read_png(data: bytes) -> Floats:
    image = Image.open(io.BytesIO(data))
    if image.mode == "I;16":
        grey = np.asarray(image, np.float64) / 65_535
        return np.stack((grey, grey, grey, np.ones_like(grey)), axis=2)
    return np.asarray(image.convert("RGBA"), np.float64) / 255


def _ask_imagemagick(cell: Cell, data: bytes, expected: Floats) -> str:
    """Return how ImageMagick sees the same file, in one word."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "cell.tif")
        file.write_bytes(data)
        command = ["convert", str(file), "-colorspace", "sRGB", "-depth", "16", "-endian", "LSB", "rgba:-"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    seen: NDArray[np.uint16] = np.frombuffer(done.stdout, "<u2")
    if done.returncode or seen.size != WIDTH * HEIGHT * 4:
        return "refuses"
    return "agrees" if _is_near(cell, seen.reshape(HEIGHT, WIDTH, 4) / 65_535, expected) else "differs"
