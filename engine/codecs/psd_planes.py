"""The planes of a PSD's composite (Adobe Photoshop File Formats Specification), one for each channel."""

import zlib
from collections.abc import Iterator
from enum import IntEnum

import numpy as np
from imagecodecs import PackbitsError, packbits_decode
from numpy.typing import NDArray

from engine.containers.psd import PsdFile
from engine.errors import corrupt, truncated, unsupported

Plane = NDArray[np.generic]
Packed = bytes | bytearray | memoryview

TYPES: dict[int, np.dtype[np.generic]] = {
    1: np.dtype("u1"),
    8: np.dtype("u1"),
    16: np.dtype(">u2"),
    32: np.dtype(">f4"),
}
"""The type of a sample of so many bits; of one bit, of eight."""


class Packing(IntEnum):
    """The compression of the composite."""

    RAW = 0
    RUNS = 1
    ZIP = 2
    ZIP_PREDICTED = 3


def read_planes(data: bytes, file: PsdFile, count: int) -> Iterator[Plane]:
    """Yield the first `count` planes of the composite, (height, bytes or samples of a row), in the file's own type."""
    at = file.start + 2
    if at > len(data):
        raise truncated()
    try:
        packing = Packing(int.from_bytes(data[file.start : at], "big"))
    except ValueError:
        raise unsupported("psd", "its composite is packed in a way that is not known here") from None
    plane = file.row_bytes * file.size[1]
    unpacked: Iterator[Packed]
    if packing is Packing.RAW:
        unpacked = _slice_planes(data, at, plane, count)
    elif packing is Packing.RUNS:
        unpacked = _unpack_runs(data, at, file, count)
    else:
        unpacked = _inflate_planes(data, at, plane, count)
    predicted = packing is Packing.ZIP_PREDICTED
    for samples in unpacked:
        yield _undo_prediction(samples, file) if predicted else _shape(samples, file)


def _slice_planes(data: bytes, at: int, plane: int, count: int) -> Iterator[memoryview]:
    if at + plane * count > len(data):
        raise truncated()
    view = memoryview(data)
    return (view[start : start + plane] for start in range(at, at + plane * count, plane))


def _unpack_runs(data: bytes, at: int, file: PsdFile, count: int) -> Iterator[bytearray]:
    """Yield the planes of rows packed by PackBits. A table of the rows' lengths comes first."""
    height, wide = file.size[1], 4 if file.large else 2
    rows = height * file.channels
    body = at + wide * rows
    if body > len(data):
        raise truncated()
    lengths = np.frombuffer(data, f">u{wide}", rows, at).reshape(file.channels, height)
    for length in lengths[:count].sum(1, dtype=np.int64).tolist():
        if body + length > len(data):
            raise truncated()
        plane = bytearray(file.row_bytes * height)
        try:
            unpacked = packbits_decode(data[body : body + length], out=plane)
        except PackbitsError:
            raise corrupt() from None
        if len(unpacked) != len(plane):
            raise corrupt()
        yield plane
        body += length


def _inflate_planes(data: bytes, at: int, plane: int, count: int) -> Iterator[bytes]:
    """Yield the planes of one stream of Deflate."""
    stream, rest = zlib.decompressobj(), memoryview(data)[at:]
    for _ in range(count):
        unpacked = stream.decompress(rest, plane)
        rest = memoryview(stream.unconsumed_tail)
        if len(unpacked) < plane:
            raise truncated()
        yield unpacked


def _shape(samples: Packed, file: PsdFile) -> Plane:
    plane: Plane = np.frombuffer(samples, TYPES[file.depth]).reshape(file.size[1], -1)
    return plane


def _undo_prediction(samples: Packed, file: PsdFile) -> Plane:
    """Sum up the differences along each row. Of floats, the bytes of a row are sorted by their rank first."""
    if file.depth <= 16:
        differences = _shape(samples, file)
        summed: Plane = np.cumsum(differences, 1, dtype=differences.dtype.newbyteorder("="))
        return summed
    rows = np.cumsum(np.frombuffer(samples, np.uint8).reshape(file.size[1], -1), 1, dtype=np.uint8)
    ranked = rows.reshape(file.size[1], 4, file.size[0]).transpose(0, 2, 1)
    floats: Plane = np.ascontiguousarray(ranked).view(TYPES[32]).reshape(file.size[1], -1)
    return floats
