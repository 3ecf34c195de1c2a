"""The grid: each cell is a layout, written by tifffile (fax by Pillow)."""

import io
import math
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from conformance.tiff_grid.meanings import HEIGHT, MEANINGS, WIDTH, Floats, Meaning

PIECES: dict[str, dict[str, Any]] = {
    "one strip": {"rowsperstrip": HEIGHT}, "strips of 10": {"rowsperstrip": 10}, "rows": {"rowsperstrip": 1},
    "tiles": {"tile": (16, 32)},
}  # fmt: skip
PACKINGS = ("none", "lzw", "zlib", "packbits", "zstd", "lzma")
REFUSED = {"jpeg2000": "JPEG 2000", "jpegxl": "JPEG XL", "png": "PNG", "jpegxr": "JPEG XR", "lerc": "LERC"}
"""The packings that are refused, by tifffile's names and by ours."""

ODD = frozenset({1, 2, 4, 10, 12})
"""Bits of samples that are packed."""

ORDERS: dict[str, Literal["<", ">"]] = {"little": "<", "big": ">"}
REPACKED = {"none": "none", "lzw": "lzw", "zlib": "zip", "packbits": "packbits"}
"""By tiffcp's names: tifffile does not pack samples of odd bits, and puts them into wrong places of a big-endian file."""

FAXES = {"fax RLE": "tiff_ccitt", "fax G3": "group3", "fax G4": "group4"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One layout. `kind` is u, i or f and the bits of a sample."""

    meaning: Meaning
    kind: str
    order: str = "little"
    planar: bool = False
    pieces: str = "one strip"
    packing: str = "none"
    predictor: int = 1
    big: bool = False

    @property
    def name(self) -> str:
        """All that differs from cell to cell."""
        parts = [
            self.meaning.name,
            self.kind,
            self.order,
            "planar" if self.planar else "chunky",
            self.pieces,
            self.packing,
        ]
        return ", ".join(
            parts + ([f"predictor {self.predictor}"] if self.predictor > 1 else []) + ["BigTIFF"] * self.big
        )

    @property
    def bits(self) -> int:
        """The bits of a sample."""
        return int(self.kind[1:])


def list_cells() -> Iterator[Cell]:
    """Yield every cell."""
    for meaning in MEANINGS:
        pieces = list(PIECES) if meaning.thorough else ["strips of 10", "tiles"]
        packings = PACKINGS if meaning.thorough else ("none", "lzw", "zlib")
        planars = (False, True) if meaning.colors + len(meaning.extras) > 1 else (False,)
        for kind, order, planar, piece, packing in product(sorted(meaning.kinds), ORDERS, planars, pieces, packings):
            odd = int(kind[1:]) in ODD
            # tiffcp packs no tiles of odd bits from several samples.
            repacked = packing != "none" or order == "big"
            if odd and (packing not in REPACKED or (piece == "tiles" and repacked and len(planars) > 1)):
                continue
            for predictor in _list_predictors(kind, packing):
                yield Cell(meaning, kind, order, planar, piece, packing, predictor)
    yield from _list_rare_cells()


def _list_predictors(kind: str, packing: str) -> tuple[int, ...]:
    if packing in {"none", "packbits"} or int(kind[1:]) not in {8, 16, 32, 64} or kind == "u64":
        return (1,)
    return (1, 3) if kind[0] == "f" else (1, 2)


def _list_rare_cells() -> Iterator[Cell]:
    """Yield packings that hold only some pictures, and BigTIFF."""
    by_name = {meaning.name: meaning for meaning in MEANINGS}
    for name, pieces in product(("grey", "RGB", "CMYK", "YCbCr"), PIECES):
        for planar in (False, True) if name in {"RGB", "CMYK"} else (False,):
            yield Cell(by_name[name], "u8", planar=planar, pieces=pieces, packing="jpeg")
    for name, pieces in product(("RGB", "RGB and alpha"), PIECES):
        yield Cell(by_name[name], "u8", pieces=pieces, packing="webp")
    for packing in REFUSED:
        yield Cell(by_name["RGB"], "u8", packing=packing)
    for name, packing in product(("grey", "white is zero"), FAXES):
        yield Cell(by_name[name], "u1", packing=packing)
    for meaning, order in product(MEANINGS, ORDERS):
        yield Cell(meaning, max(meaning.kinds & {"u8", "u16"}), order=order, pieces="strips of 10", big=True)


def make_file(cell: Cell) -> bytes:
    """Write the cell."""
    if cell.packing in FAXES:
        return _make_fax(cell)
    if cell.bits in ODD and (cell.packing != "none" or cell.order == "big"):
        return _repack(make_file(replace(cell, packing="none", order="little")), cell)
    samples = np.moveaxis(pack_samples(cell), 2, 0) if cell.planar else pack_samples(cell)
    settings = dict(PIECES[cell.pieces])
    if cell.packing == "jpeg":
        settings |= {"compressionargs": {"level": 95}}
        # A piece of a JPEG is a multiple of 16 pixels.
        settings |= {"rowsperstrip": 16} if cell.pieces in {"strips of 10", "rows"} else {}
    if cell.packing == "webp":
        settings |= {"compressionargs": {"lossless": True}}
    if cell.meaning.photometric == 6:
        settings |= {"subsampling": (1, 1)}
    if cell.meaning.photometric == 3:
        settings["colormap"] = np.zeros((3, 256), np.uint16)
    file = io.BytesIO()
    tifffile.imwrite(
        file, samples if samples.shape[2 if not cell.planar else 0] > 1 else samples.reshape(HEIGHT, WIDTH),
        byteorder=ORDERS[cell.order], bigtiff=cell.big, photometric=cell.meaning.photometric, metadata=None,
        planarconfig=(2 if cell.planar else 1) if cell.meaning.colors + len(cell.meaning.extras) > 1 else None,
        extrasamples=cell.meaning.extras or None, compression=None if cell.packing == "none" else cell.packing,
        predictor=cell.predictor if cell.predictor > 1 else None, bitspersample=cell.bits if cell.bits in ODD else None, **settings,
    )  # fmt: skip
    return _put_palette(file.getvalue(), cell) if cell.meaning.photometric == 3 else file.getvalue()


def _put_palette(data: bytes, cell: Cell) -> bytes:
    """Store the palette: tifffile writes those of 8 bits only, and takes bytes for a mistake."""
    file, palette = bytearray(data), _make_palette(cell)
    with tifffile.TiffFile(io.BytesIO(data)) as read:
        tag = read.pages.first.tags[320]
    at, values = tag.valueoffset, palette.astype(f"{ORDERS[cell.order]}u2").tobytes()
    file[at : at + len(values)] = values
    struct.pack_into(ORDERS[cell.order] + ("Q" if cell.big else "I"), file, tag.offset + 4, palette.size)
    return bytes(file)


def _repack(data: bytes, cell: Cell) -> bytes:
    """Let libtiff pack the samples of a file. It keeps the byte order only when told."""
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder, "plain.tif"), Path(folder, "packed.tif")
        plain.write_bytes(data)
        order = "-L" if cell.order == "little" else "-B"
        subprocess.run(["tiffcp", order, "-c", REPACKED[cell.packing], str(plain), str(packed)], check=True)
        return packed.read_bytes()


def pack_samples(cell: Cell) -> NDArray[np.generic]:
    """Return the picture as samples of the cell's kind."""
    values = cell.meaning.store()
    if cell.meaning.photometric in {8, 9}:
        return _pack_lab(values, cell)
    if cell.kind[0] == "f":
        return values.astype(f"f{cell.bits // 8}")
    if cell.kind[0] == "i":
        return np.round((2 * values - 1) * ((1 << cell.bits - 1) - 1)).astype(f"i{cell.bits // 8}")
    whole = np.clip(np.round(values * ((1 << cell.bits) - 1)), 0, math.nextafter(2.0**cell.bits, 0))
    return whole.astype(f"u{max(1, 1 << (cell.bits - 1).bit_length() >> 3)}")


def _pack_lab(lab: Floats, cell: Cell) -> NDArray[np.generic]:
    """By TIFF 6.0, section 23, and Adobe's Technical Note 4."""
    step = 1 << (cell.bits - 8)
    light = (
        lab[:, :, :1] / 100 * (0xFF00 if cell.meaning.photometric == 9 and cell.bits == 16 else (1 << cell.bits) - 1)
    )
    colors = lab[:, :, 1:] * step
    if cell.meaning.photometric == 9:
        return np.round(np.concatenate((light, colors + 128 * step), axis=2)).astype(f"u{cell.bits // 8}")
    signed = np.round(colors).astype(f"i{cell.bits // 8}").view(f"u{cell.bits // 8}")
    return np.concatenate((np.round(light).astype(signed.dtype), signed), axis=2)


def _make_palette(cell: Cell) -> NDArray[np.uint16]:
    ramp = np.linspace(0, 1, 1 << cell.bits)
    top = 255 if cell.meaning.name == "palette of bytes" else 65_535
    return np.round(np.stack((ramp, 1 - ramp, ramp)) * top).astype(np.uint16)


def _make_fax(cell: Cell) -> bytes:
    file, picture = io.BytesIO(), Image.fromarray(cell.meaning.show()[:, :, 0] >= 0.5)
    # Pillow stores the complement where white is zero.
    picture.save(file, "TIFF", compression=FAXES[cell.packing], tiffinfo={262: cell.meaning.photometric})
    return file.getvalue()
