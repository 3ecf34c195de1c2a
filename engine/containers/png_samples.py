"""The packed samples of a PNG (PNG specification, third edition, section 10): their check sum, and Apple's variant.

Samples with a wrong sum are whole when they unpack to all rows: browsers show them.
"""

import struct
import zlib

from core.magic import PNG
from engine.containers.png_chunks import pack_chunk, read_chunks
from engine.errors import corrupt, truncated, unsupported

WRONG_SUM = "the check sum of its samples is wrong"
STEP = 1 << 20
HEADER = 2
"""Bytes before packed samples (RFC 1950)."""


def check_sum(data: bytes, most: int) -> None:
    """Raise ConversionError (corrupt) when the packed samples of a file do not have their own check sum."""
    packed = _join_data(data)
    corrected = correct_sum(packed, most)
    if corrected is None or not packed.startswith(corrected):
        raise corrupt("a check sum is wrong")


def correct_file(data: bytes, most: int) -> bytes | None:
    """Return a file with the true check sum of its samples, None when they do not unpack to their end."""
    corrected = correct_sum(_join_data(data), most)
    if corrected is None:
        return None
    chunks = [(kind, body) for kind, body in read_chunks(data) if kind not in {b"IDAT", b"IEND"}]
    kept = (pack_chunk(kind, body) for kind, body in chunks)
    return PNG + b"".join(kept) + pack_chunk(b"IDAT", corrected) + pack_chunk(b"IEND")


def _join_data(data: bytes) -> bytes:
    return b"".join(body for kind, body in read_chunks(data) if kind == b"IDAT")


def correct_sum(packed: bytes, most: int) -> bytes | None:
    """Return packed samples with their true check sum. None when they do not unpack to their end, or to more bytes than most."""
    unpacker, total, check, rest = zlib.decompressobj(-zlib.MAX_WBITS), 0, 1, packed[HEADER:]
    try:
        while not unpacker.eof:
            part = unpacker.decompress(rest, STEP)
            total, check, rest = total + len(part), zlib.adler32(part, check), unpacker.unconsumed_tail
            if total > most or not (part or rest or unpacker.eof):
                return None
    except zlib.error:
        return None
    return packed[: len(packed) - len(unpacker.unused_data)] + struct.pack(">I", check)


def find_most(width: int, height: int, bits: int) -> int:
    """Return how many bytes rows of a picture take at most, each with its filter, interlaced or not."""
    return 2 * height * (2 + (width * bits + 7) // 8) + 64


def from_apple_file(data: bytes, header: bytes, dropped: set[bytes]) -> bytes:
    """Return an Apple PNG (CgBI) as a PNG without those chunks. Alpha stays multiplied in.

    Raise ConversionError when it is damaged or of a rare kind.
    """
    chunks = list(read_chunks(data))
    width, height, depth, color_type, *_, interlaced = struct.unpack(">IIBBBBB", header)
    channels = {2: 3, 6: 4}.get(color_type)
    if depth != 8 or channels is None or interlaced:
        raise unsupported("png", "it is an iPhone's CgBI file of a kind that is not known here")
    packed = b"".join(body for kind, body in chunks if kind == b"IDAT")
    samples = _from_apple_samples(packed, width, height, channels)
    parts = (pack_chunk(kind, body) for kind, body in chunks if kind not in {b"CgBI", b"IDAT", b"IEND", *dropped})
    return PNG + b"".join(parts) + pack_chunk(b"IDAT", samples) + pack_chunk(b"IEND")


def _from_apple_samples(packed: bytes, width: int, height: int, channels: int) -> bytes:
    """Give samples a header, and change red and blue back.

    The filters work on each channel alone, so that filtered rows can be changed.
    """
    length = height * (1 + width * channels)
    try:
        rows = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, length)
    except zlib.error as error:
        raise corrupt("its data cannot be unpacked") from error
    if len(rows) < length:
        raise truncated()
    packer, stride = zlib.compressobj(1), 1 + width * channels
    packed_rows = []
    for start in range(0, length, stride):
        row = bytearray(rows[start : start + stride])
        row[1::channels], row[3::channels] = row[3::channels], row[1::channels]
        packed_rows.append(packer.compress(row))
    return b"".join(packed_rows) + packer.flush()
