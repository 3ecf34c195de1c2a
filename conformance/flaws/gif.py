"""GIF: blocks, codes, the trailer (GIF89a specification)."""

import struct
from collections.abc import Iterator
from itertools import pairwise

from conformance import images
from conformance.flaws.flaw import JUNK, Flaw, Owed, make_photo

Found = Iterator[tuple[str, Owed, bytes]]


def make_flaws() -> Iterator[Flaw]:
    """Yield each flaw of stills and animations."""
    photo = make_photo().quantize(64)
    kinds = {
        "still": images.encoded(photo, "GIF"),
        "interlaced": images.encoded(photo, "GIF", interlace=1),
        "animation": images.encoded(
            photo, "GIF", save_all=True, append_images=[photo.rotate(180), photo], duration=100, loop=0
        ),
    }
    for kind, sound in kinds.items():
        for place, owed, data in (*_flaw_blocks(sound), *_flaw_end(sound), *_flaw_codes(sound)):
            yield Flaw("gif", kind, place, owed, data, sound)


def find_blocks(data: bytes) -> list[int]:
    """Return where each block begins, the trailer's place last."""
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    found = []
    while data[at] != 0x3B:
        found.append(at)
        if data[at] == 0x2C:
            at += 11 + (3 << (data[at + 9] & 7) + 1 if data[at + 9] & 0x80 else 0)
        else:
            at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1
    return [*found, at]


def _flaw_blocks(data: bytes) -> Found:
    extensions = {
        "an empty comment": b"\x21\xfe\0", "an empty control": b"\x21\xf9\0", "a short control": b"\x21\xf9\2\0\0\0",
        "an unknown extension": b"\x21\x77\x03abc\0", "an empty application": b"\x21\xff\0",
        "plain text": b"\x21\x01\x0c" + bytes(12) + b"\2hi\0",
    }  # fmt: skip
    blocks = find_blocks(data)
    for name, extension in extensions.items():
        yield f"{name} before all", Owed.WHOLE, data[: blocks[0]] + extension + data[blocks[0] :]
        yield f"{name} at the end", Owed.WHOLE, data[: blocks[-1]] + extension + data[blocks[-1] :]
    yield "a zero before each block", Owed.WHOLE, _before_each(data, blocks, b"\0")
    yield "a canvas without a size", Owed.WHOLE, data[:6] + bytes(4) + data[10:]
    yield "a canvas too small", Owed.WHOLE, data[:6] + struct.pack("<HH", 10, 10) + data[10:]
    yield "version 99a", Owed.WHOLE, b"GIF89a" + data[6:]


def _before_each(data: bytes, blocks: list[int], part: bytes) -> bytes:
    cuts = [0, *blocks, len(data)]
    return part.join(data[start:end] for start, end in pairwise(cuts))


def _flaw_end(data: bytes) -> Found:
    end = len(data) - 1
    yield "no trailer", Owed.WARNED, data[:end]
    yield "no trailer nor end of the blocks", Owed.WARNED, data[: end - 1]
    yield "bytes behind the trailer", Owed.SILENT, data + JUNK
    yield "bytes for the trailer", Owed.WARNED, data[:end] + JUNK
    yield "bytes before the trailer", Owed.WARNED, data[:end] + JUNK + data[end:]
    yield "half a comment at the end", Owed.WARNED, data[:end] + b"\x21\xfe\x20half"
    for percent in (30, 60, 95):
        yield f"cut at {percent} %", Owed.FAILURE, data[: len(data) * percent // 100]


def _flaw_codes(data: bytes) -> Found:
    last = max(block for block in find_blocks(data)[:-1] if data[block] == 0x2C)
    at = last + 11 + (3 << (data[last + 9] & 7) + 1 if data[last + 9] & 0x80 else 0)
    head, stream = data[:at], b""
    while data[at]:
        stream += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    rest = data[at + 1 :]
    yield "data behind the last code", Owed.WHOLE, head + _pack(stream + JUNK * 9) + b"\0" + rest
    yield (
        "an empty block in the data",
        Owed.FAILURE,
        head + _pack(stream[:300]) + b"\0" + _pack(stream[300:]) + b"\0" + rest,
    )
    yield "no end code", Owed.WHOLE, head + _pack(_clear_end(stream)) + b"\0" + rest
    yield "half of the data", Owed.FAILURE, head + _pack(stream[: len(stream) // 2]) + b"\0" + rest
    yield "the last bytes of the data are missing", Owed.FAILURE, head + _pack(stream[:-20]) + b"\0" + rest


def _clear_end(stream: bytes) -> bytes:
    return stream[:-1]


def _pack(stream: bytes) -> bytes:
    return b"".join(bytes([len(part)]) + part for part in (stream[i : i + 255] for i in range(0, len(stream), 255)))
