"""Two simple raster files of the reference tools: PAM (netpbm) and libvips' own format."""

import re
import struct
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.matrix.pictures import FULL, Pixels

Samples = np.dtype[np.unsignedinteger[Any]]
VIPS_HEADER = 64
VIPS_MAGIC = b"\xb6\xa6\xf2\x08"
VIPS_CMYK = 15
VIPS_BANDS: dict[int, tuple[Samples, int]] = {0: (np.dtype("u1"), 255), 2: (np.dtype("<u2"), FULL)}


@dataclass(frozen=True, slots=True)
class Raster:
    """Samples as they were stored: height x width x bands; `full` is the value of white (or of all ink)."""

    samples: NDArray[np.unsignedinteger[Any]]
    full: int
    inks: bool = False

    @property
    def alpha(self) -> bool:
        """Whether the last band is alpha."""
        return self.samples.shape[2] in {2, 4} and not self.inks

    def pixels(self) -> Pixels:
        """As RGBA of 16 bits."""
        wide = np.rint(self.samples.astype(np.float64) * FULL / self.full).astype(np.uint16)
        bands = wide.shape[2]
        if self.inks:
            wide = np.rint((FULL - wide[..., :3]) * (1 - wide[..., 3:] / FULL)).astype(np.uint16)
            bands = 3
        colour = wide[..., :3] if bands >= 3 else np.repeat(wide[..., :1], 3, 2)
        alpha = wide[..., bands - 1 :] if self.alpha else np.full((*wide.shape[:2], 1), FULL, np.uint16)
        return np.concatenate([colour, alpha], 2)


def pam(data: bytes) -> list[Raster]:
    """All pictures of a stream of PAM or PPM/PGM (netpbm's pam(5), ppm(5)) files."""
    found = []
    while data:
        raster, data = _parse_pam(data) if data.startswith(b"P7") else _parse_pnm(data)
        found.append(raster)
    return found


def _parse_pam(data: bytes) -> tuple[Raster, bytes]:
    head, _, rest = data.partition(b"ENDHDR\n")
    words = dict(re.findall(rb"^(\w+) (\w+)$", head, re.MULTILINE))
    width, height, depth, full = (int(words[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    raster, rest = _read_samples(rest, width, height, depth, full)
    return replace(raster, inks=words.get(b"TUPLTYPE") == b"CMYK"), rest


def _parse_pnm(data: bytes) -> tuple[Raster, bytes]:
    found = re.match(rb"P([56])\s+(\d+)\s+(\d+)\s+(\d+)\s", data)
    if found is None:
        raise ValueError(f"this is no PNM: {data[:20]!r}")
    width, height, full = (int(found[place]) for place in (2, 3, 4))
    return _read_samples(data[found.end() :], width, height, 1 if found[1] == b"5" else 3, full)


def _read_samples(rest: bytes, width: int, height: int, depth: int, full: int) -> tuple[Raster, bytes]:
    kind: Samples = np.dtype("u1") if full < 256 else np.dtype(">u2")
    count = width * height * depth
    samples = np.frombuffer(rest, kind, count).reshape(height, width, depth)
    return Raster(samples, full), rest[count * kind.itemsize :]


@dataclass(frozen=True, slots=True)
class VipsImage:
    """A picture, or pages one below the other, with the loader's fields."""

    raster: Raster
    fields: dict[str, str]

    def pages(self) -> list[Raster]:
        """Taken apart."""
        count = int(self.fields.get("n-pages", "1"))
        height = int(self.fields.get("page-height", str(self.raster.samples.shape[0])))
        whole = self.raster.samples
        if whole.shape[0] != count * height:
            return [self.raster]
        return [replace(self.raster, samples=whole[at * height : (at + 1) * height]) for at in range(count)]


def vips(data: bytes) -> VipsImage:
    """libvips' format: a header of 64 bytes, samples, and XML with the fields (libvips, vips.c)."""
    if data[:4] != VIPS_MAGIC:
        raise ValueError("this is no little-endian libvips image")
    width, height, bands, _, form, _, interpretation = struct.unpack_from("<7i", data, 4)
    kind, full = VIPS_BANDS[form]
    count = width * height * bands
    samples = np.frombuffer(data, kind, count, VIPS_HEADER).reshape(height, width, bands)
    text = data[VIPS_HEADER + count * kind.itemsize :].decode("utf-8", "replace")
    fields = dict(re.findall(r'<field type="\w+" name="([^"]+)">([^<]*)</field>', text))
    return VipsImage(Raster(samples, full, inks=interpretation == VIPS_CMYK), fields)
