"""Pictures of 16 bits a sample, as files that no code of the engine makes or reads."""

import io
import zlib
from typing import Any

import numpy as np
import tifffile
from imagecodecs import jpeg2k_decode, jpeg2k_encode, jpegxl_decode, png_decode, tiff_decode
from numpy.typing import NDArray

from conformance import images
from conformance.running import Result

Picture = NDArray[np.uint16]
WHITE = 65_535
ROW, COLUMN = np.mgrid[0:70, 0:90]
"""More rows than are changed at a time."""

COLORS = np.dstack([COLUMN * 601 + ROW, ROW * 811 + COLUMN, 65_000 - COLUMN * 301 - ROW * 301]).astype(np.uint16)
SOFT = np.dstack([COLORS, COLUMN * 736 + 1]).astype(np.uint16)
GREY_SOFT = np.ascontiguousarray(SOFT[..., [0, 3]])
PICTURES = {"RGB": COLORS, "RGBA": SOFT, "LA": GREY_SOFT}
COLOR_TYPES = {2: 4, 3: 2, 4: 6}
TARGETS = ("png", "tiff", "jxl", "jp2", "ppm")


def png16(samples: Picture, *chunks: bytes) -> bytes:
    """A PNG by hand."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    return images.png_of(samples.shape[1], samples.shape[0], 16, COLOR_TYPES[samples.shape[2]], rows, *chunks)


def ppm(samples: Picture, largest: int = WHITE) -> bytes:
    """A PPM by hand."""
    head = b"P6 %d %d\n# a comment\n%d\n" % (samples.shape[1], samples.shape[0], largest)
    return head + samples.astype(">u2").tobytes()


def tiff(samples: Picture, **options: Any) -> bytes:
    """A TIFF by tifffile, big-endian, with straight alpha, unless the options say otherwise."""
    file, channels = io.BytesIO(), samples.shape[2]
    known = {
        "photometric": "minisblack" if channels < 3 else "rgb", "byteorder": ">", "metadata": None,
        "extrasamples": ["unassalpha"] if channels in {2, 4} else None,
    }  # fmt: skip
    tifffile.imwrite(file, samples, **(known | options))
    return file.getvalue()


def stored(name: str, samples: Picture) -> bytes:
    """A file of 16-bit color, made without the engine."""
    if name == "jp2":
        return bytes(jpeg2k_encode(samples))
    if name == "tiff":
        return tiff(samples)
    return png16(samples) if name == "png" else ppm(samples)


def iccp(profile: bytes) -> bytes:
    return images.chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile))


def seen(result: Result) -> Picture:
    """The samples of a result, by libpng, libtiff, libjxl, OpenJPEG, or by hand."""
    assert result.outcome.failure is None, result.outcome.failure
    data = result.data
    if data.startswith((b"P5", b"P6")):
        kind, size, largest, rest = data.split(b"\n", 3)
        assert largest == b"65535"
        width, height = map(int, size.split())
        return np.frombuffer(rest, ">u2").reshape(height, width, 3 if kind == b"P6" else 1).astype(np.uint16)
    decode = {b"\x89PNG": png_decode, b"II*\0": tiff_decode, b"\0\0\0\x0c": jpeg2k_decode}.get(data[:4], jpegxl_decode)
    if b"JXL " in data[:12]:
        decode = jpegxl_decode
    samples: Picture = np.asarray(decode(data))
    assert samples.dtype == np.uint16
    return samples.reshape((*samples.shape[:2], -1))


def apart(one: Picture, other: NDArray[Any]) -> int:
    """The largest difference of two pictures of the same shape."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(np.float64) - other).max())
